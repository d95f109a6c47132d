"""Readers of code systems that a site has by licence or fetches itself: tables, LOINC, SNOMED CT, ICD-10."""

from xinglin.standards.terminology.loading.icd10 import read_icd10
from xinglin.standards.terminology.loading.loinc import read_loinc
from xinglin.standards.terminology.loading.model import Release
from xinglin.standards.terminology.loading.snomed import read_snomed
from xinglin.standards.terminology.loading.table import Columns, read_table

__all__ = ["Columns", "Release", "read_icd10", "read_loinc", "read_snomed", "read_table"]
