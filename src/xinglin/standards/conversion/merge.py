"""Join a part of a record with what is stored (`Mode.MERGE`)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, cast

from xinglin.core.exact_json import Json
from xinglin.standards.definitions import Element, type_model

_STEP: Final = re.compile(r"(\w+)(?:\[(\w+(?:,\w+)*)\]|\{(\w+)\})?")
_UNTOUCHED: Final = ("resourceType", "id")


@dataclass(frozen=True, slots=True)
class _Join:
    """How an array is joined: its elements are the same by `keys` (by equality where there are none).

    With a `group` its elements are told in groups, each whole.
    """

    keys: tuple[str, ...] = ()
    group: str | None = None
    inner: "dict[str, _Join]" = field(default_factory=dict[str, "_Join"])


def merge(
    stored: Json,
    part: Json,
    lists: Sequence[str],
    *,
    older: bool,
    removed: Sequence[str] = (),
    gaps: Sequence[str] = (),
) -> Json:
    """Give `stored` with what `part` says; neither is changed.

    Elements of `part` replace those of `stored`, or with `older` only add what is missing there. An element
    and its `_` companion are one, and so are the types of a choice: `deceasedDateTime` takes the place of
    `deceasedBoolean`. Arrays named in `lists` are joined:

    - `identifier`: elements that aren't there yet (compared whole) are added;
    - `identifier[system,value]`: elements with equal `system` and `value` are one, merged as records are;
    - `series[uid].instance[uid]`: so are series by `uid`, and within one series its instances;
    - `extension{url}`: all elements with one `url` are told together: they replace those stored with it.

    An object that is named (`period`) is merged as records are. `removed` names elements that are taken away
    (`period.end`; not by an older part), `gaps` those that only fill a gap, or replace `unknown`.

    Joining the same part again changes nothing. Raises ValueError where `lists` can't be read.
    """
    kind = stored.get("resourceType")
    for path in () if older else removed:
        stored = _without(stored, path.split("."), kind)
    part = {name: one for name, one in part.items() if name not in gaps or _is_gap(stored.get(name))}
    return _merge(stored, part, _joins(tuple(lists)), kind, older=older)


def _is_gap(value: Any) -> bool:
    return value is None or value == "unknown"


def _without(record: Json, path: Sequence[str], kind: Any) -> Json:
    name = path[0]
    if len(path) == 1:
        slot = _slot(name, kind)
        return {key: one for key, one in record.items() if _slot(key, kind) != slot}
    held = record.get(name)
    if not isinstance(held, dict):
        return record
    rest = _without(cast("Json", held), path[1:], _child(name, kind))
    return {key: rest if key == name else one for key, one in record.items() if key != name or rest}


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
            level = level.setdefault(match[1], _Join(keys, match[3])).inner
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
        elif name in joins and isinstance(stored.get(name), dict) and isinstance(value, dict):
            known, told = cast("Json", stored[name]), cast("Json", value)
            merged[name] = _merge(known, told, joins[name].inner, _child(name, kind), older=older)
        elif not (older and slot in taken):
            _clear(merged, slot, part, kind)
            merged[name] = value
    return merged


def _join(stored: list[Any], part: list[Any], how: _Join, kind: str | None, *, older: bool) -> list[Any]:
    if how.group:
        return _regroup(stored, part, how.group, older=older)
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


def _regroup(stored: list[Any], part: list[Any], group: str, *, older: bool) -> list[Any]:
    """Put each group of `part` in the place of the stored one."""
    known = [_group(one, group) for one in stored]
    told: dict[str, list[Any]] = {}
    for one in part:
        key = _group(one, group)
        if not (older and key in known):
            told.setdefault(key, []).append(one)
    joined: list[Any] = []
    for place, one in enumerate(stored):
        if known[place] not in told:
            joined.append(one)
        elif known[place] not in known[:place]:
            joined += told[known[place]]
    return joined + [one for key, ones in told.items() if key not in known for one in ones]


def _group(element: Any, name: str) -> str:
    return repr(cast("Json", element).get(name) if isinstance(element, dict) else element)


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
