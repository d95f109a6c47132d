"""JSON keeps its digits; what can't be kept faithfully is refused."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.core.exact_json import MAX_DEPTH, DuplicateKey, MalformedJson, TooDeep, dumps, loads

NUMBERS = ["1.10", "1e2", "1E-7", "0.0000001", "-0.0", "12345678901234567890.123456789", "1e400", "100", "-7"]


@pytest.mark.parametrize("number", NUMBERS)
def test_numbers_print_as_they_were_read(number: str) -> None:
    assert dumps(loads(f'{{"a":{number}}}'.encode())) == f'{{"a":{number}}}'.encode()


@pytest.mark.parametrize(
    "text", ["", "{", "[1,]", "nul", "NaN", "{'a':1}", '"\\ud800"', "\x00", "{}{}", "1.", "01", "+1"]
)
def test_malformed(text: str) -> None:
    with pytest.raises(MalformedJson):
        loads(text.encode())


def test_invalid_utf8_names_the_place() -> None:
    with pytest.raises(MalformedJson) as refused:
        loads(b'{"a":"\xc3\x28"}')
    assert refused.value.code == "XL3001"


@pytest.mark.parametrize("text", ['{"a":1,"a":1}', '{"b":[{"a":1,"a":2}]}', '{"a" :1,"c":"\\":","a"\n:2}'])
def test_duplicate_keys(text: str) -> None:
    with pytest.raises(DuplicateKey) as refused:
        loads(text.encode())
    assert '"a"' in str(refused.value)


def test_text_that_looks_like_keys_is_no_duplicate() -> None:
    assert loads(b'{"a":"\\"a\\":","b":"x\\" :"}') == {"a": '"a":', "b": 'x" :'}


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 1_000, 200_000])
def test_deep_nesting(depth: int) -> None:
    with pytest.raises(TooDeep):
        loads(b"[" * depth + b"]" * depth)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=30,
)


@given(VALUES)
def test_agrees_with_the_standard_library(value: object) -> None:
    text = json.dumps(value).encode()
    assert loads(text) == value
    assert json.loads(dumps(loads(text))) == value


@given(st.binary(max_size=60))
def test_no_bytes_crash_it(data: bytes) -> None:
    with contextlib.suppress(MalformedJson, DuplicateKey, TooDeep):
        loads(data)
