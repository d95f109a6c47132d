"""Asking the provider: small JSON answers, within a time, from exactly the address that was asked."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from time import monotonic
from typing import Any, Final, cast
from urllib.parse import urlencode, urlsplit

from xinglin.core.i18n import Phrase
from xinglin.trust.login.errors import ProviderAway

SECONDS: Final = 10
MOST_BYTES: Final = 1_000_000
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: it could lead the client secret, or the hub, anywhere."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Give no further request."""


_opener: Final = urllib.request.build_opener(_NoRedirect)


def checked_address(address: object) -> str:
    """Give an address of the provider: https, or on this machine http. Raises ProviderAway."""
    if isinstance(address, str) and address.isascii() and address.isprintable():
        parts = urlsplit(address)
        plain = parts.scheme == "http" and parts.hostname in LOOPBACK
        if parts.hostname and (parts.scheme == "https" or plain):
            return address
    raise ProviderAway(detail=Phrase("it names an address that isn't https"))


async def fetch(
    address: str, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    """Ask for a JSON object, or post a form; give status and object. Raises ProviderAway."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(_fetch, address, form, headers or {}), SECONDS + 1)
    except (OSError, TimeoutError, HTTPException, ValueError) as error:
        detail = (
            Phrase("it doesn't answer") if isinstance(error, OSError) else Phrase("its answer can't be read")
        )
        raise ProviderAway(detail=detail) from None


def _fetch(
    address: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
) -> tuple[int, dict[str, Any]]:
    data = None if form is None else urlencode(form).encode()
    request = urllib.request.Request(  # noqa: S310 - the scheme is checked
        checked_address(address), data, {"Accept": "application/json", **headers}
    )
    try:
        with _opener.open(request, timeout=SECONDS) as answer:
            status, body = answer.status, _read(answer, monotonic() + SECONDS)
    except urllib.error.HTTPError as refused:
        refused.close()
        return refused.code, {}
    found: object = json.loads(body)
    return status, cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _read(answer: HTTPResponse, until: float) -> bytes:
    """Read an answer whole. Raises ValueError for a large one, TimeoutError for one that drips."""
    body = b""
    while more := answer.read1(MOST_BYTES):
        body += more
        if len(body) > MOST_BYTES:
            raise ValueError(len(body))
        if monotonic() > until:
            raise TimeoutError
    return body
