"""The curated table of laboratory items.

One row an item: a substance in a specimen, measured as one property in one standard unit. Codes are those of
WS/T 886-2026 where it has the item, else our own (`XL-…`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property

from xinglin.core.tables import rows_of
from xinglin.standards.units import Conversion, conversion

SYSTEM = "urn:xinglin:cs:lab-item"
"""Code system of the table."""

LOINC = "http://loinc.org"
ASSAYS = frozenset({"ACnc", "CCnc"})
"""Properties (LOINC's short names) for which U and IU mean the same: activities of enzymes, assay units."""

# Equivalents a mole, from the charge of the ion.
_VALENCES: Mapping[str, int] = {
    "1400205A": 1, "1400210A": 1, "1400605A": 1, "1400610A": 1, "1400505A": 1, "1400510A": 1, "1400104A": 1,
    "1400305A": 2, "1400705A": 2, "1400805A": 2, "XL-CO2": 1, "XL-HCO3-A": 1, "XL-BE": 1, "XL-AG-GAP": 1,
}  # fmt: skip
_INTERVAL = re.compile(r"[MF]?(?:(?P<low>[\d.]+)-(?P<high>[\d.]+)|(?P<sign>[<>≤≥])(?P<bound>[\d.]+))")


@dataclass(frozen=True)
class Item:
    """A laboratory item; `unit` is UCUM, empty where results are words; `kind` is LOINC's property.

    `loinc` may be empty.
    """

    code: str
    name: str
    english: str
    abbreviations: tuple[str, ...]
    aliases: tuple[str, ...]
    specimen: str
    kind: str
    unit: str
    molar_mass: Decimal | None
    loinc: str
    loinc_confidence: str
    reference: str
    reference_source: str
    source: str
    confidence: str

    @property
    def names(self) -> tuple[str, ...]:
        """The Chinese names, the standard one first."""
        return (self.name, *self.aliases)

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """The widest reference interval of adults, in the item's unit; None where none is known."""
        found = [m for m in map(_INTERVAL.match, self.reference.split(";")) if m]
        if not found:
            return None
        return min(_low(m) for m in found), max(_high(m) for m in found)

    def conversion(self, unit: str) -> Conversion | None:
        """Give how values of UCUM unit `unit` come into the item's unit; None where they can't."""
        if not self.unit:
            return None
        own = _conversions().get((self.code, unit))
        if own is not None:
            return own[0]
        return conversion(
            unit,
            self.unit,
            molar_mass=self.molar_mass,
            valence=_VALENCES.get(self.code),
            assay=self.kind in ASSAYS,
        )


@cache
def items() -> tuple[Item, ...]:
    """Give all items, in the table's order."""
    return tuple(_item(row) for row in _rows("lab_items.csv"))


@cache
def table() -> Mapping[str, Item]:
    """Give the items by their codes."""
    return {item.code: item for item in items()}


@cache
def _conversions() -> Mapping[tuple[str, str], tuple[Conversion | None]]:
    """Conversions that are no matter of units alone; None in the place of one that mustn't be made."""
    return {
        (row["code"], row["unit"]): (
            Conversion(Fraction(row["factor"]), Fraction(row["offset"] or "0")) if row["factor"] else None,
        )
        for row in _rows("conversions.csv")
    }


def _rows(name: str) -> Iterable[dict[str, str]]:
    return rows_of("xinglin.standards.labitems", "data", name)


def _item(row: Mapping[str, str]) -> Item:
    return Item(
        code=row["code"],
        name=row["name"],
        english=row["english"],
        abbreviations=tuple(filter(None, row["abbreviations"].split("|"))),
        aliases=tuple(filter(None, row["aliases"].split("|"))),
        specimen=row["specimen"],
        kind=row["property"],
        unit=row["unit"],
        molar_mass=Decimal(row["molar_mass"]) if row["molar_mass"] else None,
        loinc=row["loinc"],
        loinc_confidence=row["loinc_confidence"],
        reference=row["reference"],
        reference_source=row["reference_source"],
        source=row["source"],
        confidence=row["confidence"],
    )


def _low(match: re.Match[str]) -> float:
    if match["low"]:
        return float(match["low"])
    return float(match["bound"]) if match["sign"] in ">≥" else 0.0


def _high(match: re.Match[str]) -> float:
    if match["high"]:
        return float(match["high"])
    return float(match["bound"]) * (1 if match["sign"] in "<≤" else 3)
