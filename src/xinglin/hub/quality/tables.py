"""The tables behind the rules: read, checked, and laid over by the site's own.

Shipped tables stand in `rules/`. A site's file of the same name adds rows, or replaces those with the same
key; any other file of a site holds rules.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from xinglin.core import tables
from xinglin.core.i18n import Phrase
from xinglin.core.tables import CITED, MEANING, NAMES, Line, Shape
from xinglin.hub.quality.errors import FaultyTable

RULES: Final = "rules.csv"
SHAPES: Final[Mapping[str, Shape]] = {
    RULES: Shape(
        (
            *("id", *NAMES, "dimension", "severity", "type", "kind", "scope", "test"),
            *("counted_zh", "counted_en", "indicator", *CITED),
        ),
        ("id",),
        optional=("scope", "indicator"),
    ),
    "parameters.csv": Shape(("name", "value", *MEANING, *CITED), ("name",)),
    "severities.csv": Shape(("severity", "weight", *NAMES, *CITED), ("severity",), numbers=("weight",)),
    "dimensions.csv": Shape(("dimension", "weight", *NAMES, *CITED), ("dimension",), numbers=("weight",)),
    "indicators.csv": Shape(("indicator", *NAMES, *MEANING, *CITED), ("indicator",)),
    "events.csv": Shape(("type", "day", "complete", *CITED), ("type",)),
    "diagnosis_limits.csv": Shape(
        ("code", "sex", "age_from", "age_to", *MEANING, *CITED),
        numbers=("age_from", "age_to"),
        optional=("sex", "age_from", "age_to"),
    ),
    "vital_ranges.csv": Shape(
        ("code", "unit", "age_from", "age_to", "low", "high", *MEANING, *CITED),
        numbers=("age_from", "age_to", "low", "high"),
        optional=("age_from", "age_to"),
    ),
}


def read(name: str, text: str) -> list[Line]:
    """Read and check one table. Raises FaultyTable with row and column."""
    return tables.read(name, text, SHAPES.get(name, SHAPES[RULES]), FaultyTable)


def shipped() -> dict[str, list[Line]]:
    """Read the shipped tables."""
    return {name: read(name, tables.text_of("xinglin.hub.quality", "rules", name)) for name in SHAPES}


def site_files(folder: Path) -> list[Path]:
    """List a site's tables in the order they are laid over the shipped ones."""
    return sorted(folder.glob("*.csv"))


def load_site(paths: Sequence[Path]) -> dict[str, list[Line]]:
    """Read a site's tables by the shipped table they belong to. Raises FaultyTable."""
    found: dict[str, list[Line]] = {}
    for path in paths:
        kind = path.name if path.name in SHAPES else RULES
        found.setdefault(kind, []).extend(tables.read_file(path, SHAPES[kind], FaultyTable))
    return found


def overlaid(base: Mapping[str, Sequence[Line]], site: Mapping[str, Sequence[Line]]) -> dict[str, list[Line]]:
    """Lay a site's rows over the shipped ones, by key where the table has one."""
    return {name: _overlaid(SHAPES[name], lines, site.get(name, ())) for name, lines in base.items()}


def _overlaid(shape: Shape, base: Sequence[Line], site: Sequence[Line]) -> list[Line]:
    if not shape.key:
        return [*base, *site]
    own: dict[tuple[str, ...], Line] = {}
    for line in site:
        key = line.key(shape)
        if key in own:  # in another of the site's files
            raise line.fault(shape.key[0], Phrase("{value} stands twice", value=" ".join(key)))
        own[key] = line
    return list(({line.key(shape): line for line in base} | own).values())
