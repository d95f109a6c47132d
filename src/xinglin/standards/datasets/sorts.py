"""What sorts of local numbers are called in HL7 v2 table 0203."""

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
