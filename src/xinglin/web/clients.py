"""Where a request comes from, and whether its way here was encrypted."""

from collections.abc import Iterable
from functools import lru_cache

from starlette.types import Scope

from xinglin.core.settings import Settings


def header(scope: Scope, name: bytes) -> str:
    """Give a header of a request; several of one name are joined, none is empty."""
    return ",".join(value.decode("latin-1") for one, value in scope["headers"] if one == name)


def peer(scope: Scope) -> str:
    """Give the address that the connection itself comes from."""
    client = scope.get("client")
    return client[0] if client else ""


@lru_cache(maxsize=8)
def _proxies(setting: str) -> frozenset[str]:
    return frozenset(setting.replace(",", " ").split())


def is_proxy(settings: Settings, scope: Scope) -> bool:
    """Tell whether a trusted proxy passes the request on."""
    return peer(scope) in _proxies(settings.trusted_proxies)


def client_address(settings: Settings, scope: Scope) -> str:
    """Give the client's address; what a trusted proxy tells of it counts, the nearest that is no proxy."""
    if not is_proxy(settings, scope):
        return peer(scope)
    told = [one.strip() for one in header(scope, b"x-forwarded-for").split(",")]
    return _first_other(reversed(told), _proxies(settings.trusted_proxies)) or peer(scope)


def _first_other(addresses: Iterable[str], proxies: frozenset[str]) -> str:
    return next((one for one in addresses if one and one not in proxies), "")


def is_encrypted(settings: Settings, scope: Scope) -> bool:
    """Tell whether the client spoke TLS: with the hub, or with a trusted proxy that says so."""
    if scope["scheme"] == "https" or settings.tls_certificate:
        return True
    return is_proxy(settings, scope) and header(scope, b"x-forwarded-proto").lower() == "https"
