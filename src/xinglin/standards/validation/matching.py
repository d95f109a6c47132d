"""Fixed and pattern values (http://hl7.org/fhir/R4/elementdefinition.html#interpretation)."""

from typing import Any

from xinglin.standards.validation.context import Json, is_array, is_object


def constant(element: Json, kind: str) -> Any:
    """Give the value of `fixed[x]` or `pattern[x]` of an `element`; None where it has none."""
    for key, value in element.items():
        if key.startswith(kind) and len(key) > len(kind) and key[len(kind)].isupper():
            return value
    return None


def equals(value: Any, expected: Any) -> bool:
    """Whether `value` is exactly `expected`."""
    if isinstance(value, bool) or isinstance(expected, bool):
        return value is expected
    if is_object(value) and is_object(expected):
        return value.keys() == expected.keys() and all(equals(value[key], expected[key]) for key in value)
    if is_array(value) and is_array(expected):
        return len(value) == len(expected) and all(map(equals, value, expected))
    return value == expected


def contains(value: Any, pattern: Any) -> bool:
    """Whether `value` has at least what `pattern` asks; each item of an array must be found somewhere."""
    if is_object(value) and is_object(pattern):
        return all(key in value and contains(value[key], one) for key, one in pattern.items())
    if is_array(value) and is_array(pattern):
        return all(any(contains(item, one) for item in value) for one in pattern)
    return equals(value, pattern)
