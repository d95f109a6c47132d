"""Numbers that stand on the patient: which is the person's, which the visit's, which the report's.

WS/T 500 writes the numbers of the visit, request, report and specimen as further ids of `patientRole`. Their
OIDs name the sort of number, not who gave it, so each gets the institution's own identifier system.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.core.tables import rows_of
from xinglin.standards.cda.codes import is_oid
from xinglin.standards.cda.xml import Node, attribute
from xinglin.standards.conversion import Origin
from xinglin.standards.identifiers import SCHEMES, Identifier, find, kind_of, preferred

TYPES: Final = "http://terminology.hl7.org/CodeSystem/v2-0203"


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort of number: `of` says what it belongs to, `rank` which is best to know that by (1 is best)."""

    root: str
    name: str
    of: str
    type: str | None
    text: str
    rank: int


@dataclass(frozen=True, slots=True)
class Number:
    """A number found in a document; `sure` tells whether one person or thing can be known by it."""

    sort: Sort
    value: str
    identifier: Json
    sure: bool


@cache
def sorts() -> Mapping[str, Sort]:
    """Give the table `data/numbers.csv` by OID."""
    return {
        row["root"]: Sort(
            row["root"], row["sort"], row["of"], row["type"] or None, row["text"], int(row["rank"])
        )
        for row in rows_of("xinglin.standards.cda", "data", "numbers.csv")
    }


def read_numbers(ids: Iterable[Node], origin: Origin) -> tuple[list[Number], list[str]]:
    """Read ids; give the numbers, and a word on each that wasn't understood."""
    found: list[Number] = []
    unknown: list[str] = []
    for node in ids:
        root, value = attribute(node, "root"), attribute(node, "extension")
        if value is None:
            continue
        one = read_number(root or "", value, origin)
        found.append(one)
        if one.sort.name == "other":
            unknown.append(f"id root {root}")
        elif not one.sure:
            unknown.append(f"id {one.sort.name}: form")
    return found, unknown


def read_number(root: str, value: str, origin: Origin) -> Number:
    """Read one number; a root that no table knows stays as its system."""
    uri = preferred(root)
    sort = sorts().get(uri.removeprefix("urn:oid:"))
    if sort is None:
        other = Sort(root, "other", "other", None, "", 99)
        system = f"urn:oid:{root}" if is_oid(root) else origin.number_system("other")
        return Number(other, value, {"system": system, "value": value}, sure=False)
    told = _national(root, value)
    kept, sure = (
        (told.value, True) if isinstance(told, Identifier) else (" ".join(value.split()), told is None)
    )
    national = not _is_local(uri)
    system = uri if national and (sort.of == "person" or sure) else origin.number_system(sort.name)
    kind: Json = {"text": sort.text}
    if sort.type:
        kind = {"coding": [{"system": TYPES, "code": sort.type}], **kind}
    return Number(sort, kept, {"type": kind, "system": system, "value": kept}, sure)


def _national(root: str, value: str) -> Identifier | object | None:
    kind = kind_of(root, value)
    return SCHEMES[kind].parse(value) if kind and not _is_local(preferred(root)) else None


def _is_local(uri: str) -> bool:
    found = find(uri)
    return found is not None and {kind.value for kind in found.kinds} <= {"local", "practitioner"}


def best(numbers: Iterable[Number], of: str) -> Number | None:
    """Give the number by which the person, visit, report … is best known."""
    fitting = [one for one in numbers if one.sort.of == of and one.sure]
    return min(fitting, key=lambda one: one.sort.rank, default=None)
