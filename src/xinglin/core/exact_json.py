"""JSON in and out without losing anything: decimals keep their digits, duplicate keys are refused.

Records are plain dicts and lists; a JSON number with a fraction or exponent becomes an `ExactDecimal`, which
remembers its text (`1.10` stays `1.10`, `1e2` stays `1e2`), as FHIR asks (http://hl7.org/fhir/R4/json.html#primitive).
"""

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, cast

import msgspec

from xinglin.core.errors import RequestError
from xinglin.core.i18n import Phrase

Json = dict[str, Any]

MAX_DEPTH = 100
"""Deepest nesting accepted; real FHIR records stay below 30."""

_FAULT = re.compile(r"JSON is malformed: (?P<what>.+) \(byte (?P<place>\d+)\)")
_FAULTS: Mapping[str, Phrase] = {
    "Input data was truncated": Phrase("the text ends too early"),
    "Integer value out of range": Phrase("a whole number has too many digits"),
    "invalid character": Phrase("an unexpected character"),
    "invalid number": Phrase("a number that isn't written as JSON asks"),
    "invalid escape character in string": Phrase("an unknown escape in a string"),
    "object keys must be strings": Phrase("a key without double quotes"),
    "trailing comma in object": Phrase("a comma before the closing bracket"),
    "trailing comma in array": Phrase("a comma before the closing bracket"),
    "trailing characters": Phrase("more text behind the value"),
    "expected ',' or '}'": Phrase("a comma or the closing bracket is missing"),
    "expected ',' or ']'": Phrase("a comma or the closing bracket is missing"),
    "expected ':'": Phrase("a colon is missing"),
}
"""What msgspec says most often, in words of ours."""
_KEY = re.compile(rb'"\s*:')


class MalformedJson(RequestError):
    """The text isn't JSON."""

    code = "XL3001"
    message = "The content isn't well-formed JSON: {detail}."
    remedy = "Correct the content at the place named; JSON text must be UTF-8 (RFC 8259)."
    issue = "structure"


class DuplicateKey(RequestError):
    """One object names a key twice."""

    code = "XL3002"
    message = 'The JSON object at {place} names "{key}" more than once.'
    remedy = "Send each key once; for repeated elements use an array."
    issue = "structure"


class TooDeep(RequestError):
    """Nested deeper than any record needs."""

    code = "XL3003"
    message = "The JSON is nested deeper than {limit} levels."
    remedy = "Send the record without the needless nesting."
    issue = "too-costly"


class ExactDecimal(Decimal):
    """A decimal that prints exactly as it was read."""

    __slots__ = ("literal",)
    literal: str

    def __new__(cls, literal: str) -> "ExactDecimal":
        """Read `literal`, a JSON number."""
        number = super().__new__(cls, literal)
        number.literal = literal
        return number


def _encode_other(value: object) -> msgspec.Raw:
    if isinstance(value, ExactDecimal):
        return msgspec.Raw(value.literal.encode())
    raise TypeError(f"{type(value).__name__} has no place in a JSON record")


_decoder = msgspec.json.Decoder(float_hook=ExactDecimal)
_encoder = msgspec.json.Encoder(enc_hook=_encode_other, decimal_format="number")


def loads(data: bytes) -> Any:
    """Read JSON exactly. Raises MalformedJson, DuplicateKey or TooDeep."""
    try:
        value = _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise MalformedJson(detail=_fault(str(error))) from None
    except UnicodeDecodeError:
        detail = Phrase("it isn't UTF-8 at byte {place}", place=_first_bad_byte(data))
        raise MalformedJson(detail=detail) from None
    except InvalidOperation:
        raise MalformedJson(detail=Phrase("a number is too large or too small to be kept")) from None
    except RecursionError:
        raise TooDeep(limit=MAX_DEPTH) from None
    if _is_compact(data, value):
        return value
    # Counting is cheap and finds what msgspec lets pass: a key written twice leaves fewer keys in the value
    # than in the text. Strings may also hold `":`, so a difference is only a reason to look closely.
    if _count_keys(value, MAX_DEPTH) != len(_KEY.findall(data)):
        json.loads(data, object_pairs_hook=_refuse_duplicates)
    return value


def _is_compact(data: bytes, value: Any) -> bool:
    """Tell whether a flat enough text has no byte more than its value needs, as most machines write it.

    Nothing that we write is longer than what it was read from, so equal lengths say that no key was dropped.
    """
    return data.count(b"{") + data.count(b"[") <= MAX_DEPTH and len(dumps(value)) == len(data)


def _fault(said: str) -> Phrase | str:
    """Give what msgspec says in words that can be translated; what it hardly ever says stays English."""
    match = _FAULT.fullmatch(said)
    fault = _FAULTS.get(match["what"] if match else said)
    if fault is None or match is None:
        return fault or said
    return Phrase("{fault} at byte {place}", fault=fault, place=match["place"])


def _first_bad_byte(data: bytes) -> int:
    """Give the place where `data` stops being UTF-8; msgspec counts within one string only."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start
    return 0


def dumps(value: Any) -> bytes:
    """Write compact JSON; what `loads` read comes out with the same numbers and order."""
    return _encoder.encode(value)


def _count_keys(node: Any, depth: int) -> int:
    if depth == 0:
        raise TooDeep(limit=MAX_DEPTH)
    count = 0
    children: Iterable[Any] = ()
    if isinstance(node, dict):
        members = cast("Json", node)
        count, children = len(members), members.values()
    elif isinstance(node, list):
        children = cast("list[Any]", node)
    for child in children:
        if isinstance(child, dict | list):
            count += _count_keys(child, depth - 1)
    return count


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise DuplicateKey(key=key, place=f"{{{', '.join(list(found)[:3])}, …}}")
            seen.add(key)
    return found
