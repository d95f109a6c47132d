"""The functions of FHIRPath, by family; importing this fills `FUNCTIONS`."""

from xinglin.standards.fhirpath.functions import (
    conversion,
    existence,
    fhir,
    filtering,
    navigation,
    numbers,
    references,
    strings,
)
from xinglin.standards.fhirpath.functions.references import compile_reference_test
from xinglin.standards.fhirpath.functions.registry import FUNCTIONS, Function

FAMILIES = (conversion, existence, fhir, filtering, navigation, numbers, references, strings)

__all__ = ["FAMILIES", "FUNCTIONS", "Function", "compile_reference_test"]
