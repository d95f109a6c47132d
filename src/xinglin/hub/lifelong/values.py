"""What a record measured or found, and whether two of them are the same after units are brought together."""

import unicodedata
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, cast

import msgspec

from xinglin.core.exact_json import Json, dumps
from xinglin.hub.lifelong.elements import name_of_concept, objects
from xinglin.standards.fhirpath.ucum import canonical
from xinglin.standards.labitems import SYSTEM as LAB_ITEMS
from xinglin.standards.labitems import Item, table
from xinglin.standards.labitems.table import LOINC
from xinglin.standards.units import conversion, read_unit

LARGEST: Final = 100
"""Powers of ten up to which numbers are converted; no measurement comes near."""


class Value(msgspec.Struct, frozen=True):
    """A value: a number with its unit (UCUM where it is known), or words.

    `literal` is the number as it was written; `words` are folded.
    """

    number: Decimal | None = None
    unit: str = ""
    comparator: str = ""
    words: str = ""
    shown: str = ""

    @property
    def text(self) -> str:
        """What a reader sees."""
        return self.shown


def fold(text: str) -> str:
    """Bring writings of one text together: width, case, spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def value_of(part: Json) -> Value | None:
    """Give the value of an Observation or one of its components; None where it has none."""
    quantity = part.get("valueQuantity")
    if isinstance(quantity, dict):
        return _quantity(cast("Json", quantity))
    for name, value in part.items():
        if name.startswith("value") and value is not None:
            return _words(value)
    return None


def _quantity(quantity: Json) -> Value:
    number = quantity.get("value")
    comparator = str(quantity.get("comparator") or "")
    written = str(quantity.get("unit") or quantity.get("code") or "")
    code = quantity.get("code") if quantity.get("system") == "http://unitsofmeasure.org" else None
    shown = f"{comparator}{'' if number is None else _plainly(number)} {written}".strip()
    if isinstance(number, bool) or not isinstance(number, int | Decimal):
        return Value(words=fold(shown), shown=shown)
    unit = str(code) if code else _unit(written)
    return Value(Decimal(number), unit, comparator, "", shown)


@lru_cache(maxsize=4096)
def _unit(written: str) -> str:
    """Read a unit; what isn't known stays as it was written."""
    return read_unit(written) or written


def _plainly(number: Any) -> str:
    literal = getattr(number, "literal", None)
    return str(literal) if literal is not None else str(number)


def _words(value: Any) -> Value:
    if isinstance(value, str):
        return Value(words=fold(value), shown=value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Value(Decimal(value), shown=_plainly(value))
    if isinstance(value, dict):
        text = _name(cast("Json", value))
        if text:
            return Value(words=fold(text), shown=text)
    written = dumps(value).decode()
    return Value(words=fold(written), shown=written)


def _name(concept: Json) -> str:
    codes = (str(one["code"]) for one in objects(concept.get("coding")) if one.get("code"))
    return name_of_concept(concept) or next(codes, "")


def same_value(one: Value | None, other: Value | None, item: Item | None, tolerance: Decimal) -> bool:
    """Tell whether two values agree: numbers within `tolerance` (a part of the larger) in one unit.

    `item` is what was measured, where it is known: it joins mass and amount of substance. Symmetric.
    """
    if one is None or other is None:
        return one is other
    if one.number is None or other.number is None:
        return one.number is other.number and one.words == other.words and one.unit == other.unit
    if one.comparator != other.comparator:
        return False
    if one.number == other.number and one.unit == other.unit:
        return True
    if not tolerance or max(abs(one.number.adjusted()), abs(other.number.adjusted())) > LARGEST:
        return False
    if one.unit == other.unit:
        return _near(Fraction(one.number), Fraction(other.number), tolerance)
    mine, theirs = _common(one, item), _common(other, item)
    return (
        mine is not None
        and theirs is not None
        and mine[1] == theirs[1]
        and _near(mine[0], theirs[0], tolerance)
    )


def _near(one: Fraction, other: Fraction, tolerance: Decimal) -> bool:
    return abs(one - other) <= Fraction(tolerance) * max(abs(one), abs(other))


def _common(value: Value, item: Item | None) -> tuple[Fraction, object] | None:
    """Give a number in a unit that all writings of it share, and that unit."""
    assert value.number is not None  # noqa: S101 - asked before
    if item is not None:
        found = item.conversion(value.unit) if value.unit else None
        return None if found is None else (found.exact(value.number), item.unit)
    return canonical(value.number, value.unit) if value.unit else None


def converted(value: Value, unit: str, item: Item | None) -> Value | None:
    """Give the value in UCUM unit `unit`; None where it can't be brought there."""
    if value.number is None or value.unit == unit:
        return value
    if abs(value.number.adjusted()) > LARGEST:
        return None
    way = item.conversion(value.unit) if item and item.unit == unit else conversion(value.unit, unit)
    if way is None:
        return None
    number = way.of(value.number)
    return Value(number, unit, value.comparator, "", f"{value.comparator}{number} {unit}".strip())


def item_of(codes: frozenset[str]) -> Item | None:
    """Give the laboratory item that a record's codes (`system|code`) name."""
    for code in codes:
        system, _, symbol = code.rpartition("|")
        if system == LAB_ITEMS:
            return table().get(symbol)
    for code in codes:
        system, _, symbol = code.rpartition("|")
        if system == LOINC:
            return _by_loinc().get(symbol)
    return None


@lru_cache(maxsize=1)
def _by_loinc() -> dict[str, Item]:
    return {item.loinc: item for item in table().values() if item.loinc and item.loinc_confidence == "read"}
