"""The tables behind the labels: read, checked, and laid over by a site's own.

Shipped tables stand in `data/`. A site's file of the same name adds rows, or replaces those with the same
key; any other file of a site holds rules. A rule whose class is `off` is switched off.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.standards.confidentiality.errors import FaultyLabelTable

MOST_BYTES: Final = 5_000_000
CONFIDENCE: Final = ("read", "inferred", "unverified")
RULES: Final = "rules.csv"
_CITED: Final = ("source", "edition", "confidence")
_NAMES: Final = ("name_zh", "name_en")
_MEANING: Final = ("meaning_zh", "meaning_en")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table, and where it stands: the file's name and the line, from 1."""

    file: str
    number: int
    cells: Mapping[str, str]

    def fault(self, column: str, detail: Phrase | str) -> FaultyLabelTable:
        """Give what is wrong with a cell."""
        return FaultyLabelTable(file=self.file, row=self.number, column=column, detail=detail)

    def choice(self, column: str, words: Iterable[str]) -> str:
        """Give a cell that must be one of `words`. Raises FaultyLabelTable."""
        value = self.cells[column]
        if value not in words:
            raise self.fault(column, Phrase("it must be one of {words}", words=", ".join(sorted(words))))
        return value


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table looks like: its columns, those that may be empty, and those that name a row."""

    columns: tuple[str, ...]
    key: tuple[str, ...]
    optional: frozenset[str] = frozenset()


SHAPES: Final[Mapping[str, Shape]] = {
    RULES: Shape(
        ("rule", "class", "match", "types", "system", "value", "except", *_NAMES, *_CITED),
        ("rule",),
        frozenset(("types", "system", "except", "edition")),
    ),
    "classes.csv": Shape(
        ("class", "system", "grade", "follows", *_NAMES, "why", *_CITED), ("class",), frozenset(("edition",))
    ),
    "grades.csv": Shape(
        ("grade", "rank", "gbt39725", *_MEANING, *_CITED), ("grade",), frozenset(("edition",))
    ),
    "levels.csv": Shape(("level", "grade", *_MEANING, *_CITED), ("level",), frozenset(("grade", "edition"))),
    "types.csv": Shape(("type", "grade", *_CITED), ("type",), frozenset(("edition",))),
    "systems.csv": Shape(
        ("group", "system", "types", "pattern", *_CITED),
        ("group", "system"),
        frozenset(("types", "pattern", "edition")),
    ),
    "follow.csv": Shape(
        ("from", "types", "classes", "why_zh", "why_en", *_CITED), ("from",), frozenset(("edition",))
    ),
    "confidentiality.csv": Shape(("code", "grade", *_MEANING, *_CITED), ("code",), frozenset(("edition",))),
}
Tables = Mapping[str, Sequence[Line]]


def read(name: str, text: str) -> list[Line]:
    """Read and check one table. Raises FaultyLabelTable with row and column."""
    shape = SHAPES.get(name, SHAPES[RULES])
    try:
        reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
        header = reader.fieldnames or []
        for column in {*shape.columns, *header}:
            if column not in header:
                raise FaultyLabelTable(
                    file=name, row=1, column=column, detail=Phrase("the column is missing")
                )
            if column not in shape.columns:
                raise FaultyLabelTable(
                    file=name, row=1, column=column, detail=Phrase("there is no such column")
                )
        lines = [_line(name, reader.line_num, row, shape) for row in reader]
    except csv.Error as error:
        raise FaultyLabelTable(file=name, row=0, column="-", detail=str(error)) from None
    _refuse_doubles(lines, shape)
    return lines


def _line(name: str, number: int, row: Mapping[str | None, object], shape: Shape) -> Line:
    line = Line(name, number, {column: str(row.get(column) or "").strip() for column in shape.columns})
    if None in row or any(row.get(column) is None for column in shape.columns):
        raise line.fault("-", Phrase("the row hasn't as many cells as the header"))
    for column, value in line.cells.items():
        if not value and column not in shape.optional:
            raise line.fault(column, Phrase("the cell is empty"))
    line.choice("confidence", CONFIDENCE)
    return line


def _refuse_doubles(lines: Sequence[Line], shape: Shape) -> None:
    seen: set[tuple[str, ...]] = set()
    for line in lines:
        key = _key(line, shape)
        if key in seen:
            raise line.fault(shape.key[0], Phrase("{value} stands twice", value=" ".join(key)))
        seen.add(key)


def _key(line: Line, shape: Shape) -> tuple[str, ...]:
    return tuple(line.cells[column] for column in shape.key)


@cache
def shipped() -> Tables:
    """Give the tables that come with Xinglin."""
    folder = files("xinglin.standards.confidentiality") / "data"
    return {name: read(name, (folder / name).read_text(encoding="utf-8")) for name in SHAPES}


def site_files(folder: Path) -> list[Path]:
    """Give a site's tables, in order of their names; none where there is no folder."""
    return sorted(folder.glob("*.csv")) if folder.is_dir() else []


def with_site(paths: Iterable[Path]) -> Tables:
    """Give the shipped tables with a site's laid over them. Raises FaultyLabelTable."""
    found = {name: {_key(line, SHAPES[name]): line for line in lines} for name, lines in shipped().items()}
    for path in paths:
        name = path.name if path.name in SHAPES else RULES
        for line in _read_file(path):
            found[name][_key(line, SHAPES[name])] = line
    return {name: list(lines.values()) for name, lines in found.items()}


def _read_file(path: Path) -> list[Line]:
    with path.open("rb") as handle:
        data = handle.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise FaultyLabelTable(file=path.name, row=0, column="-", detail=Phrase("the file is too large"))
    try:
        return read(path.name, data.decode("utf-8"))
    except UnicodeDecodeError:
        raise FaultyLabelTable(file=path.name, row=0, column="-", detail=Phrase("it isn't UTF-8")) from None
