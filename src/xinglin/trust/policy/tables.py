"""The tables behind the policies: read, checked, and laid over by the site's own of the same name.

A site's row replaces the shipped row with the same key, or adds one. Every row says where it comes from.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.standards.confidentiality import rules as confidentiality
from xinglin.standards.confidentiality.rules import Class
from xinglin.trust.policy.errors import FaultyPolicyTable, NoSuchWord
from xinglin.trust.policy.texts import Said

CONFIDENCE: Final = ("read", "inferred", "unverified")
_CITED: Final = ("source", "edition", "confidence")
_NAMES: Final = ("name_zh", "name_en")
_MEANING: Final = ("meaning_zh", "meaning_en")


@dataclass(frozen=True, slots=True)
class Shape:
    """What a table looks like: its columns, which of them are its key, and which may be empty."""

    columns: tuple[str, ...]
    key: tuple[str, ...]
    optional: tuple[str, ...] = ()


SHAPES: Final[Mapping[str, Shape]] = {
    "roles": Shape(
        ("role", "kind", "purposes", "duty", *_NAMES, *_MEANING, *_CITED), ("role",), ("kind", "duty")
    ),
    "purposes": Shape(("purpose", "means", *_NAMES, *_MEANING, *_CITED), ("purpose",)),
    "relations": Shape(("relation", *_NAMES, *_MEANING, *_CITED), ("relation",)),
    "grades": Shape(("grade", "order", *_NAMES, *_CITED), ("grade",)),
    "clearances": Shape(("role", "purpose", "label", *_CITED), ("role", "purpose", "label")),
    "actions": Shape(("action", "under", *_NAMES, *_MEANING, *_CITED), ("action",), ("under",)),
    "groups": Shape(("group", "under", *_NAMES, *_CITED), ("group",), ("under",)),
    "types": Shape(("type", "group", *_CITED), ("type",)),
    "routes": Shape(("table", "route", "action", "group", *_CITED), ("table", "route")),
    "limits": Shape(("limit", "type", "query", *_NAMES, *_CITED), ("limit", "type", "query")),
    "relation_queries": Shape(
        ("relation", "type", "query", "by", "patient", *_MEANING, *_CITED), ("relation", "type", "query")
    ),
    "masks": Shape(("mask", *_NAMES, *_MEANING, *_CITED), ("mask",)),
    "values": Shape(("name", "value", *_MEANING, *_CITED), ("name",)),
    "reasons": Shape(("reason", *_NAMES, *_CITED), ("reason",)),
    "remedies": Shape(("when", "what", "remedy_zh", "remedy_en", *_CITED), ("when", "what")),
    "care_kinds": Shape(("relation", "type", "system", "code", *_NAMES, *_CITED), ("type", "system", "code")),
}
"""Every table by the name of its file without `.csv`."""

_REFERS: Final = (
    ("roles", "purposes", "purposes"),
    ("purposes", "means", "purposes"),
    ("clearances", "role", "roles"),
    ("clearances", "purpose", "purposes"),
    ("clearances", "label", "labels"),
    ("actions", "under", "actions"),
    ("groups", "under", "groups"),
    ("types", "group", "groups"),
    ("routes", "action", "actions"),
    ("limits", "type", "types"),
    ("care_kinds", "relation", "relations"),
    ("relation_queries", "relation", "relations"),
)
"""Table, column, and the table whose first key the column's words must be."""

LABELS: Final = "labels"
NO_FOLDER: Final = Path("/nonexistent")

ANY: Final = "*"
"""In routes.csv: the group is that of the resource type."""

Row = Mapping[str, str]
Table = Mapping[tuple[str, ...], Row]


@dataclass(frozen=True)
class Tables:
    """All tables, each by its key."""

    by_name: Mapping[str, Table]

    def rows(self, table: str) -> Iterable[Row]:
        """Give a table's rows in their order."""
        return self.by_name[table].values()

    def words(self, table: str) -> Sequence[str]:
        """Give what a table explains: its first key, without repeats."""
        return tuple(dict.fromkeys(key[0] for key in self.by_name[table]))

    def row(self, table: str, word: str) -> Row:
        """Give a row by its one key. Raises NoSuchWord."""
        found = self.by_name[table].get((word,))
        if found is None:
            raise NoSuchWord(kind=f"{table}.csv", word=word[:80], known=", ".join(self.words(table)))
        return found

    def name(self, table: str, word: str) -> Said:
        """Give what a word is called; itself where the table hasn't got it."""
        row = self.by_name[table].get((word,))
        return Said(row["name_en"], row["name_zh"]) if row else Said(word, word)

    def value(self, name: str) -> int:
        """Give a number of values.csv."""
        return int(self.row("values", name)["value"])

    def group_of(self, resource_type: str) -> str:
        """Give the group of a FHIR resource type. Raises NoSuchWord."""
        return self.row("types", resource_type)["group"]

    @cached_property
    def leaf_actions(self) -> tuple[str, ...]:
        """Give the actions that aren't mere names for several."""
        above = {row["under"] for row in self.rows("actions")}
        return tuple(one for one in self.words("actions") if one not in above)

    @cached_property
    def leaf_groups(self) -> tuple[str, ...]:
        """Give the groups that hold resource types or nothing, no other groups."""
        above = {row["under"] for row in self.rows("groups")}
        return tuple(one for one in self.words("groups") if one not in above)

    def lines(self, table: str, word: str) -> tuple[str, ...]:
        """Give a word of `actions` or `groups` with all above it."""
        line: list[str] = []
        while word and word not in line:
            line.append(word)
            word = self.row(table, word)["under"]
        return tuple(line)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A table that is being read."""

    file: str
    shape: Shape

    def fault(self, row: int, column: str, detail: Phrase | str) -> FaultyPolicyTable:
        return FaultyPolicyTable(file=self.file, row=row, column=column, detail=detail)

    def header(self, header: Sequence[str]) -> None:
        for column in self.shape.columns:
            if column not in header:
                raise self.fault(1, column, Phrase("the column is missing"))
        for column in header:
            if column not in self.shape.columns:
                raise self.fault(1, column, Phrase("there is no such column"))

    def row(self, line: int, row: Mapping[str | None, object]) -> Row:
        if None in row or None in row.values():
            raise self.fault(line, "-", Phrase("the row hasn't as many cells as the header"))
        cells = {str(column): str(value).strip() for column, value in row.items()}
        for column, value in cells.items():
            if not value and column not in self.shape.optional:
                raise self.fault(line, column, Phrase("the cell is empty"))
        if cells["confidence"] not in CONFIDENCE:
            detail = Phrase("it must be one of {words}", words=", ".join(CONFIDENCE))
            raise self.fault(line, "confidence", detail)
        return cells


def read(name: str, text: str, file: str) -> dict[tuple[str, ...], Row]:
    """Read and check one table by itself. Raises FaultyPolicyTable."""
    shape = SHAPES[name]
    reading = _Reading(file, shape)
    found: dict[tuple[str, ...], Row] = {}
    try:
        reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
        reading.header(reader.fieldnames or [])
        for row in reader:
            cells = reading.row(reader.line_num, row)
            key = tuple(cells[column] for column in shape.key)
            if key in found:
                detail = Phrase("{value} stands twice", value=", ".join(key))
                raise reading.fault(reader.line_num, shape.key[0], detail)
            found[key] = cells
    except csv.Error as error:
        raise reading.fault(0, "-", str(error)) from None
    return found


def build(site: Mapping[str, str], classes: Mapping[str, Class] | None = None) -> Tables:
    """Give the shipped tables with the site's laid over them; `site` are texts by file name.

    `classes` are the sensitive classes, the shipped ones where not given; they become the table `labels`.
    Raises FaultyPolicyTable.
    """
    folder = files("xinglin.trust.policy") / "data"
    known = confidentiality.in_force(NO_FOLDER).classes if classes is None else classes
    made: dict[str, Table] = {LABELS: {(code,): _label(code, one) for code, one in known.items()}}
    for name in SHAPES:
        file = f"{name}.csv"
        table = read(name, (folder / file).read_text(encoding="utf-8"), file)
        made[name] = table | read(name, site[file], file) if file in site else table
    tables = Tables(made)
    _check(tables)
    return tables


def _label(code: str, one: Class) -> Row:
    return {"label": code, "name_en": one.name["en"], "name_zh": one.name["zh"]}


def _check(tables: Tables) -> None:
    """Refuse words that another table should explain and doesn't, and numbers that are none."""
    for name, column, other in _REFERS:
        known = set(tables.words(other))
        for number, row in enumerate(tables.rows(name), 2):
            for word in row[column].split():
                if word not in known:
                    detail = Phrase("{word} doesn't stand in {file}", word=word, file=f"{other}.csv")
                    raise FaultyPolicyTable(file=f"{name}.csv", row=number, column=column, detail=detail)
    for name, column in (("values", "value"), ("grades", "order")):
        for number, row in enumerate(tables.rows(name), 2):
            if not (row[column].isascii() and row[column].isdigit() and len(row[column]) < 10):
                detail = Phrase("{value} is no number", value=row[column])
                raise FaultyPolicyTable(file=f"{name}.csv", row=number, column=column, detail=detail)
