"""The accepted mappings of one code system as a ConceptMap (http://hl7.org/fhir/R4/conceptmap.html)."""

import base64
from collections.abc import Sequence
from hashlib import blake2b

from xinglin.core.exact_json import Json
from xinglin.standards.conversion.model import CODES
from xinglin.standards.labitems.standard import READ
from xinglin.standards.labitems.table import LOINC, SYSTEM, Item, table

MAPS = "urn:xinglin:map"
"""Addresses of the maps: `urn:xinglin:map:<namespace>:<sort of code>`."""


def map_id(system: str) -> str:
    """Give the id of the ConceptMap of a code system."""
    digest = blake2b(system.encode(), digest_size=15).digest()
    return "codes-" + base64.b32encode(digest).decode().lower()


def concept_map(system: str, mappings: Sequence[tuple[str, str, str]]) -> Json:
    """Make the ConceptMap of `system`; `mappings` are code, name and the item's code."""
    known = table()
    found = [(code, name, known[target]) for code, name, target in mappings if target in known]
    loinc = [_element(code, name, item, item.loinc) for code, name, item in found if _has_loinc(item)]
    groups = [
        {"source": system, "target": target, "element": elements}
        for target, elements in (
            (SYSTEM, [_element(code, name, item, item.code) for code, name, item in found]),
            (LOINC, loinc),
        )
        if elements
    ]
    content: Json = {
        "resourceType": "ConceptMap",
        "id": map_id(system),
        "url": f"{MAPS}:{system.removeprefix(CODES + ':')}",
        "name": "LocalLabItems",
        "title": f"{system}: 本地检验项目对照",
        "status": "active",
    }
    return {**content, "group": groups} if groups else {**content, "status": "retired"}


def _has_loinc(item: Item) -> bool:
    return bool(item.loinc) and item.loinc_confidence == READ


def _element(code: str, name: str, item: Item, target: str) -> Json:
    source = {"code": code, **({"display": name} if name else {})}
    return {**source, "target": [{"code": target, "display": item.name, "equivalence": "equivalent"}]}
