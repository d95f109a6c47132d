"""Vital signs: FHIR asks more of observations with their LOINC codes than HL7 v2 does.

Source: http://hl7.org/fhir/R4/observation-vitalsigns.html. Where a result can be put in that form without a
guess, it is; else it keeps its code as a local one, so that nobody takes it for more than was sent.
"""

from collections.abc import Mapping
from functools import cache

from xinglin.core.exact_json import Json
from xinglin.standards.hl7v2.context import Context
from xinglin.standards.hl7v2.datatypes import UCUM
from xinglin.standards.hl7v2.message import Segment
from xinglin.standards.hl7v2.segments.common import absent, coded
from xinglin.standards.hl7v2.tables import rows

_LOINC = "http://loinc.org"


@cache
def _units() -> Mapping[tuple[str, str], str]:
    """UCUM's unit by LOINC code and unit as written."""
    return {(row["loinc"], row["unit"].lower()): row["ucum"] for row in rows("vital_units")}


@cache
def _single() -> frozenset[str]:
    """LOINC codes of vital signs with one value."""
    return frozenset(loinc for loinc, _ in _units())


_PANELS = ("85353-1", "85354-9")


def conform(ctx: Context, segment: Segment, record: Json) -> None:
    """Bring a vital sign into the form that FHIR asks for, or keep its code as a local one."""
    codings: list[Json] = record["code"].get("coding", [])
    loinc = next((one for one in codings if one["system"] == _LOINC), None)
    if loinc is None or (loinc["code"] not in _single() and loinc["code"] not in _PANELS):
        return
    value = record.get("valueQuantity")
    if loinc["code"] in _PANELS or not _measured(record, loinc["code"], value):
        loinc["system"] = ctx.origin.code_system("vital-sign")
        ctx.keep_field(record, "OBX-3", segment.field(3))
        return
    record.setdefault("category", []).append(coded("observation-category", "vital-signs"))
    if "valueQuantity" not in record:
        record["dataAbsentReason"] = coded("data-absent-reason", "unknown")
    if "effectiveDateTime" not in record and "effectivePeriod" not in record:
        record["_effectiveDateTime"] = absent()


def _measured(record: Json, loinc: str, value: Json | None) -> bool:
    """Give the value its unit in UCUM; False where that can't be told."""
    if value is None:
        return not any(name.startswith("value") or name == "component" for name in record)
    written = (str(value.get(one, "")).lower() for one in ("unit", "code"))
    ucum = next((found for one in written if (found := _units().get((loinc, one)))), None)
    if ucum is None:
        return False
    value |= {"system": UCUM, "code": ucum}
    return True
