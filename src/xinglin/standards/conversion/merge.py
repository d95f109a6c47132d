"""Join a part of a record with what is stored (`Mode.MERGE`)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, cast

from xinglin.core.exact_json import Json
from xinglin.standards.definitions import Element, type_model

_STEP: Final = re.compile(r"(\w+)(?:\[(\w+(?:,\w+)*)\])?")
_UNTOUCHED: Final = ("resourceType", "id")


@dataclass(frozen=True, slots=True)
class _Join:
    """How an array is joined: its elements are the same by `keys` (by equality where there are none)."""

    keys: tuple[str, ...] = ()
    inner: "dict[str, _Join]" = field(default_factory=dict[str, "_Join"])


def merge(stored: Json, part: Json, lists: Sequence[str], *, older: bool) -> Json:
    """Give `stored` with what `part` says; neither is changed.

    Elements of `part` replace those of `stored`, or with `older` only add what is missing there. An element
    and its `_` companion are one, and so are the types of a choice: `deceasedDateTime` takes the place of
    `deceasedBoolean`. Arrays named in `lists` are joined:

    - `identifier`: elements that aren't there yet (compared whole) are added;
    - `identifier[system,value]`: elements with equal `system` and `value` are one, merged as records are;
    - `series[uid].instance[uid]`: so are series by `uid`, and within one series its instances.

    Joining the same part again changes nothing. Raises ValueError where `lists` can't be read.
    """
    return _merge(stored, part, _joins(tuple(lists)), stored.get("resourceType"), older=older)


@cache
def _joins(lists: tuple[str, ...]) -> Mapping[str, _Join]:
    root: dict[str, _Join] = {}
    for path in lists:
        level = root
        for step in path.split("."):
            match = _STEP.fullmatch(step)
            if match is None:
                raise ValueError(f"{path!r} names no array")
            keys = tuple(match[2].split(",")) if match[2] else ()
            level = level.setdefault(match[1], _Join(keys)).inner
    return root


def _merge(stored: Json, part: Json, joins: Mapping[str, _Join], kind: Any, *, older: bool) -> Json:
    merged = dict(stored)
    taken = {_slot(name, kind) for name in stored}
    for name, value in part.items():
        slot = _slot(name, kind)
        if name in _UNTOUCHED:
            merged.setdefault(name, value)
        elif name in joins and _is_list(stored.get(name, [])) and _is_list(value):
            merged[name] = _join(stored.get(name, []), value, joins[name], _child(name, kind), older=older)
        elif not (older and slot in taken):
            _clear(merged, slot, part, kind)
            merged[name] = value
    return merged


def _join(stored: list[Any], part: list[Any], how: _Join, kind: str | None, *, older: bool) -> list[Any]:
    joined = list(stored)
    places = {key: place for place, one in reversed([*enumerate(joined)]) if (key := _key(one, how))}
    for one in part:
        key = _key(one, how)
        if key is not None and key in places:
            place = places[key]
            joined[place] = _merge(joined[place], one, how.inner, kind, older=older)
        elif key is not None:
            places[key] = len(joined)
            joined.append(_merge({}, one, how.inner, kind, older=older))
        elif one not in joined:
            joined.append(one)
    return joined


def _key(element: Any, how: _Join) -> tuple[str, ...] | None:
    """Give what identifies an element; None where it has no such key, so that it is compared whole."""
    if not how.keys or not isinstance(element, dict):
        return None
    values = [cast("Json", element).get(name) for name in how.keys]
    return tuple(map(repr, values)) if None not in values else None


def _clear(merged: Json, slot: str, part: Json, kind: Any) -> None:
    """Take away what stood in `slot`, except what `part` itself has put there."""
    for name in [one for one in merged if one not in part and _slot(one, kind) == slot]:
        del merged[name]


def _slot(name: str, kind: Any) -> str:
    """Give the element that a JSON name belongs to: `value` for `valueString` and for `_valueString`."""
    plain = name.removeprefix("_")
    return next((one for one in _choices(kind) if _is_choice(plain, one)), plain)


def _is_choice(name: str, choice: str) -> bool:
    return name.startswith(choice) and name[len(choice) : len(choice) + 1].isupper()


@cache
def _choices(kind: Any) -> Sequence[str]:
    return [name for name, element in _elements(kind).items() if element.choice]


def _child(name: str, kind: Any) -> str | None:
    found = _elements(kind).get(name)
    return found.types[0] if found and found.types else None


def _elements(kind: Any) -> Mapping[str, Element]:
    types = type_model()
    return types[kind].elements if kind in types else {}


def _is_list(value: Any) -> bool:
    return isinstance(value, list)
