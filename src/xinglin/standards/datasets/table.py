"""A compiled table: from the cells of a row to facts, or to the reason why not."""

import re
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote

from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Fact, Mode, Origin
from xinglin.standards.datasets.codes import table_of
from xinglin.standards.datasets.compiler import Compiler, Maker
from xinglin.standards.datasets.errors import LostDigits, NoKey, TooManyCells
from xinglin.standards.datasets.expressions import cells
from xinglin.standards.datasets.getters import parts_of
from xinglin.standards.datasets.header import Layout
from xinglin.standards.datasets.model import Block, Column, DataMapping, columns_of
from xinglin.standards.datasets.rows import Row
from xinglin.standards.datasets.scope import MOST_VALUES, Turn
from xinglin.standards.datasets.values import narrow, to_datetime

KEPT: Final = "urn:xinglin:dataset:"
"""Extensions with fields that have no place in FHIR, or weren't understood: this and the internal id."""
_ROUNDED: Final = re.compile(r"[0-9]\.[0-9]+E\+?[0-9]{2}")
"""A long number as Excel shows it: 3.68121E+17."""
_LAST_NUMBER: Final = re.compile(r"(\d+)$")
_PERSON: Final = "Patient"
_LONGEST_NUMBER: Final = 50
"""Characters of the longest columns that hold numbers; wider ones hold words."""


class Table:
    """A mapping compiled for one header and one source."""

    def __init__(self, mapping: DataMapping, layout: Layout, origin: Origin, *, serial: bool = False) -> None:
        """Compile. Raises WrongMapping."""
        self.mapping = mapping
        self.layout = layout
        self.origin = origin
        compiler = Compiler(mapping, layout, origin, serial=serial)
        made = [compiler.block(block, turn) for block in mapping.blocks for turn in _turns(compiler, block)]
        self._makers = [maker for maker in made if maker.keys or maker.block.label == mapping.main]
        self._person = _person_columns(mapping)
        self._time = compiler.leaves.expression(mapping.time, Turn()).read if mapping.time else None
        placed = set[int]().union(*(maker.places for maker in self._makers))
        self._unplaced = tuple(at for at in range(len(layout.header)) if at not in placed)
        self._cleaners = _cleaners(mapping, layout, origin)
        self._urls = _urls(mapping, layout)

    def read(self, cells: list[str]) -> tuple[list[Fact], list[str]]:
        """Give a row's facts and what of it isn't understood. Raises IntakeError."""
        row = Row(self._clean(cells), self.layout.header)
        time = self._time(row) if self._time else None
        moment = to_datetime(time, self.origin.zone) if time else None
        resources = self._resources(row)
        self._refuse_nobody(resources)
        self._keep(row, resources)
        facts = [Fact(resource, moment, maker.block.mode, _lists(maker)) for maker, resource in resources]
        return facts, row.unknown

    def _refuse_nobody(self, resources: Iterable[tuple[Maker, Json]]) -> None:
        """Refuse a record of a person that names nobody: a number of the record alone makes no person."""
        people = (one for maker, one in resources if maker.block.resource == _PERSON)
        if self._person and not any("identifier" in one or "name" in one for one in people):
            told = ", ".join(self._person)
            raise NoKey(resource=_PERSON, columns=told, expression=told)

    def _clean(self, cells: list[str]) -> list[str]:
        width = len(self.layout.header)
        cleaned = [cell.strip() for cell in cells]
        if len(cleaned) > width:
            if any(cleaned[width:]):
                raise TooManyCells(found=len(cleaned), expected=width)
            del cleaned[width:]
        elif len(cleaned) < width:
            cleaned += [""] * (width - len(cleaned))
        for place, clean in self._cleaners:
            if cleaned[place]:
                cleaned[place] = clean(cleaned[place])
        return cleaned

    def _resources(self, row: Row) -> list[tuple[Maker, Json]]:
        made: list[tuple[Maker, int, str]] = []
        for maker in self._makers:
            for number, value in _values(maker, row):
                one = self._id_of(maker, row, value)
                if one is None:
                    row.aside.update(maker.places)
                else:
                    row.ids[maker.block.label, number] = one
                    made.append((maker, number, value))
        return [(maker, self._built(maker, row, number, value)) for maker, number, value in made]

    def _id_of(self, maker: Maker, row: Row, value: str) -> str | None:
        if maker.splits is None:
            return self._id(maker, row)
        with _standing(row, maker.splits[0], value):
            return self._id(maker, row)

    @staticmethod
    def _built(maker: Maker, row: Row, number: int, value: str) -> Json:
        head = {"resourceType": maker.block.resource, "id": row.ids[maker.block.label, number]}
        if maker.splits is None:
            return {**head, **maker.build(row)}
        with _standing(row, maker.splits[0], value):
            return {**head, **maker.build(row)}

    def _id(self, maker: Maker, row: Row) -> str | None:
        if maker.holds is not None and not maker.holds(row):
            return None
        for key in maker.keys:
            parts = [_key_text(part(row)) for part in key]
            if all(part is not None for part in parts):
                return self.origin.id(maker.block.resource, *(part for part in parts if part is not None))
        if maker.block.label == self.mapping.main:
            names = sorted(set[str]().union(*(cells(part) for key in maker.block.keys for part in key)))
            told = ", ".join(names)
            raise NoKey(resource=maker.block.resource, columns=told, expression=told)
        return None

    def _keep(self, row: Row, resources: list[tuple[Maker, Json]]) -> None:
        """Keep beside the main resource what has no place in it, or wasn't understood."""
        aside = row.aside.difference(*(maker.sure for maker, _ in resources)) if row.aside else row.aside
        places = {*self._unplaced, *row.left, *aside}
        kept = [
            {"url": self._urls[at], "valueString": row.cells[at]} for at in sorted(places) if row.cells[at]
        ]
        if not kept:
            return
        main = next((one for maker, one in resources if maker.block.label == self.mapping.main), None)
        if main is not None:
            main.setdefault("extension", []).extend(kept)


def _person_columns(mapping: DataMapping) -> list[str]:
    """Name the columns with the numbers and the name of the person that a data set is about, if it is."""
    found: dict[str, None] = {}
    for block in mapping.blocks:
        if block.resource == _PERSON:
            nodes = (
                block.tree.elements[name] for name in ("identifier", "name") if name in block.tree.elements
            )
            found |= dict.fromkeys(name for node in nodes for name in sorted(columns_of(node)))
    return list(found)


def _turns(compiler: Compiler, block: Block) -> Iterable[Turn]:
    if not block.each:
        return (Turn(),)
    return [*compiler.scope.turns(block.each)] or (Turn(),)


def _values(maker: Maker, row: Row) -> list[tuple[int, str]]:
    """Give the repetitions of a resource in one row: one, or one for each value of a cell."""
    if maker.splits is None:
        return [(maker.number, "")]
    place, separators = maker.splits
    found = parts_of(row.cells[place], separators)
    if len(found) > MOST_VALUES:
        row.leave(place)
    return list(enumerate(found[:MOST_VALUES], 1))


@contextmanager
def _standing(row: Row, place: int, value: str) -> Generator[None]:
    """Let one of several values stand in a cell."""
    whole = row.cells[place]
    row.cells[place] = value
    try:
        yield
    finally:
        row.cells[place] = whole


def _lists(maker: Maker) -> tuple[str, ...]:
    """Join what is kept beside a record that several rows put together."""
    lists = maker.block.lists
    return (*lists, "extension") if maker.block.mode is Mode.MERGE else lists


def _key_text(value: Any) -> str | None:
    """Give the text of a part of a key; of an identifier, its system and value."""
    if isinstance(value, dict):
        return f"{value['system']}|{value['value']}"
    return None if value is None else str(value)


def _length(column: Column) -> int:
    found = _LAST_NUMBER.search(column.format)
    return int(found[1]) if found else 0


def _cleaners(mapping: DataMapping, layout: Layout, origin: Origin) -> list[tuple[int, Callable[[str], str]]]:
    everywhere = frozenset(filter(None, origin.declared.get("missing", "").split(",")))
    return [
        (place, clean)
        for name, places in layout.places.items()
        for place in places
        if (clean := _cleaner(mapping.columns[name], everywhere, origin)) is not None
    ] + [(place, _blank(everywhere)) for place in layout.strange if everywhere]


def _cleaner(column: Column, everywhere: frozenset[str], origin: Origin) -> Callable[[str], str] | None:
    """Give what cleans a column's cells before they are read: "nothing", lost zeros, full width."""
    missing, width, codes = column.missing | everywhere, column.width, column.kind != "S1"
    numeric = (
        column.kind[0] == "S" and not column.format.startswith("A.") and _length(column) <= _LONGEST_NUMBER
    )
    if not (missing or width or codes or numeric):
        return None
    table = table_of(column.table, origin.declared.get, column.edition) if column.table and width else None
    separators = column.separators
    known: Mapping[str, object] = table.concepts if table else {}

    def clean(text: str) -> str:
        if codes and not text.isascii():
            text = narrow(text)
        if text in missing:
            return ""
        if numeric and "E" in text and _ROUNDED.fullmatch(text):
            raise LostDigits(column=column.name, expression=column.name)
        if len(text) < width and text.isascii() and text.isdigit():
            whole = text.zfill(width)  # a spreadsheet took the zeros, unless no such code exists
            return whole if not known or whole in known else text
        return text

    def clean_parts(text: str) -> str:
        return separators[0].join(map(clean, parts_of(text, separators)))

    return clean_parts if separators else clean


def _blank(missing: frozenset[str]) -> Callable[[str], str]:
    return lambda text: "" if text in missing else text


def _urls(mapping: DataMapping, layout: Layout) -> list[str]:
    """Name the extension of each column: the internal id, or the header's own word where it isn't known."""
    known = {place: mapping.columns[name].id for name, places in layout.places.items() for place in places}
    return [
        KEPT + known[at] if at in known else f"{KEPT}column:{quote(title, safe='')}"
        for at, title in enumerate(layout.header)
    ]
