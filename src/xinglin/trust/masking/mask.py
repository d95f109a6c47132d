"""Masking of any record: the people in it, what refers to them, and texts in which anything may stand."""

from typing import Any, Final, cast

from xinglin.core.exact_json import Json
from xinglin.trust.masking import styles
from xinglin.trust.masking.people import TYPES, identifiers, person
from xinglin.trust.masking.tables import Masks, Shown

SUBSETTED: Final[Json] = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
"""The mark of incomplete records (http://hl7.org/fhir/R4/resource.html#Meta)."""

_NOBODY: Final = frozenset(
    {
        "Practitioner",
        "PractitionerRole",
        "Organization",
        "Location",
        "HealthcareService",
        "Device",
        "Medication",
    }
)
"""Types whose names tell no patient; what a reference of unknown type shows might."""
_NUMBERS: Final = frozenset({"subscriberId", "policyHolderId"})


def mask(content: Json, masks: Masks) -> Json:
    """Give a record with what `masks` hide taken out; the same record where nothing has to be."""
    if masks.nothing:
        return content
    made = cast("Json", _masked(content, masks))
    return content if made is content else _marked(made)


def _marked(made: Json) -> Json:
    """Say that elements are missing, so that nobody stores the record as it is shown."""
    meta: Any = made.get("meta")
    meta = cast("Json", meta) if isinstance(meta, dict) else {}
    tags: Any = meta.get("tag")
    listed = cast("list[Any]", tags) if isinstance(tags, list) else []
    return made | {"meta": meta | {"tag": [*listed, SUBSETTED]}}


def _masked(node: Any, masks: Masks) -> Any:
    if node.__class__ is dict:
        return _object(cast("Json", node), masks)
    if node.__class__ is list:
        listed = cast("list[Any]", node)
        made = [_masked(one, masks) for one in listed]
        return made if any(new is not old for new, old in zip(made, listed, strict=True)) else listed
    return node


def _object(node: Json, masks: Masks) -> Json:
    kind = node.get("resourceType")
    if kind in TYPES:
        node = person(node, masks)
    made: Json | None = None
    for name, value in node.items():
        if value.__class__ is dict or value.__class__ is list:
            new = None if _is_text(name, value) else _masked(value, masks)
        elif value.__class__ is str:
            new = _text(node, kind, name, value, masks)
        else:
            continue
        if new is not value:
            made = dict(node) if made is None else made
            if new is None:
                del made[name]
            else:
                made[name] = new
    made = node if made is None else made
    return _reference(made, masks) if "display" in made or "identifier" in made else made


def _is_text(name: str, value: Any) -> bool:
    """Tell a Narrative: of a record, or of a section of a document."""
    return name == "text" and value.__class__ is dict and "div" in value


def _text(node: Json, kind: Any, name: str, value: str, masks: Masks) -> str | None:
    """Give what is left of a text; None takes it out."""
    if name in _NUMBERS and masks.number is not Shown.shown:
        return styles.number(value) if masks.number is Shown.partly else None
    if name == "data" and ("contentType" in node or kind == "Binary"):
        return None
    is_attachment = kind is None and ("contentType" in node or "url" in node)
    if name == "title" and (is_attachment or kind == "Composition"):
        return styles.STARS
    return value


def _reference(node: Json, masks: Masks) -> Json:
    """Give a reference to a patient, or to who knows whom, without name and number."""
    named = "display" in node and masks.name is not Shown.shown
    numbered = isinstance(node.get("identifier"), dict) and masks.number is not Shown.shown
    if not (named or numbered) or not _may_name_patient(node):
        return node
    made = dict(node)
    if named:
        del made["display"]
        if masks.name is Shown.partly:
            made["display"] = styles.name(str(node["display"]))
    if numbered:
        del made["identifier"]
        if masks.number is Shown.partly:
            made["identifier"] = identifiers([node["identifier"]])[0]
    return made


def _may_name_patient(node: Json) -> bool:
    if "resourceType" in node or "code" in node or "system" in node:
        return False
    target = node.get("reference")
    if not isinstance(target, str) or target.startswith("#"):
        return node.get("type") not in _NOBODY
    parts = target.split("/")
    return len(parts) < 2 or parts[-2] not in _NOBODY
