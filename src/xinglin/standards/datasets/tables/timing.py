"""Frequencies of medication (CV06.00.228, and the usual abbreviations in free text) as FHIR Timing."""

from collections.abc import Mapping
from functools import cache
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.datasets.tables.read import frequencies, load

FREQUENCY: Final = "CV06.00.228"
ABBREVIATION: Final = "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
_NUMBERS: Final = {"frequency": "frequency", "period": "period", "count": "count"}


def timing(code: str) -> Json:
    """Give the Timing of a code of CV06.00.228; an unknown code is kept and says nothing of when."""
    table = load(FREQUENCY)
    target = table.target(code, ABBREVIATION)
    codings = [target.coding()] if target else []
    made: Json = {"code": {"coding": [*codings, table.coding(code)]}}
    return {"repeat": dict(repeat), **made} if (repeat := _repeats().get(code)) else made


def timing_of(text: str) -> Json:
    """Give the Timing of a frequency in words, as WS 365 sends it; what isn't an abbreviation stays text."""
    made: Json = {"code": {"text": text}}
    code = _codes().get(text.strip().lower().replace(".", ""), "")
    return {"repeat": dict(repeat), **made} if (repeat := _repeats().get(code)) else made


@cache
def _codes() -> Mapping[str, str]:
    return {one.zh.lower(): code for code, one in load(FREQUENCY).concepts.items()}


@cache
def _repeats() -> Mapping[str, Mapping[str, object]]:
    return {row["code"]: _repeat(row) for row in frequencies()}


def _repeat(row: Mapping[str, str]) -> Mapping[str, object]:
    made: dict[str, object] = {to: int(row[name]) for to, name in _NUMBERS.items() if row[name]}
    if row["period_unit"]:
        made["periodUnit"] = row["period_unit"]
    if row["when"]:
        made["when"] = [row["when"]]
    return made
