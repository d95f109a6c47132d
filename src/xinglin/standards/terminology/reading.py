"""Reading the concepts of a CodeSystem resource, and the lines of a ConceptMap."""

from collections.abc import Iterable, Iterator
from typing import Any, cast

from xinglin.core.exact_json import Json
from xinglin.standards.terminology.model import Coded, Concept, Designation, Mapping, Property

PARENTS = frozenset({"parent", "subsumedBy"})
"""Properties that name a concept above."""

CHILDREN = "child"


def concepts_of(resource: Json) -> list[Concept]:
    """Give every concept of a CodeSystem, in its order; where a code stands twice, the first."""
    found: dict[str, Concept] = {}
    below: dict[str, list[str]] = {}
    for one, parent in _walk(resource.get("concept", ())):
        code: str = one.get("code", "")
        properties = tuple(_properties(one.get("property", ())))
        parents = [parent] if parent else []
        parents += [p.text for p in properties if p.code in PARENTS]
        for child in (p.text for p in properties if p.code == CHILDREN):
            below.setdefault(child, []).append(code)
        if code and code not in found:
            found[code] = Concept(
                code=code,
                display=one.get("display", ""),
                definition=one.get("definition", ""),
                designations=tuple(_designations(one.get("designation", ()))),
                properties=properties,
                parents=tuple(dict.fromkeys(parents)),
            )
    return [_with_parents(one, below.get(one.code, ())) for one in found.values()]


def _with_parents(concept: Concept, more: Iterable[str]) -> Concept:
    parents = tuple(dict.fromkeys((*concept.parents, *more)))
    if parents == concept.parents:
        return concept
    return Concept(
        concept.code, concept.display, concept.definition, concept.designations, concept.properties, parents
    )


def _walk(concepts: Iterable[Json]) -> Iterator[tuple[Json, str]]:
    """Give each concept with the code above it, in reading order."""
    waiting: list[tuple[Json, str]] = [(one, "") for one in reversed(list(concepts))]
    while waiting:
        one, parent = waiting.pop()
        yield one, parent
        waiting += [(child, one.get("code", "")) for child in reversed(one.get("concept", ()))]


def _properties(items: Iterable[Json]) -> Iterator[Property]:
    for item in items:
        for kind, value in item.items():
            if kind.startswith("value"):
                yield Property(item.get("code", ""), kind, value)


def _designations(items: Iterable[Json]) -> Iterator[Designation]:
    for item in items:
        if "value" in item:
            yield Designation(item["value"], item.get("language", ""), item.get("use"))


def concept_json(concept: Concept) -> Json:
    """Write `concept` as an element of CodeSystem, without the concepts below."""
    made: Json = {"code": concept.code}
    if concept.display:
        made["display"] = concept.display
    if concept.definition:
        made["definition"] = concept.definition
    if concept.designations:
        made["designation"] = [one.as_json() for one in concept.designations]
    if concept.properties:
        made["property"] = [{"code": one.code, one.kind: one.value} for one in concept.properties]
    return made


def mappings_of(resource: Json) -> Iterator[Mapping]:
    """Give the lines of a ConceptMap."""
    for group in cast("list[Any]", resource.get("group", [])):
        for element in group.get("element", ()):
            source = Coded(group.get("source", ""), element.get("code", ""))
            for target in element.get("target", ()):
                yield Mapping(
                    map_url=resource.get("url", ""),
                    source=source,
                    target_system=group.get("target", ""),
                    target_code=target.get("code"),
                    target_display=target.get("display", ""),
                    equivalence=target.get("equivalence", "equivalent"),
                    products=tuple(target.get("product", ())),
                    source_display=element.get("display", ""),
                )


def without(resource: Json, name: str) -> Json:
    """Give `resource` without its bulk: a CodeSystem's concepts or the elements of a ConceptMap's groups."""
    if name != "group":
        return {key: value for key, value in resource.items() if key != name}
    groups = [{k: v for k, v in one.items() if k != "element"} for one in resource.get("group", ())]
    return {**resource, "group": groups} if groups else resource
