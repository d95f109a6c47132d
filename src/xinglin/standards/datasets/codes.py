"""Where the code tables of the national standards are asked: system, version and name of a code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from xinglin.standards.datasets import tables
from xinglin.standards.identifiers import systems

CHANGED_2023 = frozenset({"CV08.50.001", "CV08.50.002", "CV08.50.003"})
"""Tables whose codes mean something else in WS/T 364-2023 (openings of WS/T 364.16-2023: confidence read)."""


@dataclass(frozen=True, slots=True)
class CodeTable:
    """A code table in one edition: its code system, its codes' names as far as they are known.

    `targets` are international codes by code and system (docs/code-tables.md).
    """

    system: str
    version: str
    names: Mapping[str, str]
    targets: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])


@cache
def code_table(table: str, edition: str) -> CodeTable | None:
    """Find a table of codes by its number (`CV06.00.102`, `GB/T 2261.1`); None where it isn't known.

    `edition` is a year, alone or at the end of a standard's number (`WS 364-2011`); "": not declared.
    Raises UnknownEdition.
    """
    if tables.editions(table):
        # A source declares the edition of WS 364; the tables of GB/T standards have their own, one each.
        own = edition[-4:] if table.startswith("CV") or edition[-4:] in tables.editions(table) else ""
        return _shipped(tables.load(table, own or None))
    for one in systems().values():
        if one.standard == table and one.preferred:
            return CodeTable(one.uri, edition, {})
    return None


def _shipped(found: tables.CodeTable) -> CodeTable:
    return CodeTable(
        system=found.uri,
        version=found.edition or "",
        names={code: concept.zh for code, concept in found.concepts.items()},
        targets={code: {one.system: one.code for one in rows} for code, rows in found.targets.items()},
    )
