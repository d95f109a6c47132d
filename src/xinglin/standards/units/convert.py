"""Values from one unit into another: exactly, with fractions; rounded only at the end.

Mass and amount of substance are joined by the molar mass of what is measured; assay units (U, IU) are one
only where the caller says so, for then it depends on the substance and the method.
"""

import re
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import lru_cache

from xinglin.standards.fhirpath.ucum import Unit, unit

LEAST_DIGITS = 3
"""Significant digits that a converted value has at least: 90 mg/dL of glucose are 5.00 mmol/L, not 5.0."""

_ARBITRARY = re.compile(r"\[iU\]|\[arb'U\]|\[IU\]")
_EQUIVALENT = re.compile(r"(?<![A-Za-z])[mu]?eq(?![A-Za-z])")
_AMOUNT = re.compile(r"(?<![A-Za-z\[])[munpf]?mol(?![A-Za-z])")
_ANNOTATION = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Conversion:
    """`x` becomes `x * factor + offset`."""

    factor: Fraction
    offset: Fraction = Fraction(0)

    @property
    def is_identity(self) -> bool:
        """Whether values stay as they are."""
        return self.factor == 1 and not self.offset

    def exact(self, value: Decimal) -> Fraction:
        """Give the exact result."""
        return Fraction(value) * self.factor + self.offset

    def of(self, value: Decimal) -> Decimal:
        """Give the result with as many significant digits as `value` has (see `rounded`)."""
        return value if self.is_identity else rounded(self.exact(value), value, self.factor)


@lru_cache(maxsize=8192)
def conversion(
    source: str,
    target: str,
    *,
    molar_mass: Decimal | None = None,
    valence: int | None = None,
    assay: bool = False,
) -> Conversion | None:
    """Give how values of UCUM unit `source` become values of `target`; None where they can't.

    `molar_mass` in g/mol joins mass and amount; `valence` tells how many equivalents a mole has; `assay` says
    that U, IU and arbitrary units are one for what is measured.
    """
    if source == target:
        return Conversion(Fraction(1))
    if _notes(source) != _notes(target):
        return None
    if assay:
        source, target = _ARBITRARY.sub("U", source), _ARBITRARY.sub("U", target)
    factor = Fraction(1)
    if _EQUIVALENT.search(source) and not _EQUIVALENT.search(target):
        if valence is None:
            return None
        source, factor = _EQUIVALENT.sub(lambda m: m[0].replace("eq", "mol"), source), Fraction(1, valence)
    mine, other = unit(source), unit(target)
    if mine is None or other is None or mine.zero != other.zero:
        return None
    plain = _factor(mine, other, _is_amount(source), _is_amount(target), molar_mass)
    return None if plain is None else Conversion(plain * factor)


def _factor(
    mine: Unit, other: Unit, mine_amount: bool, other_amount: bool, molar_mass: Decimal | None
) -> Fraction | None:
    """To UCUM a mole is a mere number, so amounts and counts are kept apart here."""
    if mine_amount == other_amount:
        return mine.factor / other.factor if mine.dimension == other.dimension else None
    if molar_mass is None:
        return None
    mole = _mole()
    if other_amount and _without_gram(mine) == other.dimension:
        return mine.factor / Fraction(molar_mass) * mole / other.factor
    if mine_amount and _without_gram(other) == mine.dimension:
        return mine.factor / mole * Fraction(molar_mass) / other.factor
    return None


def _without_gram(one: Unit) -> tuple[tuple[str, int], ...] | None:
    powers = dict(one.dimension)
    if powers.pop("g", 0) != 1:
        return None
    return tuple(sorted(powers.items()))


def _is_amount(code: str) -> bool:
    return _AMOUNT.search(code) is not None


def _mole() -> Fraction:
    found = unit("mol")
    assert found is not None  # noqa: S101 - UCUM's own table has it
    return found.factor


def _notes(code: str) -> frozenset[str]:
    return frozenset(_ANNOTATION.findall(code))


def rounded(result: Fraction, value: Decimal, factor: Fraction) -> Decimal:
    """Round `result`, made of `value` by `factor`: powers of ten keep every digit, others as many as sent."""
    if _is_power_of_ten(factor):
        with localcontext() as context:
            context.prec = 60
            return _plain(Decimal(result.numerator) / Decimal(result.denominator), value, factor)
    digits = max(LEAST_DIGITS, len(value.as_tuple().digits) if value else 1)
    with localcontext() as context:
        context.prec = min(digits, 30)
        return _written(Decimal(result.numerator) / Decimal(result.denominator), digits)


def _is_power_of_ten(factor: Fraction) -> bool:
    large = max(factor.numerator, factor.denominator)
    return min(factor.numerator, factor.denominator) == 1 and large == 10 ** (len(str(large)) - 1)


def _plain(result: Decimal, value: Decimal, factor: Fraction) -> Decimal:
    """Keep the trailing zeros of the value that was sent: 1.50 g/dL are 15.0 g/L."""
    exponent = value.as_tuple().exponent
    shift = len(str(factor.numerator)) - len(str(factor.denominator))
    places = max(0, -(int(exponent) + shift))
    return result.quantize(Decimal(1).scaleb(-places))


def _written(result: Decimal, digits: int) -> Decimal:
    if not result:
        return Decimal(0)
    places = max(0, digits - 1 - result.adjusted())
    with localcontext() as context:
        context.prec = 60
        return result.quantize(Decimal(1).scaleb(-places))
