"""The tables behind the policies: read, checked, and laid over by the site's own of the same name.

A site's row replaces the shipped row with the same key, or adds one. Every row says where it comes from.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from xinglin.core import tables as cited
from xinglin.core.i18n import Phrase
from xinglin.core.tables import CITED, MEANING, NAMES, Row, Shape
from xinglin.standards.confidentiality import rules as confidentiality
from xinglin.standards.confidentiality.rules import Class
from xinglin.trust.policy.errors import FaultyPolicyTable, NoSuchWord
from xinglin.trust.policy.texts import Said

SHAPES: Final[Mapping[str, Shape]] = {
    "roles": Shape(
        ("role", "kind", "purposes", "duty", *NAMES, *MEANING, *CITED), ("role",), ("kind", "duty")
    ),
    "purposes": Shape(("purpose", "means", *NAMES, *MEANING, *CITED), ("purpose",)),
    "relations": Shape(("relation", *NAMES, *MEANING, *CITED), ("relation",)),
    "grades": Shape(("grade", "order", *NAMES, *CITED), ("grade",)),
    "clearances": Shape(("role", "purpose", "label", *CITED), ("role", "purpose", "label")),
    "actions": Shape(("action", "under", *NAMES, *MEANING, *CITED), ("action",), ("under",)),
    "groups": Shape(("group", "under", *NAMES, *CITED), ("group",), ("under",)),
    "types": Shape(("type", "group", *CITED), ("type",)),
    "routes": Shape(("table", "route", "action", "group", *CITED), ("table", "route")),
    "limits": Shape(("limit", "type", "query", *NAMES, *CITED), ("limit", "type", "query")),
    "relation_queries": Shape(
        ("relation", "type", "query", "by", "patient", *MEANING, *CITED), ("relation", "type", "query")
    ),
    "relation_makers": Shape(
        ("type", "relates", "place", "people", *MEANING, *CITED), ("type",), ("place", "people")
    ),
    "masks": Shape(("mask", *NAMES, *MEANING, *CITED), ("mask",)),
    "values": Shape(("name", "value", *MEANING, *CITED), ("name",)),
    "reasons": Shape(("reason", *NAMES, *CITED), ("reason",)),
    "remedies": Shape(("when", "what", "remedy_zh", "remedy_en", *CITED), ("when", "what")),
    "care_kinds": Shape(("relation", "type", "system", "code", *NAMES, *CITED), ("type", "system", "code")),
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
    ("relation_makers", "type", "types"),
    ("relation_queries", "relation", "relations"),
)
"""Table, column, and the table whose first key the column's words must be."""

LABELS: Final = "labels"
NO_FOLDER: Final = Path("/nonexistent")

ANY: Final = "*"
"""In routes.csv: the group is that of the resource type."""

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


def read(name: str, text: str, file: str) -> Table:
    """Read and check one table by itself. Raises FaultyPolicyTable."""
    lines = cited.read(file, text, SHAPES[name], FaultyPolicyTable)
    return {line.key(SHAPES[name]): line.cells for line in lines}


def build(site: Mapping[str, str], classes: Mapping[str, Class] | None = None) -> Tables:
    """Give the shipped tables with the site's laid over them; `site` are texts by file name.

    `classes` are the sensitive classes, the shipped ones where not given; they become the table `labels`.
    Raises FaultyPolicyTable.
    """
    known = confidentiality.in_force(NO_FOLDER).classes if classes is None else classes
    made: dict[str, Table] = {LABELS: {(code,): _label(code, one) for code, one in known.items()}}
    for name in SHAPES:
        file = f"{name}.csv"
        table = read(name, cited.text_of("xinglin.trust.policy", "data", file), file)
        made[name] = {**table, **read(name, site[file], file)} if file in site else table
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
