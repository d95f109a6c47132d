"""What a setting's value must be beyond its type."""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from xinglin.core.i18n import Phrase

WRONG_ADDRESS: Final = Phrase(
    "it must be postgresql://user@host/database, or host=… dbname=… as libpq reads it"
)
_KEYWORDS: Final = re.compile(r"\s*\w+\s*=")


def ip_address(value: str) -> Phrase | None:
    """Find fault with what nobody can listen on."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return Phrase("it must be an IP address such as 127.0.0.1 or ::1; 0.0.0.0 or :: is every address")
    return None


def present(value: str) -> Phrase | None:
    """Find fault with an empty value."""
    return None if value.strip() else Phrase("it must not be empty")


def public_address(value: str) -> Phrase | None:
    """Find fault with an address that records can't stand under; empty is fine."""
    if not value:
        return None
    if not value.isascii():
        return Phrase("it must be ASCII; write a name in other letters as punycode (xn--…)")
    if not _is_web_address(value):
        return Phrase("it must be like https://hub.example/fhir")
    if any(mark in value for mark in "?#@"):
        return Phrase("it must have no query, fragment or user name")
    return Phrase("it must not end with a slash") if value.endswith("/") else None


def _is_web_address(value: str) -> bool:
    try:
        parts = urlsplit(value)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return named and parts.scheme in ("http", "https") and not any(letter.isspace() for letter in value)


def database_address(value: str) -> Phrase | None:
    """Find fault with what has neither of libpq's two forms; empty is fine. The hub reads it whole."""
    if not value or value.startswith(("postgresql://", "postgres://")) or _KEYWORDS.match(value):
        return None
    return WRONG_ADDRESS


def time_zone(value: str) -> Phrase | None:
    """Find fault with a zone that this machine doesn't know."""
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        return Phrase("this machine knows no such time zone; it must be like Asia/Shanghai")
    return None


CHECKS: Final[Mapping[str, Callable[[str], Phrase | None]]] = {
    "home": present,
    "host": ip_address,
    "base_url": public_address,
    "oidc_issuer": lambda value: public_address(value.removesuffix("/")),
    "database_url": lambda value: database_address(value) if value else None,
    "time_zone": time_zone,
}
