"""How tokens come and how they don't (RFC 6750): in the header only, never in an address or a form."""

import re
from collections.abc import Iterable
from typing import Final

from xinglin.trust.tokens.errors import TokenInAddress, WrongToken
from xinglin.trust.tokens.secret import LONGEST

SECRET_NAMES: Final = frozenset(
    {"access_token", "refresh_token", "client_secret", "client_assertion", "code_verifier", "token", "code"}
)
"""Parameters that may not stand in the address of an endpoint here."""

_TOKEN: Final = re.compile(r"[A-Za-z0-9\-._~+/]+=*")


def bearer(authorization: str) -> str | None:
    """Give the token of an `Authorization` header; None where it is of another scheme, or none.

    Raises WrongToken where it says Bearer without a token that can be one.
    """
    scheme, _space, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    if len(token) > LONGEST or not _TOKEN.fullmatch(token):
        raise WrongToken
    return token


def refuse_in_address(names: Iterable[str], secret_names: Iterable[str] = ("access_token",)) -> None:
    """Raise TokenInAddress where a query names what may not stand there."""
    for name in sorted(set(names) & set(secret_names)):
        raise TokenInAddress(name=name)
