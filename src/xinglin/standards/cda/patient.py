"""The patient as the document's header knows them."""

import re
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.cda.codes import coding, concept
from xinglin.standards.cda.numbers import Number, best, read_numbers
from xinglin.standards.cda.reading import Reading
from xinglin.standards.cda.tables import rows
from xinglin.standards.cda.xml import Node, attribute, child, children, text_of
from xinglin.standards.conversion import Mode
from xinglin.standards.identifiers import SCHEMES, Identifier, Kind

_ETHNIC: Final = "http://hl7.org.cn/fhir/StructureDefinition/ext-person-ethnicGroup"
_LINES: Final = ("township", "streetName", "houseNumber", "streetAddressLine")
_PLACES: Final = (("state", "state"), ("city", "city"), ("county", "district"), ("postalCode", "postalCode"))
_TELEPHONE: Final = re.compile(r"(?:tel|mailto):", re.IGNORECASE)
_MOST_TELEPHONES: Final = 20
_FEWEST_DIFFERENT: Final = 3
"""A number of fewer different characters is a placeholder, such as 000000000000000000."""


def read_patient(reading: Reading, role: Node) -> None:
    """Keep the patient and the numbers that stand on `patientRole`; sets `subject` and `numbers`.

    A header with number, name, sex and birth date says enough to correct what is stored (`Mode.MERGE`);
    with less it only names somebody (`Mode.MENTION`).
    """
    person = child(role, "patient")
    reading.numbers, unknown = read_numbers([*children(role, "id"), *children(person, "id")], reading.origin)
    for word in unknown:
        reading.note(word)
    record: Json = {"resourceType": "Patient", "id": ""}
    record.update({name: part for name, part in _details(reading, role, person).items() if part})
    record["id"] = reading.origin.id("Patient", *_key(reading, record))
    whole = {"identifier", "name", "gender", "birthDate"} <= record.keys() and best(reading.numbers, "person")
    mode = Mode.MERGE if whole else Mode.MENTION
    reading.subject = reading.add(record, mode, ("identifier[system,value]",) if whole else ())


def _details(reading: Reading, role: Node, person: Node | None) -> Json:
    name = text_of(child(person, "name"))
    born = reading.time(child(person, "birthTime"))
    return {
        "extension": _ethnic_group(person),
        "identifier": [
            one.identifier for one in reading.numbers if one.sort.of in ("person", "visit", "other")
        ],
        "name": [{"text": name}] if name else None,
        "telecom": _telecom([*children(role, "telecom"), *children(person, "telecom")]),
        "gender": _gender(reading, child(person, "administrativeGenderCode")),
        "birthDate": born.day if born else None,
        "address": [one for node in children(role, "addr") if (one := address(node))],
        "maritalStatus": concept(child(person, "maritalStatusCode")),
        "contact": _contacts(reading.root),
    }


def _key(reading: Reading, record: Json) -> tuple[str, ...]:
    """Give by what the person is known: a number of theirs, else of the visit, else this document alone."""
    number = best(reading.numbers, "person")
    if number:
        return (number.sort.name, number.value)
    doubtful = next((one for one in reading.numbers if one.sort.name == "resident-id"), None)
    if doubtful and _is_telling(doubtful) and record.keys() >= {"name", "birthDate"}:
        return ("resident-id", doubtful.value, record["name"][0]["text"], record["birthDate"])
    visit = best(reading.numbers, "visit")
    return (visit.sort.name, visit.value) if visit else ("document", *reading.family)


def _is_telling(number: Number) -> bool:
    """Tell whether a wrong identity number still can tell people apart, beside name and birth date."""
    return len(number.value) in (15, 18) and len(set(number.value)) >= _FEWEST_DIFFERENT


def _gender(reading: Reading, node: Node | None) -> str | None:
    """Give the FHIR gender of a GB/T 2261.1 code; 0 and 9 are both `unknown`."""
    code = attribute(node, "code")
    found = next((row["gender"] for row in rows("sexes") if row["code"] == code), None)
    if code and found is None:
        reading.note(f"sex {code[:20]}")
    return found


def _ethnic_group(person: Node | None) -> list[Json] | None:
    found = coding(child(person, "ethnicGroupCode"))
    return [{"url": _ETHNIC, "valueCodeableConcept": {"coding": [found]}}] if found else None


def _telecom(nodes: list[Node]) -> list[Json]:
    found: dict[str, Json] = {}
    for node in nodes:
        value = attribute(node, "value") or text_of(node)
        if value and len(found) < _MOST_TELEPHONES:
            plain = _TELEPHONE.sub("", value)
            told = SCHEMES[Kind.PHONE].parse(plain)
            number = told.value if isinstance(told, Identifier) else plain
            found[number] = {"system": "email" if "@" in plain else "phone", "value": number}
    return list(found.values())


def address(node: Node) -> Json | None:
    """Give an Address; the parts in the order in which Chinese addresses are written are its text."""
    parts: Json = {name: text_of(child(node, tag)) for tag, name in _PLACES}
    lines = [line for tag in _LINES for one in children(node, tag) if (line := text_of(one))]
    whole = "".join([parts["state"], parts["city"], parts["district"], *lines]) or text_of(node)
    found = {**parts, "line": lines, "text": whole}
    return {name: part for name, part in found.items() if part} if whole else None


def _contacts(root: Node) -> list[Json]:
    """Give contact persons: participants of type NOT."""
    found: list[Json] = []
    for node in children(root, "participant"):
        who = child(node, "associatedEntity")
        if attribute(node, "typeCode") != "NOT" or who is None:
            continue
        name = text_of(child(who, "associatedPerson/name"))
        kin = concept(child(who, "code"))
        contact: Json = {
            "relationship": [kin] if kin else None,
            "name": {"text": name} if name else None,
            "telecom": _telecom(children(who, "telecom")),
        }
        if name or contact["telecom"]:
            found.append({key: part for key, part in contact.items() if part})
    return found
