"""JSON in and out without losing anything: decimals keep their digits, duplicate keys are refused.

Records are plain dicts and lists; a JSON number with a fraction or exponent becomes an `ExactDecimal`, which
remembers its text (`1.10` stays `1.10`, `1e2` stays `1e2`), as FHIR asks (http://hl7.org/fhir/R4/json.html#primitive).
"""

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, cast

import msgspec

from xinglin.core.errors import RequestError

Json = dict[str, Any]

MAX_DEPTH = 100
"""Deepest nesting accepted; real FHIR records stay below 30."""

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
        raise MalformedJson(detail=str(error)) from None
    except UnicodeDecodeError as error:
        raise MalformedJson(detail=f"invalid UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise TooDeep(limit=MAX_DEPTH) from None
    # Counting is cheap and finds what msgspec lets pass: a key written twice leaves fewer keys in the value
    # than in the text. Strings may also hold `":`, so a difference is only a reason to look closely.
    if _count_keys(value, MAX_DEPTH) != len(_KEY.findall(data)):
        json.loads(data, object_pairs_hook=_refuse_duplicates)
    return value


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
