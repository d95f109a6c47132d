"""Parts of records: `_summary` and `_elements` (http://hl7.org/fhir/R4/search.html#summary)."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, cast

from xinglin.core.exact_json import Json, dumps, loads
from xinglin.standards import definitions
from xinglin.standards.search import Query

SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
ALWAYS = ("resourceType", "id", "meta", "implicitRules")


def is_partial(query: Query) -> bool:
    """Tell whether a search asks for parts of records only."""
    return query.summary in {"true", "text", "data"} or bool(query.elements)


def shaped(body: bytes, query: Query) -> bytes:
    """Give the parts of a record that a search asks for, tagged as such."""
    content: Json = loads(body)
    kind: str = content["resourceType"]
    if query.summary == "data":
        kept = {name: value for name, value in content.items() if name not in {"text", "_text"}}
    else:
        kept = {name: value for name, value in content.items() if name.lstrip("_") in _names(kind, query)}
    if query.summary == "true":
        tree = _summary(kind)
        kept = {name: _pruned(value, name, tree) for name, value in kept.items()}
    meta = dict(cast("Json", kept.get("meta") or {}))
    meta["tag"] = [*meta.get("tag", ()), SUBSETTED]
    return dumps(
        {"resourceType": kind, "id": content["id"], "meta": meta}
        | {k: v for k, v in kept.items() if k not in {"resourceType", "id", "meta"}}
    )


def _names(kind: str, query: Query) -> frozenset[str]:
    if query.summary == "true":
        return frozenset({*ALWAYS, *_summary(kind)})
    if query.summary == "text":
        return frozenset({*ALWAYS, "text", *_mandatory(kind)})
    asked = (one.removeprefix(f"{kind}.").partition(".")[0] for one in query.elements)
    return frozenset({*ALWAYS, *_mandatory(kind), *asked, *_choices(kind, query.elements)})


def _choices(kind: str, elements: Iterable[str]) -> Iterable[str]:
    """Give `valueQuantity` and its kin for `value`."""
    for element in elements:
        name = element.removeprefix(f"{kind}.").partition(".")[0]
        yield from (one for one in _members(kind, f"{name}[x]"))


@lru_cache(maxsize=1024)
def _members(kind: str, choice: str) -> tuple[str, ...]:
    structure = definitions.structure(kind) or {}
    found: list[Json] = structure.get("snapshot", {}).get("element", [])
    for one in found:
        if one["path"] == f"{kind}.{choice}":
            return tuple(_choice_names(choice, one))
    return ()


def _choice_names(choice: str, element: Json) -> Iterable[str]:
    base = choice.removesuffix("[x]")
    yield from (base + one["code"][0].upper() + one["code"][1:] for one in element.get("type", ()))


@lru_cache(maxsize=256)
def _mandatory(kind: str) -> frozenset[str]:
    return frozenset(name for name, one in _elements(kind, 1) if one.get("min"))


Tree = Mapping[str, Any]
"""Members that belong to a summary: a tree for backbone elements, None for those taken whole."""


@lru_cache(maxsize=256)
def _summary(kind: str) -> Tree:
    tree: dict[str, Any] = {}
    for name, one in _elements(kind, 9):
        if not (one.get("isSummary") or (one.get("min") and "." not in name)):
            continue
        *above, last = name.split(".")
        node: dict[str, Any] | None = tree
        for step in above:
            child: dict[str, Any] | None = node.get(step) if node is not None else None
            if node is not None and child is None and step in node:
                child = node[step] = {}
            node = child
        if node is not None:
            node[last] = None
    return tree


def _elements(kind: str, depth: int) -> Iterable[tuple[str, Json]]:
    """Give a type's elements by their path below it, choices by each of their names."""
    structure = definitions.structure(kind) or {}
    found: list[Json] = structure.get("snapshot", {}).get("element", [])
    for one in found:
        path = str(one["path"]).removeprefix(kind).removeprefix(".")
        if not path or path.count(".") >= depth:
            continue
        if path.endswith("[x]"):
            head, _, last = path.rpartition(".")
            yield from ((f"{head}.{name}" if head else name, one) for name in _choice_names(last, one))
        else:
            yield path, one


def _pruned(value: Any, name: str, tree: Tree) -> Any:
    below = tree.get(name.lstrip("_"))
    if below is None:
        return value
    if isinstance(value, list):
        return [_pruned(one, name, tree) for one in cast("list[Any]", value)]
    if isinstance(value, dict):
        members = cast("Json", value)
        return {
            key: _pruned(one, key, below)
            for key, one in members.items()
            if key.lstrip("_") in below or key in {"id", "extension"}
        }
    return value
