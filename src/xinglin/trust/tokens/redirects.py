"""Addresses that apps return to: what may be registered, and that only the very same is taken.

RFC 9700 (2.1) and RFC 8252 (7.3): compared letter by letter; at a loopback address alone the port may be
another, as an app on somebody's desk can't choose it.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from xinglin.core.i18n import Phrase

LOOPBACK: Final = frozenset({"127.0.0.1", "::1"})
LONGEST: Final = 1_000


def fault_of_redirect(address: str) -> Phrase | None:
    """Find fault with an address that is to be registered."""
    parts = _split(address)
    if parts is None or not parts.hostname:
        return Phrase("it must be an address in ASCII such as https://app.example/back")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        return Phrase("it must begin with https://, or be at 127.0.0.1 or [::1]")
    if parts.scheme not in ("https", "http"):
        return Phrase("it must begin with https://, or be at 127.0.0.1 or [::1]")
    if parts.username is not None or parts.password is not None:
        return Phrase("it must have no user name")
    if "#" in address:
        return Phrase("it must have no fragment")
    if "*" in address or "\\" in address or "/../" in f"{parts.path}/":
        return Phrase("it must have no wildcard, backslash or ..")
    return None


def is_registered(asked: str, registered: Sequence[str]) -> bool:
    """Tell whether `asked` is one of the registered addresses."""
    return asked in registered or any(_same_but_for_port(asked, one) for one in registered)


def _same_but_for_port(asked: str, registered: str) -> bool:
    known, given = _split(registered), _split(asked)
    if known is None or given is None or known.hostname not in LOOPBACK or known.scheme != "http":
        return False
    if fault_of_redirect(asked) is not None or given.hostname != known.hostname:
        return False
    # Whatever a parser might overlook: but for the port it must be the very same text.
    rest = asked.removeprefix(f"http://{given.netloc}")
    return given.netloc in _hosts(given) and registered == f"http://{known.netloc}{rest}"


def _hosts(parts: SplitResult) -> tuple[str, str]:
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return host, f"{host}:{parts.port}"


def with_parameters(redirect: str, parameters: dict[str, str]) -> str:
    """Give the address with what is told to the app added to its query."""
    sign = "&" if "?" in redirect else "?"
    return redirect + sign + urlencode(parameters, quote_via=quote)


def _split(address: str) -> SplitResult | None:
    if not address.isascii() or not address.isprintable() or " " in address or len(address) > LONGEST:
        return None
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    return parts if port != 0 else None
