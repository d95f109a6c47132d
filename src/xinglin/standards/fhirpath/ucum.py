"""UCUM units, converted exactly with fractions (https://ucum.org/ucum).

`ucumvert` carries UCUM's own table, `ucum-essence.xml`, and we read that. Its converter isn't used: it
computes with binary floats (185 [lb_av] become 83.91458845000001 kg) and takes 0.5 s to load, the table 5 ms.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from lxml import etree

MAX_CODE = 200
"""Longest unit read, in characters."""
MAX_EXPONENT = 100
"""Largest power of ten in a value that is converted; honest measurements stay far below."""

Dimension = tuple[tuple[str, int], ...]
"""What is measured: base units with their powers, sorted by name."""

_NAMESPACE = "{http://unitsofmeasure.org/ucum-essence}"
_COMPONENT = re.compile(
    r"(10[*^]|(?:[^\s./(){}\[\]0-9+*^-]|\[[^\]\s]*\])(?:[^\s./(){}\[\]+-]|\[[^\]\s]*\])*?)([+-]?\d+)?(\{[^{}]*\})?|(\{[^{}]*\})"
)
_NUMBER = re.compile(r"\d+(?![\d*^])")
# Temperature scales with their zero, in kelvin (UCUM table 31); a value is (x + zero) * step.
_ZERO = {"Cel": Fraction(27315, 100), "[degF]": Fraction(45967, 100), "[degRe]": Fraction(27315, 125)}


@dataclass(frozen=True, slots=True)
class Unit:
    """`factor` base units of `dimension`; `zero` is added to a value before (temperatures)."""

    factor: Fraction
    dimension: Dimension
    zero: Fraction = Fraction(0)


class _UnknownUnit(Exception):
    pass


def ratio(code: str, other: str) -> Fraction | None:
    """Say how many of UCUM unit `other` one `code` is; None where they can't be compared or are unknown."""
    mine, theirs = unit(code), unit(other)
    if mine is None or theirs is None or mine.dimension != theirs.dimension:
        return None
    return mine.factor / theirs.factor


def canonical(value: Decimal, code: str) -> tuple[Fraction, Dimension] | None:
    """Express `value` of UCUM unit `code` exactly in base units; None where the unit is unknown."""
    found = unit(code)
    if found is None or abs(value.adjusted()) > MAX_EXPONENT:
        return None
    return (Fraction(value) + found.zero) * found.factor, found.dimension


def is_known(code: str) -> bool:
    """Say whether `code` is a UCUM unit (case-sensitive form)."""
    return unit(code) is not None


@lru_cache(maxsize=4096)
def unit(code: str) -> Unit | None:
    """Read a UCUM unit such as "mg/dL"; None where it isn't one."""
    if not code or len(code) > MAX_CODE:
        return None
    try:
        found, end = _term(code, 0, 0)
    except _UnknownUnit:
        return None
    return found if end == len(code) else None


def _term(code: str, at: int, depth: int) -> tuple[Unit, int]:
    """Read `a.b/c` from `at` on."""
    if depth > 10:
        raise _UnknownUnit
    result = Unit(Fraction(1), ())
    power = 1
    if code.startswith("/", at):
        power, at = -1, at + 1
    while True:
        component, at = _component(code, at, depth)
        # A temperature scale keeps its zero only when it stands alone.
        zero = component.zero if result == Unit(Fraction(1), ()) and power == 1 else Fraction(0)
        result = Unit(*_product(result, component, power), zero)
        if at >= len(code) or code[at] not in "./":
            return result, at
        result = Unit(result.factor, result.dimension)
        power, at = (1 if code[at] == "." else -1), at + 1


def _component(code: str, at: int, depth: int) -> tuple[Unit, int]:
    if code.startswith("(", at):
        inner, at = _term(code, at + 1, depth + 1)
        if not code.startswith(")", at):
            raise _UnknownUnit
        return inner, at + 1
    number = _NUMBER.match(code, at)
    if number:
        if not int(number.group()):
            raise _UnknownUnit  # "/0" divides by nothing
        return Unit(Fraction(int(number.group())), ()), number.end()
    match = None
    # The pattern is lazy about names that hold digits (`[in_i'H2O]`, `m[H2O]`): try ever longer ones.
    end = _boundary(code, at)
    match = _COMPONENT.fullmatch(code, at, end)
    if match is None:
        raise _UnknownUnit
    if match[4]:
        return Unit(Fraction(1), ()), end
    exponent = int(match[2]) if match[2] else 1
    if abs(exponent) > 30:
        raise _UnknownUnit
    atom = _prefixed(match[1])
    if exponent == 1:
        return atom, end
    return Unit(atom.factor**exponent, tuple((n, p * exponent) for n, p in atom.dimension if exponent)), end


def _boundary(code: str, at: int) -> int:
    """Find where a component ends: at `.`, `/` or `)` outside brackets and braces."""
    closing = ""
    for end in range(at, len(code)):
        character = code[end]
        if closing:
            closing = "" if character == closing else closing
        elif character in "[{":
            closing = "]" if character == "[" else "}"
        elif character in "./)":
            return end
    return len(code)


def _product(left: Unit, right: Unit, power: int) -> tuple[Fraction, Dimension]:
    powers = dict(left.dimension)
    for name, exponent in right.dimension:
        powers[name] = powers.get(name, 0) + exponent * power
    return left.factor * right.factor**power, tuple(sorted((n, p) for n, p in powers.items() if p))


def _prefixed(symbol: str) -> Unit:
    atoms, prefixes = _table()
    if symbol in atoms:
        return _atom(symbol)
    for length in (1, 2):
        prefix, rest = symbol[:length], symbol[length:]
        if prefix in prefixes and rest in atoms and atoms[rest].metric:
            atom = _atom(rest)
            return Unit(atom.factor * prefixes[prefix], atom.dimension)
    raise _UnknownUnit


@dataclass(frozen=True, slots=True)
class _Row:
    metric: bool
    special: bool
    arbitrary: bool
    value: str
    unit: str


@cache
def _atom(symbol: str) -> Unit:
    row = _table()[0][symbol]
    if not row.unit:
        return Unit(Fraction(1), ((symbol, 1),))
    if symbol in _ZERO:
        inner, _ = _term(row.unit, 0, 0)
        return Unit(inner.factor * Fraction(row.value), inner.dimension, _ZERO[symbol])
    if row.special or row.arbitrary:
        # Logarithms and assay units compare with themselves only.
        return Unit(Fraction(1), ((symbol, 1),))
    inner, _ = _term(row.unit, 0, 0)
    return Unit(inner.factor * Fraction(row.value), inner.dimension)


@cache
def _table() -> tuple[dict[str, _Row], dict[str, Fraction]]:
    # Only finding the package leaves it unloaded: loading it brings all of `pint` along.
    found = find_spec("ucumvert")
    folder = found.submodule_search_locations if found else None
    if not folder:
        raise ModuleNotFoundError("ucumvert, which carries the table of UCUM units, isn't installed")
    source = Path(folder[0]) / "vendor" / "ucum-essence.xml"
    root = etree.fromstring(source.read_bytes(), etree.XMLParser(resolve_entities=False, no_network=True))
    atoms: dict[str, _Row] = {}
    for element in root.iterfind(f"{_NAMESPACE}base-unit"):
        atoms[str(element.get("Code"))] = _Row(True, False, False, "1", "")
    for element in root.iterfind(f"{_NAMESPACE}unit"):
        value = element.find(f"{_NAMESPACE}value")
        function = value.find(f"{_NAMESPACE}function") if value is not None else None
        source_of = function if function is not None else value
        atoms[str(element.get("Code"))] = _Row(
            metric=element.get("isMetric") == "yes",
            special=element.get("isSpecial") == "yes",
            arbitrary=element.get("isArbitrary") == "yes",
            value=str(source_of.get("value")) if source_of is not None else "1",
            unit=str(source_of.get("Unit")) if source_of is not None else "",
        )
    prefixes = {
        str(element.get("Code")): Fraction(str(value.get("value")))
        for element in root.iterfind(f"{_NAMESPACE}prefix")
        if (value := element.find(f"{_NAMESPACE}value")) is not None
    }
    return atoms, prefixes
