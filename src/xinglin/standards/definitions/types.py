"""The FHIR types as a table: what elements each type has and of what types they are.

The table is made from StructureDefinition snapshots when a pack is written and expanded one type at a time
when it is read. Source: http://hl7.org/fhir/R4/structuredefinition.html
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec

Json = dict[str, Any]

_SYSTEM = "http://hl7.org/fhirpath/"
_FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_MANY, _CHOICE, _SUMMARY, _MODIFIER = 1, 2, 4, 8

ElementRow = tuple[str, list[str], int, int, list[str]]
"""Name, types, flags, minimum, reference targets."""
TypeRow = tuple[str | None, str, list[ElementRow]]
"""Base, kind, elements."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element of a type.

    `name` is the JSON name without `[x]`; `types` are type codes, where a backbone element's type is its
    path ("Observation.component"); `min` is the least number of values; `targets` are the resource types a
    Reference may point to (empty: any).
    """

    name: str
    types: tuple[str, ...]
    many: bool
    choice: bool
    min: int = 0
    summary: bool = False
    modifier: bool = False
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeInfo:
    """One type with its elements, inherited ones included.

    `kind` is "resource", "complex", "primitive" or "backbone".
    """

    name: str
    base: str | None
    kind: str
    elements: Mapping[str, Element]


class TypeModel(Mapping[str, TypeInfo]):
    """All types by name, each expanded when first looked up."""

    def __init__(self, table: bytes) -> None:
        """Take the JSON `table` that `type_rows` made."""
        self._rows = msgspec.json.decode(table, type=dict[str, msgspec.Raw])
        self._known: dict[str, TypeInfo] = {}

    def __getitem__(self, name: str) -> TypeInfo:
        found = self._known.get(name)
        if found is None:
            base, kind, rows = msgspec.json.decode(self._rows[name], type=TypeRow)
            elements = {row[0]: _expand(row) for row in rows}
            found = self._known[name] = TypeInfo(name, base, kind, MappingProxyType(elements))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def _expand(row: ElementRow) -> Element:
    name, types, flags, least, targets = row
    return Element(
        name=name,
        types=tuple(types),
        many=bool(flags & _MANY),
        choice=bool(flags & _CHOICE),
        min=least,
        summary=bool(flags & _SUMMARY),
        modifier=bool(flags & _MODIFIER),
        targets=tuple(targets),
    )


def type_rows(structures: Iterable[Json]) -> dict[str, TypeRow]:
    """Make the table from those of `structures` that define a type (profiles and logical models don't)."""
    rows: dict[str, TypeRow] = {}
    for structure in structures:
        if structure.get("derivation") == "constraint" or structure["kind"] == "logical":
            continue
        if "snapshot" in structure:
            rows.update(_rows_of(structure))
    return rows


def _rows_of(structure: Json) -> dict[str, TypeRow]:
    elements: list[Json] = structure["snapshot"]["element"]
    parents = {element["path"].rpartition(".")[0] for element in elements}
    base = structure.get("baseDefinition")
    kind: str = structure["kind"].removesuffix("-type")
    rows: dict[str, TypeRow] = {structure["type"]: (base.rpartition("/")[2] if base else None, kind, [])}
    for element in elements[1:]:
        path: str = element["path"]
        parent, _, name = path.rpartition(".")
        if path in parents:
            rows[path] = (element["type"][0]["code"], "backbone", [])
        rows[parent][2].append(_row(element, name, has_children=path in parents))
    return rows


def _row(element: Json, name: str, *, has_children: bool) -> ElementRow:
    path: str = element["path"]
    if has_children:
        types = [path]
    elif "contentReference" in element:
        types = [element["contentReference"].partition("#")[2]]
    else:
        types = [_code(element, one) for one in element.get("type", ())]
    flags = (
        (_MANY if element["max"] not in {"0", "1"} else 0)
        | (_CHOICE if name.endswith("[x]") else 0)
        | (_SUMMARY if element.get("isSummary") else 0)
        | (_MODIFIER if element.get("isModifier") else 0)
    )
    targets = [
        target.rpartition("/")[2]
        for one in element.get("type", ())
        for target in one.get("targetProfile", ())
    ]
    return (name.removesuffix("[x]"), types, flags, element["min"], targets)


def _code(element: Json, one: Json) -> str:
    code: str = one["code"]
    if not code.startswith(_SYSTEM):
        return code
    origin = element.get("base", element)["path"]
    if origin == "Resource.id":
        # R4 says "string" here; the datatypes page and the schema say "id".
        return "id"
    for extension in one.get("extension", ()):
        if extension["url"] == _FHIR_TYPE and not origin.endswith(".value"):
            return extension["valueUrl"]
    return code.removeprefix(_SYSTEM)
