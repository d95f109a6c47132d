"""Small pieces of FHIR R4 JSON (http://hl7.org/fhir/R4/datatypes.html)."""

from typing import Any

from xinglin.core.exact_json import ExactDecimal
from xinglin_demo.identifiers import OURS

Json = dict[str, Any]

TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ICD10 = "http://hl7.org/fhir/sid/icd-10"
PROCEDURES = "urn:oid:2.16.156.10011.2.3.3.12"
"""ICD-9-CM-3 as WS/T 500 documents name it."""
ATC = "http://www.whocc.no/atc"
ROUTES = "urn:oid:2.16.156.10011.2.3.1.158"
"""WS 364.12-2011 CV06.00.102, routes of administration."""
VISIT_KINDS = "urn:oid:2.16.156.10011.2.3.1.271"
"""CV09.00.404, kinds of visit."""
ALLERGENS = f"{OURS}/CodeSystem/ws364-2011-cv05-01-038"
VACCINES = f"{OURS}/CodeSystem/ws364-2011-cv08-50-001"

INVENTED = {"system": f"{OURS}/CodeSystem/origin", "code": "invented", "display": "演示用虚构数据"}
"""The tag on everything the demo makes."""


def concept(system: str, code: str, text: str, display: str | None = None) -> Json:
    """Give a CodeableConcept with one coding; without `code` only its text."""
    if not code:
        return {"text": text}
    coding = {"system": system, "code": code}
    if display:
        coding["display"] = display
    return {"coding": [coding], "text": text}


def status(name: str, code: str) -> Json:
    """Give a status of `terminology.hl7.org`, such as `condition-clinical`."""
    return {"coding": [{"system": f"{TERMINOLOGY}/{name}", "code": code}]}


def number(value: float, decimals: int) -> ExactDecimal | int:
    """Give a measured number, written with exactly `decimals` places."""
    return ExactDecimal(f"{value:.{decimals}f}") if decimals else round(value)


def quantity(value: ExactDecimal | int, code: str, unit: str | None = None) -> Json:
    """Give a Quantity in UCUM; `unit` is what people read, by default the code."""
    return {"value": value, "unit": unit or code, "system": UCUM, "code": code}


def reference(target: str) -> Json:
    """Give a Reference to `urn:uuid:…` or `Type/id`."""
    return {"reference": target}
