"""Terminology of the hub: stored code systems, value sets and concept maps, kept ready for quick answers."""
