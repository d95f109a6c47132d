"""Search values as signed 64-bit keys.

A key is the hash of a value, which knows nothing of where it stands, XOR the salt of one place in records.
So a value is hashed once wherever it stands, and a database can make the key of a reference at any place out
of the `self_key` of the record referred to, which is how chains are joined. Two different values meet with
probability 2^-64 a pair; whoever finds a record by key can check it again on the record itself.

The hash is part of what is stored: it never changes without reindexing. BLAKE2b: RFC 7693.
"""

from functools import lru_cache
from hashlib import blake2b

SEPARATOR = "\x00"
"""Between the parts of a value; FHIR strings can't hold it (http://hl7.org/fhir/R4/datatypes.html#string)."""

_CACHED = 1 << 16


def digest(text: str) -> int:
    """Hash `text` to a signed 64-bit number."""
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), signed=True)


@lru_cache(maxsize=_CACHED)
def salt(place: str) -> int:
    """Give the salt of a place named like "Observation.code(CodeableConcept)"."""
    return digest("place" + SEPARATOR + place)


def short_id(place: str) -> int:
    """Give the signed 32-bit number of a place in side tables: the upper half of its salt."""
    return salt(place) >> 32


def pinyin_id(place: str) -> int:
    """Give the number of the same place's texts in pinyin."""
    return short_id(place + ":pinyin")


def pinyin_salt(place: str) -> int:
    """Give the salt of the same place's texts in pinyin."""
    return salt(place + ":pinyin")


PRESENT = digest("?")
"""Says that there is any value; for `:missing`."""


def token_code(code: str) -> int:
    """Value hash of `code` in whatever system. Tokens are compared without case, so give it case-folded."""
    return digest("c" + code)


def token_system(system: str) -> int:
    """Value hash of any code in `system`."""
    return digest("s" + system)


def token(system: str, code: str) -> int:
    """Value hash of the case-folded `code` in `system` ("" for a code that has none)."""
    return digest("t" + system + SEPARATOR + code)


def token_text(text: str) -> int:
    """Value hash of a folded display text; the texts themselves stand in a dictionary of their own."""
    return digest("x" + text)


def of_type(system: str, code: str, value: str) -> int:
    """Value hash of an identifier by its type and case-folded value, for `:of-type`."""
    return digest("o" + SEPARATOR.join((system, code, value)))


def reference(target: str) -> int:
    """Value hash of a reference: "Patient/1", "Patient/1/_history/2" or an absolute address."""
    return digest("r" + target)


def self_key(resource_type: str, identity: str) -> int:
    """Value hash under which others refer to a record; XOR `salt` of their parameter it is in their keys."""
    return reference(f"{resource_type}/{identity}")


def reference_identifier(system: str | None, value: str) -> int:
    """Value hash of a reference's identifier; `system` None for whatever system."""
    return digest("n" + value) if system is None else digest("i" + system + SEPARATOR + value)


def reference_identifier_system(system: str) -> int:
    """Value hash of a reference by any identifier in `system`."""
    return digest("m" + system)


def uri(text: str) -> int:
    """Value hash of a URI, or of a canonical with or without its version."""
    return digest("u" + text)


def uri_below(prefix: str) -> int:
    """Value hash of all URIs at or below `prefix`."""
    return digest("b" + prefix)


def unit(text: str) -> int:
    """Value hash of a quantity's unit, as code or as text."""
    return digest("q" + text)


def unit_code(system: str, code: str) -> int:
    """Value hash of a quantity's coded unit."""
    return digest("k" + system + SEPARATOR + code)


def canonical_unit(text: str) -> int:
    """Signed 64-bit number of a canonical unit in side tables; 0 means "as written" there."""
    return digest("=" + text)


def word(text: str) -> int:
    """Value hash of a folded word (or two Chinese characters) of a narrative."""
    return digest("w" + text)


def pair(left: int, right: int) -> int:
    """Value hash of two values that stand together in a composite."""
    return digest(f"&{left}{SEPARATOR}{right}")
