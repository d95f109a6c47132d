"""References as text: what they point to (http://hl7.org/fhir/R4/references.html#literal)."""

import re
from functools import lru_cache
from typing import NamedTuple

_LITERAL = re.compile(
    r"(?:(?P<base>https?://[^?#]*)/)?(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})"
    r"(?:/_history/(?P<version>[A-Za-z0-9\-.]{1,64}))?"
)


class Target(NamedTuple):
    """What a reference points to.

    `address` is "Patient/1" for records of this hub, the whole URL for others, "" for contained records.
    `type` is "" where the text doesn't tell.
    """

    address: str
    type: str = ""
    version: str = ""


@lru_cache(maxsize=1 << 14)
def read_reference(text: str, base_url: str = "") -> Target:
    """Read a literal reference; addresses below `base_url` (without final slash) are this hub's own."""
    if text.startswith("#"):
        return Target("")
    match = _LITERAL.fullmatch(text)
    if match is None:
        return Target(text)
    base, kind, identity, version = match.groups()
    address = f"{kind}/{identity}"
    if base and base != base_url:
        address = f"{base}/{address}"
    return Target(address, kind, version or "")
