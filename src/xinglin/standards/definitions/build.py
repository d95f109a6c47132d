"""Turn conformance resources into the bodies of a pack."""

from collections.abc import Iterable, Iterator
from typing import Any

from xinglin.standards.definitions.compact import KINDS, Json, compact
from xinglin.standards.definitions.pack import Body
from xinglin.standards.definitions.types import type_rows


def bodies(resources: Iterable[Json], about: Json) -> Iterator[Body]:
    """Give pack bodies for `resources`: each definition by canonical URL, and tables for quick use.

    Resources of other kinds, or without `url`, are left out. `about` says where they come from.
    """
    kept = [compact(one) for one in resources if one.get("resourceType") in KINDS]
    kept = sorted((one for one in kept if "url" in one or "uniqueId" in one), key=_order)
    structures = [one for one in kept if one["resourceType"] == "StructureDefinition"]
    yield "table", "about", about
    yield "table", "types", type_rows(structures)
    yield "table", "resources", sorted({one["type"] for one in structures if _is_concrete_resource(one)})
    parameters = [one for one in kept if one["resourceType"] == "SearchParameter" and one.get("base")]
    yield "table", "search-parameters", parameters
    for one in kept:
        kind: str = one["resourceType"]
        if kind == "CompartmentDefinition":
            yield kind, one["code"], one
        elif kind != "SearchParameter":
            yield kind, one.get("url") or one["name"], one


def _order(one: Json) -> tuple[Any, ...]:
    return one["resourceType"], one.get("url", ""), one.get("id", ""), one.get("version", "")


def _is_concrete_resource(one: Json) -> bool:
    return one["kind"] == "resource" and not one["abstract"] and one.get("derivation") == "specialization"
