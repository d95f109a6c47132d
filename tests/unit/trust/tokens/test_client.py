"""What may be registered of a program, its keys, and what it shows of itself."""

import base64
from typing import Any

import msgspec
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from xinglin.trust.tokens import secret
from xinglin.trust.tokens.bearer import bearer, refuse_in_address
from xinglin.trust.tokens.client import Client, checked, listed
from xinglin.trust.tokens.errors import TokenInAddress, WrongRegistration, WrongToken
from xinglin.trust.tokens.keys import key_named

EC = ECKey.generate_key("P-384", private=True)
RSA = RSAKey.generate_key(2048, private=True)


def jwk(key: ECKey | RSAKey | OctKey, *, private: bool = False, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=private), "kid": "k", **more}


KEYS = {"keys": [jwk(EC)]}
SHORT = {"kty": "RSA", "n": "_" * 171, "e": "AQAB", "kid": "k"}
"""A key of 1,026 bits."""

NO_POINT = {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA", "kid": "k"}
APP = Client(
    id="app",
    name="App",
    kind="public",
    redirects=("https://app.example/back",),
    scopes=("user/*.read", "openid"),
    purposes=("TREAT",),
)
SERVICE = Client(
    id="feed",
    name="Feed",
    kind="backend",
    keys=KEYS,
    scopes=("system/*.rs",),
    roles=("institution-system",),
    purposes=("TREAT",),
)


def test_what_may_be_registered() -> None:
    assert checked(APP).scopes == ("openid", "user/*.rs")
    assert checked(SERVICE) == SERVICE
    for kind in ("confidential", "public"):
        assert checked(msgspec.structs.replace(APP, kind=kind))
    assert checked(msgspec.structs.replace(APP, kind="confidential", keys_url="https://app.example/keys"))
    assert checked(msgspec.structs.replace(SERVICE, scopes=(), introspects=True))


@pytest.mark.parametrize(
    ("client", "change", "name"),
    [
        (APP, {"id": "App"}, "id"),
        (APP, {"id": ""}, "id"),
        (APP, {"name": " "}, "name"),
        (APP, {"name": "a\nb"}, "name"),
        (APP, {"contact": "x" * 300}, "contact"),
        (APP, {"keys": KEYS}, "keys"),
        (APP, {"redirects": ()}, "redirects"),
        (APP, {"redirects": ("http://app.example/back",)}, "redirects"),
        (APP, {"redirects": tuple(f"https://app.example/{n}" for n in range(21))}, "redirects"),
        (APP, {"roles": ("clinician",)}, "roles"),
        (APP, {"purposes": ()}, "purposes"),
        (APP, {"purposes": ("treat",)}, "purposes"),
        (APP, {"scopes": ("system/*.rs",)}, "scopes"),
        (APP, {"scopes": ("user/*",)}, "scopes"),
        (SERVICE, {"keys": None}, "keys"),
        (SERVICE, {"keys_url": "https://app.example/keys"}, "keys"),
        (SERVICE, {"keys": None, "keys_url": "http://app.example/keys"}, "keys_url"),
        (SERVICE, {"keys": None, "keys_url": "https://a@app.example/keys"}, "keys_url"),
        (SERVICE, {"keys": None, "keys_url": "file:///etc/passwd"}, "keys_url"),
        (SERVICE, {"redirects": ("https://app.example/back",)}, "redirects"),
        (SERVICE, {"roles": ()}, "roles"),
        (SERVICE, {"roles": ("A B",)}, "roles"),
        (SERVICE, {"scopes": ("user/*.rs",)}, "scopes"),
        (SERVICE, {"scopes": ("openid",)}, "scopes"),
        (SERVICE, {"scopes": ()}, "scopes"),
        (SERVICE, {"institution": "a/b"}, "institution"),
        (SERVICE, {"keys": {}}, "keys"),
        (SERVICE, {"keys": {"keys": []}}, "keys"),
        (SERVICE, {"keys": {"keys": "x"}}, "keys"),
        (SERVICE, {"keys": {"keys": [jwk(EC, private=True)]}}, "keys"),
        (SERVICE, {"keys": {"keys": [jwk(EC), jwk(RSA)]}}, "keys"),
        (SERVICE, {"keys": {"keys": [SHORT]}}, "keys"),
        (SERVICE, {"keys": {"keys": [jwk(ECKey.generate_key("P-256", private=True))]}}, "keys"),
        (SERVICE, {"keys": {"keys": [jwk(EC, use="enc")]}}, "keys"),
        (SERVICE, {"keys": {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "k"}]}}, "keys"),
        (
            SERVICE,
            {"keys": {"keys": [{"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA", "kid": "k"}]}},
            "keys",
        ),
    ],
)
def test_what_may_not(client: Client, change: dict[str, Any], name: str) -> None:
    with pytest.raises(WrongRegistration) as raised:
        checked(msgspec.structs.replace(client, **change))
    assert raised.value.params["name"] == name


def test_a_key_is_for_one_algorithm() -> None:
    keys = {"keys": [jwk(EC, kid="ec"), jwk(RSA, kid="rsa", alg="RS384"), jwk(RSA, kid="ps", alg="PS384")]}
    assert key_named(keys, "ec", "ES384") is not None
    assert key_named(keys, "rsa", "RS384") is not None
    for kid, algorithm in (
        ("ec", "RS384"),
        ("rsa", "ES384"),
        ("ps", "RS384"),
        ("ec", "none"),
        ("x", "ES384"),
    ):
        assert key_named(keys, kid, algorithm) is None
    assert key_named({"keys": [jwk(EC), jwk(EC)]}, "k", "ES384") is None


def test_lists_of_the_command_line() -> None:
    assert listed(["a b", "c,d"]) == ("a", "b", "c", "d")
    assert listed(None) == ()


@pytest.mark.parametrize(
    ("header", "token"),
    [("Bearer abc", "abc"), ("bearer a.b-c_d~+/==", "a.b-c_d~+/=="), ("Basic abc", None), ("", None)],
)
def test_bearer(header: str, token: str | None) -> None:
    assert bearer(header) == token


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer é", "Bearer " + "x" * 300]
)
def test_what_is_no_bearer(header: str) -> None:
    with pytest.raises(WrongToken):
        bearer(header)


def test_no_token_in_an_address() -> None:
    refuse_in_address(["_count", "code"])
    with pytest.raises(TokenInAddress):
        refuse_in_address(["_count", "access_token"])


def test_secrets() -> None:
    made = secret.make("access")
    assert len(base64.urlsafe_b64decode(made.removeprefix("xla_") + "=")) == 32
    assert made != secret.make("access")
    assert secret.matches(made, secret.hashed(made))
    assert not secret.matches(made + "x", secret.hashed(made))
    assert not secret.matches(made, None)
    assert not secret.matches("", None)
