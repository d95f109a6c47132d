"""Results of one code in one unit: the item's standard unit, else the one used most."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from xinglin.hub.lifelong.statements import Part, Statement
from xinglin.hub.lifelong.values import Value, converted, item_of
from xinglin.standards.labitems import SYSTEM as LAB_ITEMS
from xinglin.standards.labitems.table import LOINC

_FIRST: Final = (LAB_ITEMS, LOINC)
"""Systems whose codes name a series, the preferred one first."""


def series_code(codes: frozenset[str], words: str) -> str:
    """Give what results of one series share: `system|code`, or the words where there is no code."""
    for system in _FIRST:
        found = [code for code in codes if code.startswith(f"{system}|")]
        if found:
            return min(found)
    return min(codes) if codes else words


def target_units(statements: Iterable[Statement]) -> Mapping[str, str]:
    """Give for each series the unit its values are brought to."""
    units: dict[str, Counter[str]] = {}
    known: dict[str, str] = {}
    for one in statements:
        if one.kind == "result":
            for part in (one, *one.parts):
                if part.value is not None and part.value.number is not None:
                    code = series_code(part.codes, part.words)
                    units.setdefault(code, Counter())[part.value.unit] += 1
                    if code not in known:
                        item = item_of(part.codes)
                        known[code] = item.unit if item else ""
    return {
        code: known[code] or min(found, key=lambda unit: (-found[unit], unit))
        for code, found in units.items()
    }


def unified(part: Statement | Part, units: Mapping[str, str]) -> Value | None:
    """Give a value in its series' unit; as it was sent where it can't be brought there."""
    value = part.value
    if value is None or value.number is None:
        return value
    unit = units.get(series_code(part.codes, part.words), value.unit)
    if unit == value.unit:
        return value
    return converted(value, unit, item_of(part.codes)) or value
