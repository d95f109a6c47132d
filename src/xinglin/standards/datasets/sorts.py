"""What sorts of local numbers are called in HL7 v2 table 0203."""

from functools import cache

from xinglin.core.exact_json import Json
from xinglin.core.tables import rows_of

_TABLE_0203 = "http://terminology.hl7.org/CodeSystem/v2-0203"


@cache
def _sorts() -> dict[str, dict[str, str]]:
    return {row["sort"]: row for row in rows_of("xinglin.standards.datasets", "data", "numbers.csv")}


def number_type(sort: str) -> Json:
    """Give Identifier.type for a sort of local numbers; only its Chinese name where HL7 has no code."""
    row = _sorts().get(sort)
    if row is None:
        return {"text": sort}
    concept: Json = {"coding": [{"system": _TABLE_0203, "code": row["v2_0203"]}]} if row["v2_0203"] else {}
    return {**concept, "text": row["name_zh"]}
