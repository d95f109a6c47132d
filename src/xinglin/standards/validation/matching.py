"""Fixed and pattern values. http://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.fixed_x_"""

from typing import Any, cast

Json = dict[str, Any]


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
    if isinstance(value, dict) and isinstance(expected, dict):
        mine, theirs = cast("Json", value), cast("Json", expected)
        return mine.keys() == theirs.keys() and all(equals(mine[key], theirs[key]) for key in mine)
    if isinstance(value, list) and isinstance(expected, list):
        items, wanted = cast("list[Any]", value), cast("list[Any]", expected)
        return len(items) == len(wanted) and all(map(equals, items, wanted))
    return value == expected


def contains(value: Any, pattern: Any) -> bool:
    """Whether `value` has at least what `pattern` asks; each item of an array must be found somewhere."""
    if isinstance(value, dict) and isinstance(pattern, dict):
        mine, theirs = cast("Json", value), cast("Json", pattern)
        return all(key in mine and contains(mine[key], theirs[key]) for key in theirs)
    if isinstance(value, list) and isinstance(pattern, list):
        items = cast("list[Any]", value)
        return all(any(contains(item, one) for item in items) for one in cast("list[Any]", pattern))
    return equals(value, pattern)
