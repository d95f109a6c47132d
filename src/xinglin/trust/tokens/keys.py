"""The public keys of programs: which can be used, and which one a statement names.

SMART App Launch 2.2 (client-confidential-asymmetric): RS384 with RSA keys, ES384 with EC keys on P-384.
"""

import base64
from collections.abc import Mapping
from typing import Any, Final, cast

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from xinglin.core.i18n import Phrase
from xinglin.trust.tokens.errors import WrongRegistration

ALGORITHMS: Final = ("RS384", "ES384")
LEAST_BITS: Final = 2_048
MOST_BITS: Final = 8_192
MOST_KEYS: Final = 20
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

Key = RSAKey | ECKey


def refuse_unusable_keys(keys: Mapping[str, Any]) -> None:
    """Raise WrongRegistration for a JWK Set that nothing can be proved by, or that tells a private key."""
    listed = raw_keys(keys)
    if not listed:
        raise _wrong(Phrase('it must be a JWK Set with "keys"'))
    if any(_PRIVATE & one.keys() for one in listed):
        raise _wrong(Phrase("it tells a private key, which is now known to others: make a new one"))
    if not any(read_key(one, algorithm) for one in listed for algorithm in ALGORITHMS):
        detail = Phrase("it has no key with a kid for RS384 (RSA, 2048 bits or more) or ES384 (P-384)")
        raise _wrong(detail)
    kids = [one.get("kid") for one in listed]
    if len(set(map(str, kids))) < len(kids):
        raise _wrong(Phrase("two of its keys have the same kid"))


def raw_keys(keys: object) -> list[dict[str, Any]]:
    """Give the keys of a JWK Set; none where it isn't one, or has too many."""
    listed = cast("dict[str, object]", keys).get("keys") if isinstance(keys, Mapping) else None
    if not isinstance(listed, list):
        return []
    found = [cast("dict[str, Any]", one) for one in cast("list[object]", listed) if isinstance(one, dict)]
    return found if len(found) <= MOST_KEYS else []


def key_named(keys: object, kid: str, algorithm: str) -> Key | None:
    """Give the key of a JWK Set that a statement names, if it is one for its algorithm."""
    named = [one for one in raw_keys(keys) if one.get("kid") == kid]
    return read_key(named[0], algorithm) if len(named) == 1 else None


def read_key(raw: Mapping[str, Any], algorithm: str) -> Key | None:
    """Read a public key if it can prove a signature of this algorithm."""
    kid = raw.get("kid")
    if raw.get("use", "sig") != "sig" or raw.get("alg", algorithm) != algorithm:
        return None
    if not isinstance(kid, str) or not kid or _PRIVATE & raw.keys():
        return None
    # What a key says of its use is looked at above; the library would refuse foreign members of it.
    try:
        if algorithm == "RS384" and raw.get("kty") == "RSA" and LEAST_BITS <= _bits(raw["n"]) <= MOST_BITS:
            return RSAKey.import_key({name: raw[name] for name in ("kty", "n", "e")})
        if algorithm == "ES384" and raw.get("kty") == "EC" and raw.get("crv") == "P-384":
            return ECKey.import_key({name: raw[name] for name in ("kty", "crv", "x", "y")})
    except (JoseError, ValueError, KeyError, TypeError):
        return None
    return None


def _bits(coded: str) -> int:
    """Give the length of a number in base64url. Raises ValueError."""
    return int.from_bytes(base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4))).bit_length()


def _wrong(detail: Phrase) -> WrongRegistration:
    return WrongRegistration(name="keys", value="-", detail=detail)
