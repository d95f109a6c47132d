"""Does one value in a record answer one value asked for? The specification's tables, said plainly.

http://hl7.org/fhir/R4/search.html. Nothing here knows of indexes: this is what they are held against.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from xinglin.standards.search import dates, numbers
from xinglin.standards.search.convert.dates import period_range, timing_range
from xinglin.standards.search.convert.quantities import number_reader
from xinglin.standards.search.convert.strings import narrative_text
from xinglin.standards.search.parts import (
    CODES,
    DATES,
    NUMBERS,
    QUANTITIES,
    STRING_PARTS,
    STRINGS,
    URIS,
    joined_name,
    quantity_unit,
)
from xinglin.standards.search.references import read_reference
from xinglin.standards.search.terminology import KnownTerminology, Terminology
from xinglin.standards.search.text import fold, has_han, pinyin_forms, pinyin_query, runs
from xinglin.standards.search.values import (
    Date,
    Number,
    OfType,
    Quantity,
    Reading,
    Reference,
    Text,
    Token,
    Uri,
    Value,
)

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Surroundings:
    """What a judgement depends on besides the record: now (microseconds since 1970), the hub, the codes."""

    now: int
    reading: Reading = field(default_factory=Reading)
    terminology: Terminology = field(default_factory=KnownTerminology)


def counts(kind: str, type_name: str) -> bool:
    """Tell whether values of `type_name` mean anything to parameters of type `kind`."""
    return type_name in _COUNTED[kind]


_COUNTED: Mapping[str, frozenset[str]] = {
    "token": CODES | {"CodeableConcept", "Coding", "Identifier", "ContactPoint", "boolean"},
    "reference": URIS | {"Reference", "Resource"},
    "uri": URIS,
    "string": STRINGS | {"HumanName", "Address", "xhtml"},
    "date": DATES | {"Period", "Timing"},
    "number": NUMBERS | QUANTITIES | {"Money", "Range", "SampledData"},
    "quantity": NUMBERS | QUANTITIES | {"Money", "Range", "SampledData"},
}


# Tokens


def codings(type_name: str, value: Any, implied: frozenset[str] = frozenset()) -> Iterator[tuple[str, str]]:
    """Give systems and codes of a value; a bare code also counts in the systems `implied`."""
    if type_name == "CodeableConcept":
        for one in value.get("coding") or ():
            yield one.get("system") or "", one.get("code") or ""
    elif type_name == "Coding":
        yield value.get("system") or "", value.get("code") or ""
    elif type_name == "Identifier":
        yield value.get("system") or "", value.get("value") or ""
    elif type_name == "ContactPoint":
        yield "", value.get("value") or ""
    elif type_name == "boolean":
        yield "", "true" if value else "false"
    else:
        yield "", value
        if type_name == "code":
            yield from ((system, value) for system in implied)


def is_token(wanted: Token, system: str, code: str) -> bool:
    """Compare as the specification says: systems exactly, codes without case."""
    if wanted.system is not None and wanted.system != system:
        return False
    return not wanted.code or wanted.code.casefold() == code.casefold()


def token_answers(
    wanted: Value, modifier: str, type_name: str, value: Any, *, implied: frozenset[str], around: Surroundings
) -> bool:
    """Judge one value of a token parameter; `:not` and `:not-in` are turned round by the caller."""
    found = list(codings(type_name, value, implied))
    match wanted:
        case Text():
            return any(fold(text).startswith(fold(wanted.text)) for text in _display(type_name, value))
        case OfType():
            return type_name == "Identifier" and _is_of_type(wanted, value)
        case Uri():
            members = around.terminology.members(wanted.text)
            folded = {(system, code.casefold()) for system, code in members}
            return any((system, code.casefold()) in folded for system, code in found)
        case Token(system=str(system), code=code) if modifier in {"above", "below"}:
            ask = around.terminology.below if modifier == "below" else around.terminology.above
            codes = {one.casefold() for one in ask(system, code)}
            return any(one == system and other.casefold() in codes for one, other in found)
        case Token() if type_name == "id":
            return wanted == Token(wanted.system or None, value)
        case Token():
            return any(is_token(wanted, system, code) for system, code in found)
        case _:
            return False


def _display(type_name: str, value: Any) -> Iterator[str]:
    if type_name not in {"Coding", "Identifier", "CodeableConcept"}:
        return
    concept: Json = value
    if type_name == "Coding":
        concept = {"coding": [value]}
    elif type_name == "Identifier":
        concept = value.get("type") or {}
    texts: list[str | None] = [
        concept.get("text"),
        *(one.get("display") for one in concept.get("coding") or ()),
    ]
    yield from (text for text in texts if text)


def _is_of_type(wanted: OfType, identifier: Json) -> bool:
    kind: Json = identifier.get("type") or {}
    kinds: list[Json] = kind.get("coding") or []
    return (identifier.get("value") or "").casefold() == wanted.value.casefold() and any(
        (one.get("system") or "") == wanted.system
        and (one.get("code") or "").casefold() == wanted.code.casefold()
        for one in kinds
    )


# Strings


def strings(type_name: str, value: Any) -> Iterator[str]:
    """Give the texts of a value that a string parameter looks at."""
    if type_name in STRINGS:
        yield value
        return
    for part in STRING_PARTS.get(type_name, ()):
        found = value.get(part)
        yield from (one for one in (found if isinstance(found, list) else [found]) if isinstance(one, str))  # pyright: ignore[reportUnknownVariableType]
    if type_name == "HumanName" and has_han(joined_name(value)):
        yield joined_name(value)


def string_answers(wanted: Text, modifier: str, type_name: str, value: Any) -> bool:
    """Judge one value of a string parameter."""
    if type_name == "xhtml":
        return holds_words(narrative_text(value), wanted.text)
    return any(_string_answers(wanted.text, modifier, text) for text in strings(type_name, value))


def _string_answers(wanted: str, modifier: str, text: str) -> bool:
    if modifier == "exact":
        return text == wanted
    if modifier == "contains":
        return fold(wanted) in fold(text)
    if modifier == "pinyin":
        folded = fold(text)
        typed = pinyin_query(wanted)
        return has_han(folded) and any(form.startswith(typed) for form in pinyin_forms(folded))
    return fold(text).startswith(fold(wanted))


def holds_words(document: str, wanted: str) -> bool:
    """Tell whether a folded document holds all words asked for: whole words, Chinese anywhere."""
    found = set(runs(document))
    return all(one in document if has_han(one) else one in found for one in runs(fold(wanted)))


# References and URIs


def addresses(type_name: str, value: Any, around: Surroundings) -> Iterator[tuple[str, str]]:
    """Give the address (without its version) and the version that a value refers to."""
    base_url = around.reading.base_url
    if type_name == "Reference":
        target = read_reference(value.get("reference") or "", base_url)
        yield target.address, target.version
    elif type_name == "Resource":
        yield f"{value.get('resourceType')}/{value.get('id')}", ""
    elif isinstance(value, str):
        for one in (value, value.partition("|")[0]):
            yield read_reference(one, base_url).address, ""


def reference_answers(
    wanted: Value, targets: tuple[str, ...], type_name: str, value: Any, around: Surroundings
) -> bool:
    """Judge one value of a reference parameter (hierarchies apart)."""
    if isinstance(wanted, Token):
        identifier = value.get("identifier") if type_name == "Reference" else None
        found = list(codings("Identifier", identifier)) if identifier else []
        return any(is_token(wanted, system, code) for system, code in found)
    return isinstance(wanted, Reference) and any(
        _refers(wanted, targets, address, version) for address, version in addresses(type_name, value, around)
    )


def _refers(wanted: Reference, targets: tuple[str, ...], address: str, version: str) -> bool:
    if wanted.identity:
        kind, _, identity = address.partition("/")
        return identity == wanted.identity and (kind in targets or (not targets and kind.isalpha()))
    return wanted.address == address and wanted.version in {"", version}


def uri_answers(wanted: Uri, modifier: str, value: str) -> bool:
    """Judge one value of a uri parameter; `:above` and `:below` go by the steps of http addresses."""
    plain = value.partition("|")[0]
    asked = wanted.text.partition("|")[0]
    if modifier == "below":
        return is_below(plain, asked)
    if modifier == "above":
        return is_below(asked, plain)
    return wanted.text in {value, plain}


def is_below(lower: str, upper: str) -> bool:
    """Tell whether http address `lower` is `upper` or under it."""
    lower, upper = lower.rstrip("/") + "/", upper.rstrip("/") + "/"
    return upper.startswith(("http://", "https://")) and lower.startswith(upper)


# Dates, numbers, quantities


def date_answers(wanted: Date, type_name: str, value: Any, around: Surroundings) -> bool:
    """Judge one value of a date parameter; one that isn't a date answers nothing."""
    zone = around.reading.zone
    try:
        found = (
            dates.date_range(value, zone)
            if type_name in DATES
            else period_range(value, zone)
            if type_name == "Period"
            else timing_range(value, zone)
        )
    except (ValueError, TypeError, AttributeError):
        return False
    if found is None:
        return False
    span = dates.approximately(wanted.range, around.now) if wanted.prefix == "ap" else wanted.range
    return dates.COMPARISONS[wanted.prefix](span, found)


def number_answers(wanted: Number, type_name: str, value: Any) -> bool:
    """Judge one value of a number parameter."""
    read = number_reader(type_name)
    found = read(value) if read else None
    return found is not None and numbers.COMPARISONS[wanted.prefix](wanted.value, wanted.interval, found)


def quantity_answers(wanted: Quantity, type_name: str, value: Any) -> bool:
    """Judge one value of a quantity parameter; UCUM units are converted."""
    read = number_reader(type_name)
    found = read(value) if read else None
    if found is None:
        return False
    number, span = wanted.number.value, wanted.number.interval
    if wanted.code:
        if type_name in NUMBERS:
            return False
        system, code, text = quantity_unit(type_name, value)
        asked = numbers.ucum_unit(wanted.code) if wanted.system == numbers.UCUM else None
        known = numbers.ucum_unit(code) if system == numbers.UCUM else None
        if asked is not None:
            if known is None or known.key != asked.key:
                return False
            number, span = asked.convert(number), _converted(asked, span)
            found = _converted(known, found)
        elif (wanted.system and (system, code) != (wanted.system, wanted.code)) or wanted.code not in {
            code,
            text,
        }:
            return False
    return numbers.COMPARISONS[wanted.number.prefix](number, span, found)


def _converted(unit: numbers.Unit, span: numbers.Interval) -> numbers.Interval:
    return numbers.Interval(unit.convert(span.low), unit.convert(span.high))
