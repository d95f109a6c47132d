"""Laboratory and examination reports (C0007, C0006): DiagnosticReport with its order and its specimen."""

from collections.abc import Sequence
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.cda.composition import issued
from xinglin.standards.cda.numbers import Number, best
from xinglin.standards.cda.originals import document_type
from xinglin.standards.cda.people import organization
from xinglin.standards.cda.reading import Reading
from xinglin.standards.cda.sections.entries import Entry, element_code, entries, of_role, said
from xinglin.standards.cda.sections.laboratory import read_results
from xinglin.standards.cda.tables import first_word
from xinglin.standards.cda.xml import Node, attribute, child, children
from xinglin.standards.conversion import Mode

_CATEGORIES: Final = "http://terminology.hl7.org/CodeSystem/v2-0074"
_REQUESTERS: Final = "associatedEntity/scopingOrganization"


def read_report(reading: Reading, sections: Sequence[Node], kind: str) -> dict[Node, list[Json]]:
    """Keep the report that these sections make up; `kind` is "laboratory" or "examination".

    Gives the records that came of each section; the first one holds the report itself.
    """
    found = [entry for section in sections for entry in entries(reading, section)]
    order = _order(reading)
    sample = _specimen(reading, found)
    category = "laboratory" if kind == "laboratory" else None
    results = {section: read_results(reading, [section], category) for section in sections}
    sampled = next(iter(of_role(found, "specimen-type")), None)
    taken = _effective(reading, sampled)
    # A result is true for when the specimen was taken, not for when it was measured.
    _attach(reading, {"basedOn": [order] if order else None, "specimen": sample, "effectiveDateTime": taken})
    findings = [_finding(reading, one) for one in of_role(found, "finding")]
    listed = [*(one for kept in results.values() for one in kept), *findings]
    report = _report(reading, found, kind, taken)
    report.update({"basedOn": [order] if order else None, "specimen": [sample] if sample else None})
    report["result"] = listed
    reference = reading.add({name: part for name, part in report.items() if part})
    results[sections[0]] = [reference, *results[sections[0]]]
    return results


def _attach(reading: Reading, parts: Json) -> None:
    """Say of each result what order and specimen it comes from."""
    for fact in reading.facts:
        if fact.resource["resourceType"] == "Observation":
            fact.resource.update({name: part for name, part in parts.items() if part})


def _report(reading: Reading, found: Sequence[Entry], kind: str, taken: str | None) -> Json:
    number = best(reading.numbers, "report")
    replaces = any(attribute(one, "typeCode") == "RPLC" for one in children(reading.root, "relatedDocument"))
    title = said(found, "report-category")
    coded = document_type(reading)
    document = reading.origin.reference("DocumentReference", *reading.key)
    return {
        "resourceType": "DiagnosticReport",
        "id": reading.origin.id("DiagnosticReport", *_key(reading, number)),
        "identifier": [number.identifier] if number else None,
        "status": "corrected" if replaces else "final",
        "category": [_category(kind, title)],
        "code": {**coded, "text": title or coded.get("text") or reading.type.title},
        "subject": reading.subject,
        "encounter": reading.encounter,
        "effectiveDateTime": taken,
        "issued": issued(reading),
        "performer": [reading.custodian] if reading.custodian else None,
        "conclusion": said(found, "report-conclusion"),
        "presentedForm": [{"contentType": "application/xml", "url": document["reference"]}],
    }


def _key(reading: Reading, number: Number | None) -> tuple[str, ...]:
    return (number.sort.name, number.value) if number else ("document", *reading.family)


def _effective(reading: Reading, sampled: Entry | None) -> str | None:
    """Give when the specimen was taken: what the results are true for."""
    time = child(sampled.node, "effectiveTime") if sampled else None
    taken = reading.time(child(time, "low")) or reading.time(time)
    return taken.text if taken else None


def _category(kind: str, title: str) -> Json:
    if kind == "laboratory":
        return {"coding": [{"system": _CATEGORIES, "code": "LAB", "display": "Laboratory"}]}
    known = first_word("report_categories", title.upper()) if title else None
    coded = {"coding": [{"system": _CATEGORIES, "code": known["category"]}]} if known else {}
    return {**coded, "text": title or "检查"}


def _order(reading: Reading) -> Json | None:
    """Keep the request by its number; who asked is a participant of type PRF."""
    number = best(reading.numbers, "request")
    if number is None:
        return None
    nodes = [one for one in children(reading.root, "participant") if attribute(one, "typeCode") == "PRF"]
    asked = next((one for node in nodes if (one := organization(reading, child(node, _REQUESTERS)))), None)
    record: Json = {
        "resourceType": "ServiceRequest",
        "id": reading.origin.id("ServiceRequest", number.sort.name, number.value),
        "identifier": [number.identifier],
        "status": "unknown",
        "intent": "order",
        "subject": reading.subject,
        "encounter": reading.encounter,
        "requester": asked,
    }
    return reading.add({name: part for name, part in record.items() if part}, Mode.MENTION)


def _specimen(reading: Reading, found: Sequence[Entry]) -> Json | None:
    """Keep the specimen: its number, sort, state, and when it was taken and received."""
    numbers = [one for one in reading.numbers if one.sort.of == "specimen"]
    kinds = {one.said: one for one in of_role(found, "specimen-type")}
    if len(numbers) > 1 or len(kinds) > 1:
        reading.note(f"{len(numbers)} specimen numbers, {len(kinds)} kinds: not paired")
        return None
    number, stated = next(iter(numbers), None), next(iter(kinds.values()), None)
    if number is None and stated is None:
        return None
    time = child(stated.node, "effectiveTime") if stated else None
    taken, received = _effective(reading, stated), reading.time(child(time, "high"))
    state = said(found, "specimen-state")
    key = (number.sort.name, number.value) if number else ("document", *reading.family)
    record: Json = {
        "resourceType": "Specimen",
        "id": reading.origin.id("Specimen", *key),
        "identifier": [number.identifier] if number else None,
        "type": {"text": stated.said} if stated else None,
        "subject": reading.subject,
        "receivedTime": received.text if received else None,
        "collection": {"collectedDateTime": taken} if taken else None,
        "condition": [{"text": state}] if state else None,
    }
    return reading.add({name: part for name, part in record.items() if part})


def _finding(reading: Reading, entry: Entry) -> Json:
    """Keep what was seen (检查报告结果-客观所见) as an Observation in words."""
    code = element_code(entry)
    record: Json = {
        "resourceType": "Observation",
        "id": reading.id("Observation", str(code)),
        "status": "final",
        "code": code,
        "subject": reading.subject,
        "encounter": reading.encounter,
        "valueString": entry.said,
    }
    return reading.add({name: part for name, part in record.items() if part})
