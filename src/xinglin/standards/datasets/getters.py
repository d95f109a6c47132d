"""What a mapping is compiled to: functions that take a value from a row, and how they are put together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from xinglin.core.exact_json import Json
from xinglin.standards.datasets.errors import WrongCell
from xinglin.standards.datasets.functions import Function, Getter
from xinglin.standards.datasets.rows import Row
from xinglin.standards.datasets.values import BadValue


@dataclass(frozen=True, slots=True)
class Part:
    """A compiled node. `read` gives its value; `live` tells whether it reads any column."""

    read: Getter
    live: bool


def nothing(_row: Row) -> None:
    """Give nothing."""
    return


def cell(place: int) -> Getter:
    """Give the text of a cell; None where it is empty."""
    return lambda row: row.cells[place] or None


def words_only(text: Getter) -> Getter:
    """Give only a text: a name without a code still tells what is meant."""

    def words(row: Row) -> Json | None:
        found = text(row)
        return {"text": found} if found else None

    return words


def aside(places: tuple[int, ...]) -> Getter:
    """Keep beside the resource what only goes with a value, where the value is missing."""
    if not places:
        return nothing
    return lambda row: row.aside.update(places)


def first_step(read: Getter, function: Function, absent: Getter, name: str) -> Getter:
    """Apply the first function to a cell; `name` is the column that a bad value is reported for."""

    def apply(row: Row) -> Any:
        value = read(row)
        if value is None:
            return absent(row)
        try:
            return function(value, row)
        except BadValue as bad:
            raise WrongCell(column=name, detail=bad.detail, expression=name) from None

    return apply


def next_step(read: Getter, function: Function) -> Getter:
    """Apply a further function to what the ones before it gave, if they gave anything."""

    def apply(row: Row) -> Any:
        value = read(row)
        return None if value is None else function(value, row)

    return apply


def guarded(read: Getter, holds: Callable[[Row], bool], places: tuple[int, ...]) -> Getter:
    """Give a value where a condition holds, else keep beside the resource what would have stood in it."""

    def guard(row: Row) -> Any:
        if holds(row):
            return read(row)
        row.aside.update(places)
        return None

    return guard


def object_of(parts: Sequence[tuple[str, Part]], *, always: bool) -> Getter:
    """Give an object; without `always` only where one of its live elements is there."""
    reads = [(key.removesuffix("[x]"), part.read, part.live, key.endswith("[x]")) for key, part in parts]

    def build(row: Row) -> Json | None:
        found: Json = {}
        live = always
        for key, read, counts, choice in reads:
            value = read(row)
            if value is None:
                continue
            if choice:
                found[key + value[0]] = value[1]
            else:
                found[key] = value
            if counts:
                live = True
        return found if live else None

    return build


def joined(reads: Sequence[Getter]) -> Getter:
    """Give an array of what is there; values that are arrays themselves are taken apart."""

    def many(row: Row) -> list[Any] | None:
        found: list[Any] = []
        for read in reads:
            value = read(row)
            if isinstance(value, list):
                found += cast("list[Any]", value)
            elif value is not None:
                found.append(value)
        return found or None

    return many


def parts_of(text: str, separators: str) -> list[str]:
    """Split a cell at any of `separators`."""
    for one in separators[1:]:
        text = text.replace(one, separators[0])
    return [part.strip() for part in text.split(separators[0]) if part.strip()]
