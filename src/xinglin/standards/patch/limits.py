"""How much a patch may do, and what keeps it from touching what it was given."""

from typing import Any, Final

from xinglin.core.exact_json import MAX_DEPTH
from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath.values import is_array, is_object
from xinglin.standards.patch.errors import PatchTooLarge

MAX_OPERATIONS: Final = 10_000
"""Most operations in one patch."""
MAX_COPIED: Final = 1_000_000
"""Most values that the copies of one patch may make."""


def check_count(operations: int) -> None:
    """Raise PatchTooLarge where a patch has more operations than allowed."""
    if operations > MAX_OPERATIONS:
        raise PatchTooLarge(
            detail=Phrase("{count} operations, {limit} are allowed", count=operations, limit=MAX_OPERATIONS)
        )


def copy_json(value: Any) -> Any:
    """Copy dicts and lists; numbers and texts stay the same objects, so decimals keep their digits."""
    if is_object(value):
        return {key: copy_json(one) for key, one in value.items()}
    if is_array(value):
        return [copy_json(one) for one in value]
    return value


def measure(value: Any) -> int:
    """Count the values in JSON. Raises PatchTooLarge where it is nested deeper than records may be."""
    count, depth, level = 0, 0, [value]
    while level:
        if depth > MAX_DEPTH:
            raise PatchTooLarge(detail=Phrase("its result nests deeper than {limit} levels", limit=MAX_DEPTH))
        count, depth = count + len(level), depth + 1
        level = [child for one in level for child in _inside(one)]
    return count


def _inside(value: Any) -> list[Any]:
    return list(value.values()) if is_object(value) else value if is_array(value) else []
