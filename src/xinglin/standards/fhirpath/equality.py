"""What it means for two values to be equal, alike or ordered.

http://hl7.org/fhirpath/N1/#equality, #equivalence, #comparison; our readings: docs/spec-readings.md
"""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath.errors import EvaluationError
from xinglin.standards.fhirpath.quantity import Quantity
from xinglin.standards.fhirpath.temporal import Temporal, Time
from xinglin.standards.fhirpath.values import Node, children, describe, to_system


def equal(left: Any, right: Any) -> bool | None:
    """Compare two single items for `=`; None where that can't be decided."""
    left, right = to_system(left), to_system(right)
    if isinstance(left, Temporal) and isinstance(right, Temporal):
        if (type(left) is Time) != (type(right) is Time):
            return False
        order = left.compare(right)
        return None if order is None else order == 0
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        left, right = _as_quantity(left), _as_quantity(right)
        if left is None or right is None:
            return False
        order = left.compare(right)
        return None if order is None else order == 0
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if type(left) is Node and type(right) is Node:
        return _deep_equal(left, right)
    return bool(left == right)


def _as_quantity(value: Any) -> Quantity | None:
    if isinstance(value, Quantity):
        return value
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return Quantity(Decimal(value), "1")
    return None


def _deep_equal(left: Node, right: Node) -> bool:
    if left.value == right.value and left.extras == right.extras:
        return True
    mine, theirs = children(left), children(right)
    if not mine or len(mine) != len(theirs):
        return False
    ordered = [sorted(nodes, key=lambda n: n.key) for nodes in (mine, theirs)]
    return all(a.key == b.key and equal(a, b) for a, b in zip(*ordered, strict=True))


def equal_lists(left: Sequence[Any], right: Sequence[Any]) -> bool | None:
    """Compare two collections for `=`: the same items in the same order; None where empty or undecided."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    answer: bool | None = True
    for a, b in zip(left, right, strict=True):
        same = equal(a, b)
        if same is False:
            return False
        if same is None:
            answer = None
    return answer


def equivalent(left: Any, right: Any) -> bool:
    """Compare two single items for `~`."""
    left, right = to_system(left), to_system(right)
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) and isinstance(right, str):
        return _folded(left) == _folded(right)
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        left, right = _as_quantity(left), _as_quantity(right)
        return left is not None and right is not None and left.equivalent(right)
    if isinstance(left, (int, Decimal)) and isinstance(right, (int, Decimal)):
        return _equivalent_numbers(Decimal(left), Decimal(right))
    if isinstance(left, Temporal) and isinstance(right, Temporal):
        return (type(left) is Time) == (type(right) is Time) and left.equivalent(right)
    if type(left) is Node and type(right) is Node:
        mine = [n for n in children(left) if n.key != "id"]
        theirs = [n for n in children(right) if n.key != "id"]
        return equivalent_lists(mine, theirs, same_key=True)
    return False


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _equivalent_numbers(left: Decimal, right: Decimal) -> bool:
    places = [max(0, -int(n.normalize().as_tuple().exponent)) for n in (left, right)]
    step = Decimal(1).scaleb(-min(places))
    return left.quantize(step) == right.quantize(step) if left != right else True


def equivalent_lists(left: Sequence[Any], right: Sequence[Any], *, same_key: bool = False) -> bool:
    """Compare two collections for `~`: the same items in any order."""
    if len(left) != len(right):
        return False
    rest = list(right)
    for item in left:
        for index, other in enumerate(rest):
            if (not same_key or item.key == other.key) and equivalent(item, other):
                del rest[index]
                break
        else:
            return False
    return True


def compare(left: Any, right: Any) -> int | None:
    """Order two single items: -1, 0, 1, or None where undecided. Raises EvaluationError for no order."""
    left, right = to_system(left), to_system(right)
    if (
        isinstance(left, Temporal)
        and isinstance(right, Temporal)
        and (type(left) is Time) == (type(right) is Time)
    ):
        return left.compare(right)
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        mine, theirs = _as_quantity(left), _as_quantity(right)
        if mine is not None and theirs is not None:
            return mine.compare(theirs)
    elif (isinstance(left, str) and isinstance(right, str)) or (_is_number(left) and _is_number(right)):
        a: Any = left
        b: Any = right
        return (a > b) - (a < b)
    raise EvaluationError(
        detail=Phrase("{one} and {other} can't be ordered", one=describe(left), other=describe(right))
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def unique_key(item: Any) -> Any:
    """Give a key that equal items share, or None where only `equal` can tell."""
    value = to_system(item)
    if isinstance(value, str):
        return ("s", value)
    if isinstance(value, bool):
        return ("b", value)
    if isinstance(value, (int, Decimal)):
        return ("n", value)
    return None


class Distinct:
    """Items of which none equals another, in the order they came."""

    def __init__(self, limit: Callable[[int], None]) -> None:
        """Start with none; `limit` is told how much work was done."""
        self.items: list[Any] = []
        self._keys: set[Any] = set()
        self._slow: list[Any] = []
        self._limit = limit

    def add(self, item: Any) -> bool:
        """Take `item` in unless one equal to it is there; say whether it was new."""
        key = unique_key(item)
        if key is None:
            self._limit(len(self._slow) // 8)
            if any(equal(item, other) for other in self._slow):
                return False
            self._slow.append(item)
        elif key in self._keys:
            return False
        else:
            self._keys.add(key)
        self.items.append(item)
        return True


def distinct(items: Iterable[Any], limit: Callable[[int], None]) -> list[Any]:
    """Drop items equal to an earlier one."""
    kept = Distinct(limit)
    for item in items:
        kept.add(item)
    return kept.items
