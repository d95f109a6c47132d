"""Take from a definition what the hub uses: no narrative, prose or mappings. Source forms: http://hl7.org/fhir/R4/."""

from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]

_COMMON = ("resourceType", "id", "url", "version", "name", "title", "status", "extension")
_KEPT: Mapping[str, tuple[str, ...]] = {
    "StructureDefinition": (
        *("fhirVersion", "kind", "abstract", "context", "contextInvariant", "type"),
        *("baseDefinition", "derivation"),
    ),
    "SearchParameter": (
        *("description", "code", "base", "type", "expression", "target", "comparator", "modifier"),
        *("multipleOr", "multipleAnd", "chain", "component"),
    ),
    "ValueSet": ("contained", "compose", "expansion", "immutable"),
    "CodeSystem": (
        *(
            "caseSensitive",
            "valueSet",
            "hierarchyMeaning",
            "compositional",
            "content",
            "supplements",
            "filter",
        ),
        *("property", "concept"),
    ),
    "CompartmentDefinition": ("code", "search", "resource"),
    "ConceptMap": ("sourceUri", "sourceCanonical", "targetUri", "targetCanonical", "group"),
    "NamingSystem": ("kind", "uniqueId"),
}
_ELEMENT_DROPPED = frozenset(
    {
        *("definition", "comment", "requirements", "alias", "mapping", "example", "condition", "mustSupport"),
        *("isModifierReason", "meaningWhenMissing", "orderMeaning", "representation", "code", "label"),
    }
)
_CONCEPT_KEPT = ("code", "display", "designation", "property", "extension")
_EXTENSIONS_KEPT = frozenset(
    {
        "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type",
        "http://hl7.org/fhir/StructureDefinition/structuredefinition-standards-status",
        "http://hl7.org/fhir/StructureDefinition/regex",
        "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet",
        "http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice",
        "http://hl7.org/fhir/StructureDefinition/codesystem-subsumes",
    }
)
KINDS = frozenset(_KEPT)


def compact(resource: Json) -> Json:
    """Give the part of a conformance `resource` that the hub uses; a new dict."""
    kind = resource["resourceType"]
    kept: Json = {key: resource[key] for key in (*_COMMON, *_KEPT[kind]) if key in resource}
    kept = _without_extensions(kept)
    if kind == "StructureDefinition":
        # A differential matters only where the author left the snapshot to us.
        part = "snapshot" if "snapshot" in resource else "differential"
        elements: list[Json] = resource.get(part, {}).get("element", [])
        kept[part] = {"element": [_element(element) for element in elements]}
    elif kind == "CodeSystem" and "concept" in kept:
        kept["concept"] = _concepts(kept["concept"])
    elif kind == "SearchParameter":
        kept.pop("title", None)
    return kept


def _without_extensions(value: Any) -> Any:
    """Drop extensions that nothing here reads, at every depth."""
    if isinstance(value, list):
        return [_without_extensions(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(value, dict):
        return value
    kept: Json = {}
    for key, item in value.items():  # pyright: ignore[reportUnknownVariableType]
        if key == "extension":
            wanted = [one for one in item if one.get("url") in _EXTENSIONS_KEPT]  # pyright: ignore
            if wanted:
                kept[key] = wanted
        else:
            kept[key] = _without_extensions(item)
    return kept


def _element(element: Json) -> Json:
    kept = {key: item for key, item in element.items() if key not in _ELEMENT_DROPPED}
    kept = _without_extensions(kept)
    if not kept.get("isModifier"):
        kept.pop("isModifier", None)
    if not kept.get("isSummary"):
        kept.pop("isSummary", None)
    for constraint in kept.get("constraint", ()):
        constraint.pop("xpath", None)
        constraint.pop("requirements", None)
    if "binding" in kept:
        kept["binding"].pop("description", None)
    return kept


def _concepts(concepts: Iterable[Json]) -> list[Json]:
    kept: list[Json] = []
    for concept in concepts:
        one = {key: concept[key] for key in _CONCEPT_KEPT if key in concept}
        if "concept" in concept:
            one["concept"] = _concepts(concept["concept"])
        kept.append(one)
    return kept
