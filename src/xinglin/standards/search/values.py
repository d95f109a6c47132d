"""Values that a search asks for, typed and frozen, and how they are written (http://hl7.org/fhir/R4/search.html)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from xinglin.core.i18n import Phrase
from xinglin.core.identifiers import is_id
from xinglin.standards.search import numbers
from xinglin.standards.search.dates import DEFAULT_ZONE, Range, date_range
from xinglin.standards.search.errors import BadValue
from xinglin.standards.search.parameters import SearchParameter
from xinglin.standards.search.references import read_reference

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")

_ESCAPED = re.compile(r"\\([\\,|$])")
_SPACE_FOR_PLUS = re.compile(r" (\d\d:\d\d)$")


@dataclass(frozen=True, slots=True)
class Text:
    """A string, or words of `_text` and `_content`."""

    text: str

    def write(self) -> str:
        """Give the value as it stands in a URL, before percent encoding."""
        return escape(self.text)


@dataclass(frozen=True, slots=True)
class Uri:
    """A URI or canonical; of `:in` and `:not-in` the value set."""

    text: str

    def write(self) -> str:
        """Give the value as it stands in a URL, before percent encoding."""
        return escape(self.text, "\\,$")


@dataclass(frozen=True, slots=True)
class Token:
    """A code: `system` None for whatever system, "" for none; `code` "" for any code of the system."""

    system: str | None
    code: str

    def write(self) -> str:
        """Give the value as it stands in a URL, before percent encoding."""
        return escape(self.code) if self.system is None else f"{escape(self.system)}|{escape(self.code)}"


@dataclass(frozen=True, slots=True)
class OfType:
    """An identifier's value with the system and code of its type."""

    system: str
    code: str
    value: str

    def write(self) -> str:
        """Give the value as it stands in a URL, before percent encoding."""
        return "|".join(map(escape, (self.system, self.code, self.value)))


@dataclass(frozen=True, slots=True)
class Reference:
    """A record: `address` is "Patient/1" or whole, with `version` where asked; or `identity` alone ("1")."""

    address: str
    identity: str = ""
    version: str = ""

    def write(self) -> str:
        """Give the value as it stands in a URL, before percent encoding."""
        version = f"/_history/{self.version}" if self.version else ""
        return escape((self.address or self.identity) + version, "\\,$")


@dataclass(frozen=True, slots=True)
class Date:
    """A time: `range` is what `text` covers by its precision."""

    prefix: str
    text: str
    range: Range

    def write(self) -> str:
        """Give the value as it stands in a URL, before percent encoding."""
        return _prefixed(self.prefix, self.text)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written, whose digits tell its precision."""

    prefix: str
    text: str

    @property
    def value(self) -> Decimal:
        """Give the number itself."""
        return Decimal(self.text)

    @property
    def interval(self) -> numbers.Interval:
        """Give what the number stands for under its prefix: by its precision, or about."""
        if self.prefix == "ap":
            return numbers.approximately(self.value)
        return numbers.precision_range(self.text)

    def write(self) -> str:
        """Give the value as it stands in a URL, before percent encoding."""
        return _prefixed(self.prefix, self.text)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with a unit: `code` "" for whatever unit, `system` "" for a code or text of any system."""

    number: Number
    system: str = ""
    code: str = ""

    def write(self) -> str:
        """Give the value as it stands in a URL, before percent encoding."""
        number = self.number.write()
        return f"{number}|{escape(self.system)}|{escape(self.code)}" if self.code else number


@dataclass(frozen=True, slots=True)
class Missing:
    """Whether a value must be missing."""

    missing: bool

    def write(self) -> str:
        """Give the value as it stands in a URL, before percent encoding."""
        return "true" if self.missing else "false"


@dataclass(frozen=True, slots=True)
class Composite:
    """Values that must stand together."""

    parts: tuple["Value", ...]

    def write(self) -> str:
        """Give the value as it stands in a URL, before percent encoding."""
        return "$".join(part.write() for part in self.parts)


Value = Text | Uri | Token | OfType | Reference | Date | Number | Quantity | Missing | Composite


@dataclass(frozen=True, slots=True)
class Reading:
    """How values are read: the zone of dates without one, and the hub's own address."""

    zone: str = DEFAULT_ZONE
    base_url: str = ""


def escape(text: str, special: str = "\\,|$") -> str:
    """Put a backslash before characters that separate values (http://hl7.org/fhir/R4/search.html#escaping)."""
    for char in special:
        text = text.replace(char, "\\" + char)
    return text


def unescape(text: str) -> str:
    """Take the backslashes away that `escape` puts."""
    return _ESCAPED.sub(r"\1", text)


def split(text: str, separator: str) -> list[str]:
    """Split at each `separator` without a backslash before it; the parts stay escaped."""
    parts, start, skip = list[str](), 0, False
    for place, char in enumerate(text):
        if skip:
            skip = False
        elif char == "\\":
            skip = True
        elif char == separator:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def _prefixed(prefix: str, text: str) -> str:
    return text if prefix == "eq" else prefix + text


def _take_prefix(text: str) -> tuple[str, str]:
    return (text[:2], text[2:]) if text[:2] in PREFIXES else ("eq", text)


def read_value(raw: str, parameter: SearchParameter, modifier: str, reading: Reading) -> Value:
    """Read one value (no OR) of a parameter. Raises BadValue."""
    if modifier in {"in", "not-in"}:
        return Uri(unescape(raw))
    reader = _BY_MODIFIER.get(modifier)
    if reader is None or (modifier in {"above", "below"} and parameter.kind != "token"):
        reader = _BY_KIND[parameter.kind]
    try:
        return reader(raw, parameter, reading)
    except ValueError:
        kind, example = _EXAMPLES.get(modifier) or _EXAMPLES[parameter.kind]
        raise BadValue(value=raw, name=parameter.code, kind=kind, example=example) from None


def _read_text(raw: str, _parameter: SearchParameter, _reading: Reading) -> Text:
    return Text(unescape(raw))


def _read_uri(raw: str, _parameter: SearchParameter, _reading: Reading) -> Uri:
    return Uri(unescape(raw))


def _read_token(raw: str, _parameter: SearchParameter, _reading: Reading) -> Token:
    parts = [unescape(part) for part in split(raw, "|")]
    if len(parts) == 1:
        return Token(None, parts[0])
    if len(parts) > 2 or not any(parts):
        raise ValueError(raw)
    return Token(parts[0], parts[1])


def _read_coded(raw: str, parameter: SearchParameter, reading: Reading) -> Token:
    token = _read_token(raw, parameter, reading)
    if not (token.system and token.code):
        raise ValueError(raw)
    return token


def _read_of_type(raw: str, _parameter: SearchParameter, _reading: Reading) -> OfType:
    parts = [unescape(part) for part in split(raw, "|")]
    if len(parts) != 3 or not all(parts[1:]):
        raise ValueError(raw)
    return OfType(*parts)


def _read_missing(raw: str, _parameter: SearchParameter, _reading: Reading) -> Missing:
    if raw not in {"true", "false"}:
        raise ValueError(raw)
    return Missing(raw == "true")


def _read_date(raw: str, _parameter: SearchParameter, reading: Reading) -> Date:
    prefix, text = _take_prefix(raw)
    # A "+" that wasn't percent-encoded arrives as a space.
    text = _SPACE_FOR_PLUS.sub(r"+\1", text)
    return Date(prefix, text, date_range(text, reading.zone))


def _read_number(raw: str, _parameter: SearchParameter, _reading: Reading) -> Number:
    prefix, text = _take_prefix(raw)
    numbers.read_number(text)
    return Number(prefix, text)


def _read_quantity(raw: str, parameter: SearchParameter, reading: Reading) -> Quantity:
    parts = split(raw, "|")
    if len(parts) not in {1, 3} or (len(parts) == 3 and parts[1] and not parts[2]):
        raise ValueError(raw)
    number = _read_number(parts[0], parameter, reading)
    return Quantity(number) if len(parts) == 1 else Quantity(number, unescape(parts[1]), unescape(parts[2]))


def _read_reference(raw: str, _parameter: SearchParameter, reading: Reading) -> Reference:
    text = unescape(raw)
    if is_id(text):
        return Reference("", text)
    target = read_reference(text, reading.base_url)
    if not target.address:
        raise ValueError(raw)
    return Reference(target.address, version=target.version)


def _read_composite(raw: str, parameter: SearchParameter, reading: Reading) -> Composite:
    parts = split(raw, "$")
    if len(parts) != len(parameter.components):
        raise ValueError(raw)
    return Composite(
        tuple(
            read_value(part, component.parameter, "", reading)
            for part, component in zip(parts, parameter.components, strict=True)
        )
    )


_Reader = Callable[[str, SearchParameter, Reading], Value]
_BY_KIND: Mapping[str, _Reader] = {
    "string": _read_text,
    "token": _read_token,
    "uri": _read_uri,
    "reference": _read_reference,
    "date": _read_date,
    "number": _read_number,
    "quantity": _read_quantity,
    "composite": _read_composite,
}
_BY_MODIFIER: Mapping[str, _Reader] = {
    "missing": _read_missing,
    "of-type": _read_of_type,
    "text": _read_text,
    "identifier": _read_token,
    "above": _read_coded,
    "below": _read_coded,
}
_EXAMPLES: Mapping[str, tuple[Phrase, Phrase | str]] = {
    "missing": (Phrase("yes or no"), Phrase("true or false")),
    "of-type": (
        Phrase("type and value of an identifier"),
        "http://terminology.hl7.org/CodeSystem/v2-0203|MR|446053",
    ),
    "identifier": (Phrase("identifier"), "http://acme.org/fhir/mrn|1234"),
    "above": (Phrase("code"), "http://snomed.info/sct|235862008"),
    "below": (Phrase("code"), "http://snomed.info/sct|235862008"),
    "token": (Phrase("code"), Phrase("male, http://loinc.org|8867-4 or http://loinc.org|")),
    "reference": (Phrase("reference"), "Patient/123"),
    "date": (Phrase("date"), Phrase("2013-01-14, ge2013-01 or lt2013-01-14T10:00:00+08:00")),
    "number": (Phrase("number"), Phrase("100, gt0.8 or 5.40e-3")),
    "quantity": (
        Phrase("quantity"),
        Phrase("5.4, gt5.4|http://unitsofmeasure.org|mg/dL or 5.4||mg/dL"),
    ),
    "composite": (
        Phrase("pair of values"),
        Phrase("8480-6$gt140, as many values as the parameter has parts"),
    ),
}
