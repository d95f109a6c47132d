"""Xinglin (杏林): one health database for a province, out of the systems it already has."""

__version__ = "0.1.0"
