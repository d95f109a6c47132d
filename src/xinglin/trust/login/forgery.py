"""Cross-site request forgery: a request with a session counts only if a page of the hub has sent it.

Two things must hold for every request that changes something: the browser's own headers don't say that
another site sent it, and it brings the token that only a page of this hub can know (bound to the session's).
"""

import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from xinglin.trust.login.errors import Forged
from xinglin.trust.login.sessions import csrf_token

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing (RFC 9110, 9.2.1)."""

HEADER: Final = "x-csrf-token"
FIELD: Final = "csrf"
OWN_SITES: Final = frozenset({"same-origin", "none"})

LONGEST_NEXT: Final = 4_000


def refuse_other_sites(headers: Mapping[str, str], own: str) -> None:
    """Raise Forged where the browser says that a page of another site has sent the request.

    `headers` have names in small letters; `own` is the hub's own origin, as `https://hub.example`. A request
    without these headers comes from no present browser.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in OWN_SITES:
        raise Forged
    if origin is not None and origin.lower() != own.lower():
        raise Forged


def refuse_forgery(
    method: str, headers: Mapping[str, str], own: str, *, session: str, field: str = ""
) -> None:
    """Raise Forged for an unsafe request that doesn't come from a page of the hub.

    `session` is the token of the session's cookie; what shows that a page sent it stands in the header
    X-CSRF-Token, or for forms in the field `csrf`.
    """
    if method in SAFE:
        return
    refuse_other_sites(headers, own)
    given = headers.get(HEADER) or field
    if not session or not hmac.compare_digest(given.encode("utf-8", "replace"), csrf_token(session).encode()):
        raise Forged


def own_path(given: str) -> str:
    """Give where to go after login, if it is a path of this hub; else an empty text.

    Browsers read `//host`, a backslash in its place, and addresses with tabs in them as other sites.
    """
    if (
        not given.startswith("/")
        or len(given) > LONGEST_NEXT
        or not (given.isascii() and given.isprintable())
    ):
        return ""
    if given.startswith("//") or "\\" in given or " " in given:
        return ""
    parts = urlsplit(given)
    return "" if parts.scheme or parts.netloc or parts.path.startswith("//") else given
