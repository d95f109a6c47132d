"""What sorts of local numbers are called in HL7 v2 table 0203, and units by their usual names."""

import csv
from functools import cache
from importlib.resources import files

from xinglin.core.exact_json import Json

_TABLE_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"


@cache
def _sorts() -> dict[str, dict[str, str]]:
    source = files("xinglin.standards.datasets") / "data" / "numbers.csv"
    with source.open(encoding="utf-8") as handle:
        return {row["sort"]: row for row in csv.DictReader(handle)}


def number_type(sort: str) -> Json:
    """Give Identifier.type for a sort of local numbers; only its Chinese name where HL7 has no code."""
    row = _sorts().get(sort)
    if row is None:
        return {"text": sort}
    concept: Json = {"coding": [{"system": _TABLE_0203, "code": row["v2_0203"]}]} if row["v2_0203"] else {}
    return {**concept, "text": row["name_zh"]}


@cache
def _units() -> dict[str, str]:
    source = files("xinglin.standards.datasets") / "data" / "units.csv"
    with source.open(encoding="utf-8") as handle:
        return {row["unit"]: row["ucum"] for row in csv.DictReader(handle)}


def ucum_of(unit: str) -> str:
    """Give the UCUM code of a unit as Chinese systems write it; "" where it isn't known."""
    return _units().get(unit, "")
