"""Reading the tables from `data/`; every row has its source and how sure it is.

`tables.csv` lists the tables, a file each holds the codes, `targets.csv` what codes are internationally and
`frequencies.csv` what those of CV06.00.228 say of when.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from xinglin.core.errors import IntakeError
from xinglin.core.tables import rows_of
from xinglin.standards.datasets.tables.model import CodeTable, Concept, Target

LOCAL = "urn:xinglin:cn"
"""Our URIs of tables for which no OID was read: `urn:xinglin:cn:<table>:<edition>`."""
REVISED = "2023"
"""WS/T 364-2023 revised every `CV` table; only a few of its changes could be read."""


class UnknownTable(IntakeError):
    """A national code table that isn't here."""

    code = "XL7250"
    message = "The code table {table} isn't known."
    remedy = "Choose one that docs/code-tables.md lists."


class UnknownEdition(IntakeError):
    """A national code table that isn't here in this edition."""

    code = "XL7251"
    message = "The code table {table} isn't known in the edition {edition}, only in {known}."
    remedy = "Declare one of the editions that docs/code-tables.md lists."


def _rows(name: str) -> Iterator[Mapping[str, str]]:
    return rows_of("xinglin.standards.datasets.tables", "data", name)


@cache
def _catalogue() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    found: dict[str, dict[str, Mapping[str, str]]] = {}
    for row in _rows("tables.csv"):
        found.setdefault(row["id"], {})[row["edition"]] = row
    return found


@cache
def _targets() -> Mapping[tuple[str, str], Mapping[str, Sequence[Target]]]:
    found: dict[tuple[str, str], dict[str, list[Target]]] = {}
    for row in _rows("targets.csv"):
        target = Target(row["system"], row["target"], row["equivalence"], row["source"], row["confidence"])
        found.setdefault((row["id"], row["edition"]), {}).setdefault(row["code"], []).append(target)
    return found


def catalogue() -> Sequence[tuple[str, str]]:
    """Give every table that is here, as (id, edition)."""
    return [(name, edition) for name, known in _catalogue().items() for edition in known]


def editions(table: str) -> Sequence[str]:
    """Give the editions of a table that are here, the oldest first; none for a table that isn't."""
    return sorted(_catalogue().get(table, ()))


@cache
def load(table: str, edition: str | None = None) -> CodeTable:
    """Give a table in one edition.

    Without an edition: the only one there is, or what all of them agree on, so that a code whose meaning
    changed has none. A `CV` table of 2023 that could not be read has no concepts: its codes are kept without
    a meaning. Raises UnknownTable or UnknownEdition.
    """
    known = _catalogue().get(table)
    if known is None:
        raise UnknownTable(table=table)
    if edition is None:
        return _only(table, next(iter(known))) if len(known) == 1 else _agreed(table)
    if edition in known:
        return _only(table, edition)
    if edition == REVISED and table.startswith("CV"):
        return _unread(table)
    raise UnknownEdition(table=table, edition=edition, known=", ".join(sorted(known)))


def frequencies() -> Iterator[Mapping[str, str]]:
    """Give what the codes of CV06.00.228 mean as a timing, row by row."""
    return _rows("frequencies.csv")


@cache
def _only(table: str, edition: str) -> CodeTable:
    row = _catalogue()[table][edition]
    return CodeTable(
        id=table,
        edition=edition,
        title_zh=row["title_zh"],
        title_en=row["title_en"],
        standard=row["standard"],
        uri=row["uri"],
        complete=row["complete"] == "yes",
        source=row["source"],
        confidence=row["confidence"],
        note=row["note"],
        concepts=_concepts(row["file"]) if row["file"] else {},
        targets=_targets().get((table, edition), {}),
    )


def _concepts(name: str) -> Mapping[str, Concept]:
    return {
        row["code"]: Concept(row["code"], row["zh"], row["en"] or None, row["source"], row["confidence"])
        for row in _rows(f"{name}.csv")
    }


def _unread(table: str) -> CodeTable:
    older = _only(table, editions(table)[0])
    return CodeTable(
        id=table,
        edition=REVISED,
        title_zh=older.title_zh,
        title_en=older.title_en,
        standard="WS/T 364-2023",
        uri=f"{LOCAL}:{table}:{REVISED}",
        complete=False,
        source="",
        confidence="unverified",
    )


def _agreed(table: str) -> CodeTable:
    first, *others = (_only(table, edition) for edition in editions(table))
    concepts = {
        code: concept
        for code, concept in first.concepts.items()
        if all((same := one.lookup(code)) and same.zh == concept.zh for one in others)
    }
    return CodeTable(
        id=table,
        edition=None,
        title_zh=first.title_zh,
        title_en=first.title_en,
        standard=", ".join([first.standard, *(one.standard for one in others)]),
        uri=f"{LOCAL}:{table}",
        complete=False,
        source=first.source,
        confidence="inferred",
        concepts=concepts,
        targets={code: rows for code, rows in first.targets.items() if code in concepts},
    )
