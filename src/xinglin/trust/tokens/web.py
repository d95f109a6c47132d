"""Fetching the keys of programs from their registered addresses, without being sent to anybody else.

Whoever registers a program chooses this address, so that it must not lead the hub to its own network (SSRF):
https only, the name is looked up once and the connection made to just that public address, no redirection is
followed, and little is read in little time. Hosts in closed networks stand in the setting client_key_hosts.
"""

import asyncio
import ipaddress
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Collection
from contextlib import closing
from http.client import HTTPException, HTTPSConnection
from typing import Any, Final, cast
from urllib.parse import SplitResult, urlsplit

import msgspec

from xinglin.core.i18n import Phrase
from xinglin.trust.tokens.errors import KeysNotFetched
from xinglin.trust.tokens.keys import raw_keys

SECONDS: Final = 5.0
"""How long all of it may take, and how long a server may keep silent."""

MOST_BYTES: Final = 65_536
LONGEST: Final = 1_000
BLOCK: Final = 4_096
KEEP_SECONDS: Final = 300
"""How long fetched keys are used without asking again."""

AGAIN_SECONDS: Final = 10
"""How soon they are fetched again for a kid that isn't among them."""

_TRANSLATED: Final = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
"""IPv6 addresses that gateways turn into IPv4 ones (RFC 6052, RFC 8215)."""


def fault_of_keys_address(address: str) -> Phrase | None:
    """Find fault with the address of a program's keys."""
    if _parts(address) is None:
        return Phrase("it must be like https://app.example/keys.json, without user name or fragment")
    return None


def _parts(address: str) -> SplitResult | None:
    if not address.isascii() or not address.isprintable() or " " in address or len(address) > LONGEST:
        return None
    try:
        parts = urlsplit(address)
        fine = parts.port != 0 and parts.scheme == "https" and bool(parts.hostname)
    except ValueError:
        return None
    return parts if fine and "@" not in parts.netloc and "#" not in address and "\\" not in address else None


def is_public(address: str) -> bool:
    """Tell whether an IP address lies in the public internet."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if inner is not None:
            return is_public(str(inner))
        if found.teredo is not None or any(found in network for network in _TRANSLATED):
            return False
    return found.is_global and not found.is_multicast


class KeyBox:
    """Keys that were fetched, for a while, or that they couldn't be: strangers can't make the hub ask on."""

    def __init__(self, closed_hosts: Collection[str]) -> None:
        self._closed_hosts = frozenset(closed_hosts)
        self._kept: dict[str, tuple[float, dict[str, Any] | KeysNotFetched]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def keys(self, address: str, kid: str) -> dict[str, Any]:
        """Give the JWK Set at an address, with the key `kid` where it is there. Raises KeysNotFetched."""
        async with self._locks[address]:
            at, found = self._kept.get(address, (0.0, None))
            if found is None or time.monotonic() - at >= _lasts(found, kid):
                try:
                    found = await asyncio.to_thread(fetch, address, self._closed_hosts)
                except KeysNotFetched as error:
                    found = error
                self._kept[address] = (time.monotonic(), found)
        if isinstance(found, KeysNotFetched):
            raise KeysNotFetched(detail=found.params["detail"])
        return found


def _lasts(found: dict[str, Any] | KeysNotFetched, kid: str) -> int:
    """Give for how many seconds what was fetched answers for a kid."""
    known = not isinstance(found, KeysNotFetched) and any(one.get("kid") == kid for one in raw_keys(found))
    return KEEP_SECONDS if known else AGAIN_SECONDS


def fetch(address: str, closed_hosts: Collection[str]) -> dict[str, Any]:
    """Fetch a JWK Set. Raises KeysNotFetched."""
    parts = _parts(address)
    if parts is None:
        raise KeysNotFetched(detail=Phrase("the address can't be used"))
    try:
        content = _read(parts, closed_hosts)
        found = msgspec.json.decode(content, type=dict[str, Any])
    except (OSError, HTTPException, ValueError) as error:
        raise KeysNotFetched(detail=type(error).__name__) from None
    except (msgspec.DecodeError, msgspec.ValidationError):
        raise KeysNotFetched(detail=Phrase("it isn't a JWK Set")) from None
    return found


def _read(parts: SplitResult, closed_hosts: Collection[str]) -> bytes:
    host, port = cast("str", parts.hostname), parts.port or 443
    end = time.monotonic() + SECONDS
    connection = _Pinned(_looked_up(host, port, closed_hosts), host, port)
    path = parts._replace(scheme="", netloc="").geturl() or "/"
    with closing(connection):
        connection.request("GET", path, headers={"Accept": "application/json"})
        with connection.getresponse() as answer:
            if answer.status != 200:
                raise KeysNotFetched(detail=Phrase("the server answers {status}", status=answer.status))
            content = b""
            while block := answer.read1(BLOCK):
                content += block
                if len(content) > MOST_BYTES or time.monotonic() > end:
                    raise KeysNotFetched(detail=Phrase("it is too large or too slow"))
            return content


def _looked_up(host: str, port: int, closed_hosts: Collection[str]) -> str:
    """Give the address behind a name. All of them must be public, else the hub could be led astray."""
    found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if host not in closed_hosts and not all(is_public(one) for one in found):
        raise KeysNotFetched(detail=Phrase("it lies in a closed network"))
    return found[0]


class _Pinned(HTTPSConnection):
    """A connection to the one IP address that was looked at; the certificate must be the name's."""

    def __init__(self, ip: str, host: str, port: int) -> None:
        self._ip = ip
        self._tls = ssl.create_default_context()
        super().__init__(host, port, timeout=SECONDS, context=self._tls)

    def connect(self) -> None:
        """Connect to the address, not to whatever the name means by now."""
        plain = socket.create_connection((self._ip, self.port), SECONDS)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise
