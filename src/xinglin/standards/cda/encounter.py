"""The visit or stay that a document belongs to."""

from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.cda.codes import concept
from xinglin.standards.cda.numbers import Number, best, read_number
from xinglin.standards.cda.people import organization, role
from xinglin.standards.cda.reading import Reading
from xinglin.standards.cda.tables import rows
from xinglin.standards.cda.xml import Node, attribute, child, text_of
from xinglin.standards.conversion import Mode

ACT_CODES: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_LOCATION_TYPES: Final = "http://terminology.hl7.org/CodeSystem/location-physical-type"
_PHYSICAL: Final = {"ward": ("wa", "Ward"), "room": ("ro", "Room"), "bed": ("bd", "Bed")}
_FIRST_FACILITY: Final = "location/healthCareFacility/serviceProviderOrganization"
_LISTS: Final = ("identifier[system,value]", "diagnosis[condition]")


def read_encounter(reading: Reading, role_node: Node) -> Json | None:
    """Give the Encounter of `componentOf`, not yet kept; sets `encounter` to a Reference. None without one.

    It needs the number of a visit: from what else a document says, two visits couldn't be told apart.
    """
    number = best(reading.numbers, "visit")
    if number is None:
        return None
    node = child(reading.root, "componentOf/encompassingEncounter")
    period = reading.period(child(node, "effectiveTime"))
    record: Json = {
        "resourceType": "Encounter",
        "id": reading.origin.id("Encounter", *_key(reading, number, period)),
        "identifier": [number.identifier],
        "status": "unknown",
        "class": _class(reading, role_node, number),
        "subject": reading.subject,
    }
    if period:
        record["period"] = period
    _places(reading, record, node)
    responsible = role(reading, child(node, "responsibleParty/assignedEntity"))
    if responsible:
        record["participant"] = [{"individual": responsible}]
    admission = concept(child(node, "code"))
    if admission:
        record["hospitalization"] = {"admitSource": admission}
    reading.encounter = {"reference": f"Encounter/{record['id']}"}
    return record


def keep_encounter(reading: Reading, record: Json) -> None:
    """Keep the Encounter: its own record and its discharge count, other documents only name it."""
    signed = child(reading.root, "legalAuthenticator") is not None
    ended = reading.type.visit == "discharge" or (reading.type.visit == "record" and signed)
    if ended:
        record["status"] = "finished"
    else:
        record.pop("diagnosis", None)
    reading.add(record, Mode.MERGE if ended else Mode.MENTION, _LISTS if ended else ())


def _key(reading: Reading, number: Number, period: Json | None) -> tuple[str, ...]:
    """Give by what the visit is known; an outpatient number declared the person's needs a day."""
    declared = reading.origin.declared.get("outpatient-number")
    if number.sort.name != "outpatient" or declared != "person":
        return (number.sort.name, number.value)
    day = (period or {}).get("start") or (reading.stamp.day if reading.stamp else "")
    return (number.sort.name, number.value, day[:10])


def _class(reading: Reading, role_node: Node, number: Number) -> Json:
    """Give the class: by the patient type (CV09.00.404), else the document, else the sort of number."""
    code = attribute(child(role_node, "patientType/patienttypeCode"), "code")
    told = next((row["class"] for row in rows("patient_types") if row["code"] == code), None)
    if code and told is None:
        reading.note(f"patient type {code[:20]}")
    by_number = "IMP" if number.sort.name == "inpatient" else "AMB"
    return {"system": ACT_CODES, "code": told or reading.type.encounter_class or by_number}


def _places(reading: Reading, record: Json, node: Node | None) -> None:
    """Follow bed, room, department, ward and hospital, each part of the next (`asOrganizationPartOf`)."""
    place = child(node, _FIRST_FACILITY)
    chain: list[Node] = []
    while place is not None and len(chain) < 10:
        chain.append(place)
        place = child(place, "asOrganizationPartOf/wholeOrganization")
    locations: list[Json] = []
    for one in reversed(chain):
        sort = _sort(reading, one)
        if sort in _PHYSICAL:
            locations.append(_location(reading, one, sort, locations))
        elif sort == "institution":
            record["serviceProvider"] = organization(reading, one)
        elif sort == "department":
            record["serviceType"] = {"text": text_of(child(one, "name"))}
            organization(reading, one)
    if locations:
        record["location"] = [{"location": locations[-1]}]
    if not record.get("serviceType", {"text": "-"})["text"]:
        del record["serviceType"]
    if reading.custodian:
        record.setdefault("serviceProvider", reading.custodian)


def _sort(reading: Reading, node: Node) -> str:
    identity = child(node, "id")
    root = attribute(identity, "root") or ""
    return read_number(root, attribute(identity, "extension") or "", reading.origin).sort.name


def _location(reading: Reading, node: Node, sort: str, outer: list[Json]) -> Json:
    identity, name = child(node, "id"), text_of(child(node, "name"))
    value = attribute(identity, "extension") or name or sort
    number = read_number(attribute(identity, "root") or "", value, reading.origin)
    code, display = _PHYSICAL[sort]
    # A bed 1 stands in every room: places are known by those around them.
    around = outer[-1]["reference"] if outer else ""
    record: Json = {
        "resourceType": "Location",
        "id": reading.origin.id("Location", sort, value, around),
        "identifier": [number.identifier],
        "name": name or value,
        "physicalType": {"coding": [{"system": _LOCATION_TYPES, "code": code, "display": display}]},
    }
    if outer:
        record["partOf"] = outer[-1]
    return reading.add(record, Mode.MENTION)
