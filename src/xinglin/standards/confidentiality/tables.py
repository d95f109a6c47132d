"""The tables behind the labels: read, checked, and laid over by a site's own.

Shipped tables stand in `data/`. A site's file of the same name adds rows, or replaces those with the same
key; any other file of a site holds rules. A rule whose class is `off` is switched off.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from xinglin.core import tables
from xinglin.core.tables import CITED, MEANING, NAMES, Line, Shape
from xinglin.standards.confidentiality.errors import FaultyLabelTable

RULES: Final = "rules.csv"
SHAPES: Final[Mapping[str, Shape]] = {
    RULES: Shape(
        ("rule", "class", "match", "types", "system", "value", "except", *NAMES, *CITED),
        ("rule",),
        ("types", "system", "except", "edition"),
    ),
    "classes.csv": Shape(
        ("class", "system", "grade", "follows", *NAMES, "why", *CITED), ("class",), ("edition",)
    ),
    "grades.csv": Shape(("grade", "rank", "gbt39725", *MEANING, *CITED), ("grade",), ("edition",)),
    "levels.csv": Shape(("level", "grade", *MEANING, *CITED), ("level",), ("grade", "edition")),
    "types.csv": Shape(("type", "grade", *CITED), ("type",), ("edition",)),
    "systems.csv": Shape(
        ("group", "system", "types", "pattern", *CITED),
        ("group", "system"),
        ("types", "pattern", "edition"),
    ),
    "follow.csv": Shape(("from", "types", "classes", "why_zh", "why_en", *CITED), ("from",), ("edition",)),
    "confidentiality.csv": Shape(("code", "grade", *MEANING, *CITED), ("code",), ("edition",)),
}
Tables = Mapping[str, Sequence[Line]]


@cache
def shipped() -> Tables:
    """Give the tables that come with Xinglin."""
    package = "xinglin.standards.confidentiality"
    return {
        name: tables.read(name, tables.text_of(package, "data", name), shape, FaultyLabelTable)
        for name, shape in SHAPES.items()
    }


def site_files(folder: Path) -> list[Path]:
    """Give a site's tables, in order of their names; none where there is no folder."""
    return sorted(folder.glob("*.csv")) if folder.is_dir() else []


def with_site(paths: Iterable[Path]) -> Tables:
    """Give the shipped tables with a site's laid over them. Raises FaultyLabelTable."""
    found = {name: {line.key(SHAPES[name]): line for line in lines} for name, lines in shipped().items()}
    for path in paths:
        name = path.name if path.name in SHAPES else RULES
        lines = tables.read_file(path, SHAPES[name], FaultyLabelTable)
        found[name].update((line.key(SHAPES[name]), line) for line in lines)
    return {name: list(lines.values()) for name, lines in found.items()}
