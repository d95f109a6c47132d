"""National code tables: codes of Chinese standards with their meanings, sources and international codes.

    load("CV08.50.001", "2023").coding("41")    # COVID-19 vaccine
    load("CV08.50.001", "2011").coding("41")    # rabies passive immunisation
    load("CV08.50.001").coding("41")            # edition not declared: the code alone, no display

The tables lie in `data/`; docs/code-tables.md lists them. Pure functions, no database and no network.
"""

from xinglin.standards.datasets.tables.fhir import code_system, concept_map, resources
from xinglin.standards.datasets.tables.model import CodeTable, Concept, Target
from xinglin.standards.datasets.tables.page import page
from xinglin.standards.datasets.tables.read import UnknownEdition, UnknownTable, catalogue, editions, load
from xinglin.standards.datasets.tables.timing import FREQUENCY, timing, timing_of

__all__ = [
    "FREQUENCY",
    "CodeTable",
    "Concept",
    "Target",
    "UnknownEdition",
    "UnknownTable",
    "catalogue",
    "code_system",
    "concept_map",
    "editions",
    "load",
    "page",
    "resources",
    "timing",
    "timing_of",
]
