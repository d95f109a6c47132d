"""Addresses that apps return to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.trust.tokens.redirects import fault_of_redirect, is_registered, with_parameters


@pytest.mark.parametrize(
    "address",
    [
        "https://app.example/back",
        "https://app.example:8443/back?x=1",
        "http://127.0.0.1/back",
        "http://[::1]:4711/back",
    ],
)
def test_what_may_be_registered(address: str) -> None:
    assert fault_of_redirect(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "app.example/back",
        "http://app.example/back",
        "http://localhost/back",
        "https://",
        "https:///back",
        "https://app.example/back#part",
        "https://wang@app.example/back",
        "https://app.example/*",
        "https://*.example/back",
        "https://app.example\\back",
        "https://app.example/a/../back",
        "https://app.example/ back",
        "https://app.example/back\n",
        "https://应用.example/back",
        "https://app.example:0/back",
        "https://app.example:port/back",
        "https://[::1/back",
        "javascript:alert(1)",
        "com.example.app:/back",
        "https://app.example/" + "x" * 1_000,
    ],
)
def test_what_may_not_be_registered(address: str) -> None:
    fault = fault_of_redirect(address)
    assert fault is not None
    assert fault.text("zh") != fault.text("en")


def test_the_port_is_free_on_the_own_machine_only() -> None:
    assert is_registered("http://127.0.0.1:4711/back", ["http://127.0.0.1/back"])
    assert is_registered("http://127.0.0.1/back", ["http://127.0.0.1:1/back"])
    assert is_registered("http://[::1]:4711/back", ["http://[::1]/back"])
    assert not is_registered("https://app.example:4711/back", ["https://app.example/back"])
    assert not is_registered("http://127.0.0.1:4711/back?x", ["http://127.0.0.1/back"])
    assert not is_registered("http://127.0.0.2:4711/back", ["http://127.0.0.1/back"])
    assert not is_registered("https://127.0.0.1:4711/back", ["https://127.0.0.1/back"])
    assert not is_registered("http://127.0.0.1:99999/back", ["http://127.0.0.1/back"])


@given(
    st.text(max_size=80) | st.from_regex(r"https?://[a-z0-9.\[\]:@\\]{0,20}(/[a-z./%]{0,9})?", fullmatch=True)
)
def test_nothing_else_is_the_registered_one(address: str) -> None:
    known = "https://app.example/back"
    assert is_registered(address, [known]) == (address == known)


@given(st.from_regex(r"http://127\.0\.0\.1[0-9:@./a-z]{0,20}", fullmatch=True))
def test_loopback_is_loopback(address: str) -> None:
    if is_registered(address, ["http://127.0.0.1/back"]):
        host, path = address.removeprefix("http://").split("/", 1)
        assert host.partition(":")[0] == "127.0.0.1"
        assert path == "back"


def test_what_an_app_is_told_is_added_to_its_query() -> None:
    told = {"code": "a&b", "state": "x y"}
    assert (
        with_parameters("https://app.example/back", told) == "https://app.example/back?code=a%26b&state=x%20y"
    )
    assert with_parameters("https://a.example/?z=1", {"code": "c"}) == "https://a.example/?z=1&code=c"
