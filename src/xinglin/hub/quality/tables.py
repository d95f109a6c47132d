"""The tables behind the rules: read, checked, and laid over by the site's own.

Shipped tables stand in `rules/`. A site's file of the same name adds rows, or replaces those with the same
key; any other file of a site holds rules.
"""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from importlib.resources import files
from pathlib import Path
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.hub.quality.errors import FaultyTable

MOST_BYTES: Final = 5_000_000
CONFIDENCE: Final = ("read", "inferred", "unverified")
_CITED: Final = ("source", "edition", "confidence")

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table, and where it stands: the file's name and the line, from 1."""

    file: str
    number: int
    cells: Row

    def fault(self, column: str, detail: Phrase | str) -> FaultyTable:
        """Give what is wrong with a cell."""
        return FaultyTable(file=self.file, row=self.number, column=column, detail=detail)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table looks like: its columns (`numbers` may be empty where `optional`), and its key."""

    columns: tuple[str, ...]
    key: str = ""
    numbers: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


_MEANING: Final = ("meaning_zh", "meaning_en")
_NAMES: Final = ("name_zh", "name_en")
RULES: Final = "rules.csv"
SHAPES: Final[Mapping[str, Shape]] = {
    RULES: Shape(
        (
            *("id", *_NAMES, "dimension", "severity", "type", "kind", "scope", "test"),
            *("counted_zh", "counted_en", "indicator", *_CITED),
        ),
        key="id",
        optional=("scope", "indicator"),
    ),
    "parameters.csv": Shape(("name", "value", *_MEANING, *_CITED), key="name"),
    "severities.csv": Shape(("severity", "weight", *_NAMES, *_CITED), key="severity", numbers=("weight",)),
    "dimensions.csv": Shape(("dimension", "weight", *_NAMES, *_CITED), key="dimension", numbers=("weight",)),
    "indicators.csv": Shape(("indicator", *_NAMES, *_MEANING, *_CITED), key="indicator"),
    "events.csv": Shape(("type", "day", "complete", *_CITED), key="type"),
    "diagnosis_limits.csv": Shape(
        ("code", "sex", "age_from", "age_to", *_MEANING, *_CITED),
        numbers=("age_from", "age_to"),
        optional=("sex", "age_from", "age_to"),
    ),
    "vital_ranges.csv": Shape(
        ("code", "unit", "age_from", "age_to", "low", "high", *_MEANING, *_CITED),
        numbers=("age_from", "age_to", "low", "high"),
        optional=("age_from", "age_to"),
    ),
}


def read(name: str, text: str) -> list[Line]:
    """Read and check one table. Raises FaultyTable with row and column."""
    shape = SHAPES.get(name, SHAPES[RULES])
    try:
        reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
        header = reader.fieldnames or []
        for column in shape.columns:
            if column not in header:
                raise FaultyTable(file=name, row=1, column=column, detail=Phrase("the column is missing"))
        for column in header:
            if column not in shape.columns:
                raise FaultyTable(file=name, row=1, column=column, detail=Phrase("there is no such column"))
        return [_line(name, reader.line_num, row, shape) for row in reader]
    except csv.Error as error:
        raise FaultyTable(file=name, row=0, column="-", detail=str(error)) from None


def _line(name: str, number: int, row: Mapping[str | None, object], shape: Shape) -> Line:
    line = Line(name, number, {column: str(row.get(column) or "").strip() for column in shape.columns})
    if None in row or any(row.get(column) is None for column in shape.columns):
        raise line.fault("-", Phrase("the row hasn't as many cells as the header"))
    for column, value in line.cells.items():
        if not value and column not in shape.optional:
            raise line.fault(column, Phrase("the cell is empty"))
        if value and column in shape.numbers and not _is_number(value):
            raise line.fault(column, Phrase("{value} is no number", value=value))
    if line.cells["confidence"] not in CONFIDENCE:
        raise line.fault("confidence", _one_of(CONFIDENCE))
    return line


def _one_of(words: Iterable[str]) -> Phrase:
    return Phrase("it must be one of {words}", words=", ".join(words))


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def choice(line: Line, column: str, words: Iterable[str]) -> str:
    """Give a cell that must hold one of `words`. Raises FaultyTable."""
    words = tuple(words)
    if line.cells[column] not in words:
        raise line.fault(column, _one_of(words))
    return line.cells[column]


def shipped() -> dict[str, list[Line]]:
    """Read the shipped tables."""
    folder = files("xinglin.hub.quality") / "rules"
    return {name: read(name, (folder / name).read_text(encoding="utf-8")) for name in SHAPES}


def site_files(folder: Path) -> list[Path]:
    """List a site's tables in the order they are laid over the shipped ones."""
    return sorted(folder.glob("*.csv"))


def load_site(paths: Sequence[Path]) -> dict[str, list[Line]]:
    """Read a site's tables by the shipped table they belong to. Raises FaultyTable."""
    found: dict[str, list[Line]] = {}
    for path in paths:
        kind = path.name if path.name in SHAPES else RULES
        found.setdefault(kind, []).extend(read(path.name, _text(path)))
    return found


def _text(path: Path) -> str:
    def refuse(detail: Phrase) -> FaultyTable:
        return FaultyTable(file=path.name, row=0, column="-", detail=detail)

    with path.open("rb") as handle:
        raw = handle.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise refuse(Phrase("the file is larger than {most} bytes", most=MOST_BYTES))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise refuse(Phrase("the file isn't UTF-8")) from None


def overlaid(base: Mapping[str, Sequence[Line]], site: Mapping[str, Sequence[Line]]) -> dict[str, list[Line]]:
    """Lay a site's rows over the shipped ones, by key where the table has one."""
    return {name: _overlaid(SHAPES[name].key, lines, site.get(name, ())) for name, lines in base.items()}


def _overlaid(key: str, base: Sequence[Line], site: Sequence[Line]) -> list[Line]:
    if not key:
        return [*base, *site]
    name: Callable[[Line], str] = lambda line: line.cells[key]  # noqa: E731 - typed here, used twice
    seen: set[str] = set()
    for line in site:
        if name(line) in seen:
            raise line.fault(key, Phrase("{value} stands twice", value=name(line)))
        seen.add(name(line))
    return list(({name(line): line for line in base} | {name(line): line for line in site}).values())
