"""DICOM Part 10 headers to ImagingStudy. Pixels stay in the archive. Pure functions."""

from xinglin.standards.dicom.format import DicomObjects

__all__ = ["DicomObjects"]
