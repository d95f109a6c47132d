"""Practitioners and organizations that a document names."""

from xinglin.core.exact_json import Json
from xinglin.standards.cda.numbers import read_number
from xinglin.standards.cda.reading import Reading
from xinglin.standards.cda.xml import Node, attribute, child, children, text_of
from xinglin.standards.conversion import Mode


def organization(reading: Reading, node: Node | None) -> Json | None:
    """Keep an organization, department or hospital; give a Reference, or only its name, or None."""
    if node is None:
        return None
    name = text_of(child(node, "name"))
    found = next((one for one in children(node, "id") if attribute(one, "extension")), None)
    if found is None:
        return {"display": name} if name else None
    number = read_number(attribute(found, "root") or "", attribute(found, "extension") or "", reading.origin)
    if number.sort.of == "location":
        return organization(reading, child(node, "asOrganizationPartOf/wholeOrganization"))
    key = (number.value,) if number.sort.name == "institution" else (number.sort.name, number.value)
    record: Json = {
        "resourceType": "Organization",
        "id": reading.origin.id("Organization", *key),
        "identifier": [number.identifier],
    }
    if name:
        record["name"] = name
    parent = organization(reading, child(node, "asOrganizationPartOf/wholeOrganization"))
    if parent:
        record["partOf"] = parent
    return {**reading.add(record, Mode.MENTION), **({"display": name} if name else {})}


def person(reading: Reading, node: Node | None) -> Json | None:
    """Keep an assignedAuthor or assignedEntity as a Practitioner; give a Reference.

    Somebody without a number is only named: two doctors can have one name.
    """
    if node is None:
        return None
    device = child(node, "assignedAuthoringDevice")
    name = text_of(child(node, "assignedPerson/name")) or text_of(child(device, "softwareName"))
    found = next((one for one in children(node, "id") if attribute(one, "extension")), None)
    if found is None or device is not None:
        return {"display": name} if name else None
    number = read_number(attribute(found, "root") or "", attribute(found, "extension") or "", reading.origin)
    record: Json = {
        "resourceType": "Practitioner",
        "id": reading.origin.id("Practitioner", number.value),
        "identifier": [number.identifier],
    }
    if name:
        record["name"] = [{"text": name}]
    return {**reading.add(record, Mode.MENTION), **({"display": name} if name else {})}


def role(reading: Reading, node: Node | None) -> Json | None:
    """Keep a person's role at an organization, where the document names it; else the person alone.

    Roles are words, such as 审核医师; no table has codes for them.
    """
    who = person(reading, node)
    said = attribute(child(node, "code"), "displayName") or text_of(child(node, "code"))
    if node is None or who is None or "reference" not in who or not said:
        return who
    place = organization(reading, child(node, "representedOrganization")) or reading.custodian
    at = (place or {}).get("reference", "")
    record: Json = {
        "resourceType": "PractitionerRole",
        "id": reading.origin.id("PractitionerRole", who["reference"], at, said),
        "practitioner": who,
        "code": [{"text": said}],
    }
    if place:
        record["organization"] = place
    return {**reading.add(record, Mode.MENTION), "display": who.get("display", said)}
