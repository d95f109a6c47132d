"""The table as FHIR resources, for the hub's terminology: a CodeSystem, and a ConceptMap to LOINC.

LOINC codes that nobody has looked up stay out of the map.
"""

from collections.abc import Iterator

from xinglin.core.exact_json import Json
from xinglin.standards.labitems.standard import READ
from xinglin.standards.labitems.table import LOINC, SYSTEM, Item, items

MAP = f"{SYSTEM}:loinc"
"""Address of the ConceptMap from the table's codes to LOINC."""

_PROPERTIES = ("english", "specimen", "property", "unit", "reference", "confidence")


def resources() -> Iterator[Json]:
    """Give the CodeSystem of laboratory items and their ConceptMap to LOINC."""
    yield code_system()
    yield concept_map()


def code_system() -> Json:
    """Give the table as a CodeSystem (http://hl7.org/fhir/R4/codesystem.html)."""
    return {
        "resourceType": "CodeSystem",
        "id": "xinglin-lab-items",
        "language": "zh",
        "url": SYSTEM,
        "name": "XinglinLabItems",
        "title": "检验项目 (Laboratory items)",
        "status": "active",
        "description": "Codes of WS/T 886-2026 where it has the item, else of this table (XL-).",
        "caseSensitive": True,
        "content": "complete",
        "count": len(items()),
        "property": [{"code": name, "type": "string"} for name in _PROPERTIES],
        "concept": [_concept(item) for item in items()],
    }


def concept_map() -> Json:
    """Give what the items are in LOINC (http://hl7.org/fhir/R4/conceptmap.html)."""
    return {
        "resourceType": "ConceptMap",
        "id": "xinglin-lab-items-loinc",
        "language": "zh",
        "url": MAP,
        "name": "XinglinLabItemsToLoinc",
        "status": "active",
        "copyright": "LOINC is copyright of Regenstrief Institute, Inc.; see http://loinc.org/license.",
        "group": [
            {
                "source": SYSTEM,
                "target": LOINC,
                "element": [
                    {
                        "code": item.code,
                        "display": item.name,
                        "target": [{"code": item.loinc, "equivalence": "equivalent"}],
                    }
                    for item in items()
                    if item.loinc and item.loinc_confidence == READ
                ],
            }
        ],
    }


def _concept(item: Item) -> Json:
    others = [*item.aliases, *item.abbreviations]
    values = (item.english, item.specimen, item.kind, item.unit, item.reference, item.confidence)
    made: Json = {"code": item.code, "display": item.name}
    if others:
        made["designation"] = [{"language": "zh", "value": other} for other in others]
    made["property"] = [
        {"code": name, "valueString": value} for name, value in zip(_PROPERTIES, values, strict=True) if value
    ]
    return made
