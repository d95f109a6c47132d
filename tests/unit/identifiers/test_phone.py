"""Telephone numbers as they stand in Chinese records."""

import pytest

from xinglin.standards.identifiers import SCHEMES, Fault, Identifier, Kind

PHONE = SCHEMES[Kind.PHONE]


@pytest.mark.parametrize(
    ("text", "value", "sort"),
    [
        ("13800138000", "+8613800138000", "mobile"),
        ("138-0013-8000", "+8613800138000", "mobile"),
        ("１３８００１３８０００", "+8613800138000", "mobile"),
        ("13800138000.0", "+8613800138000", "mobile"),
        ("'13800138000", "+8613800138000", "mobile"),
        ("+86 138 0013 8000", "+8613800138000", "mobile"),
        ("0086-13800138000", "+8613800138000", "mobile"),
        ("0791-86212345", "+8679186212345", "fixed"),
        ("(0791) 8621 2345", "+8679186212345", "fixed"),
        ("79186212345", "+8679186212345", "fixed"),
        ("010-66552929", "+861066552929", "fixed"),
        ("0791-86212345-801", "+8679186212345;ext=801", "fixed"),
        ("0791-86212345转801", "+8679186212345;ext=801", "fixed"),
        ("400-812-3123", "+864008123123", "other"),
        ("+852 2345 6789", "+85223456789", "fixed"),
    ],
)
def test_one_normal_form(text, value, sort):
    found = PHONE.parse(text)
    assert isinstance(found, Identifier)
    assert (found.value, found.parts["type"]) == (value, sort)
    assert PHONE.normalise(text) == value
    assert PHONE.normalise(value) == value


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "empty"),
        ("86212345", "area-code"),
        ("120", "area-code"),
        ("1380013800", "form"),
        ("138001380001", "form"),
        ("无", "form"),
        ("张三13800138000", "form"),
        ("1380013ABCD", "form"),
        ("13800138000/13900139000", "form"),
        ("0" * 100, "form"),
    ],
)
def test_what_is_wrong_is_told(text, rule):
    found = PHONE.parse(text)
    assert isinstance(found, Fault)
    assert found.rule == rule


def test_ranges_not_in_use_are_refused_only_by_strict_reading():
    number = PHONE.invented(17)
    found = PHONE.parse(number)
    assert isinstance(found, Identifier)
    assert found.parts["range"] == "unknown"
    strict = PHONE.parse(number, strict=True)
    assert isinstance(strict, Fault)
    assert strict.rule == "unassigned"


@pytest.mark.parametrize(
    ("text", "shown"), [("13800138000", "+86138******00"), ("86212345", "********"), ("call me", "******")]
)
def test_mask(text, shown):
    assert PHONE.mask(text) == shown
