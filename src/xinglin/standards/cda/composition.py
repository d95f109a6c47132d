"""The document's outline: Composition with its sections."""

from collections.abc import Iterator

from xinglin.core.clock import instant
from xinglin.core.exact_json import Json
from xinglin.standards.cda.codes import concept
from xinglin.standards.cda.narrative import narrative
from xinglin.standards.cda.originals import (
    author,
    confidentiality,
    document_identifier,
    document_type,
    is_signed,
)
from xinglin.standards.cda.people import role
from xinglin.standards.cda.reading import Reading
from xinglin.standards.cda.xml import Node, attribute, child, children, name_of, text_of

_ABSENT: Json = {
    "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
    ]
}
_BODIES = ("component", "structuredBody")


def sections(node: Node) -> Iterator[Node]:
    """Give the sections right below: in structuredBody or, as many systems write, under the root itself."""
    for one in node:
        if name_of(one) == "section":
            yield one
        elif name_of(one) in _BODIES:
            yield from sections(one)


def title_of(section: Node) -> str:
    """Give what a section is called: its title, else the name of its code."""
    return text_of(child(section, "title")) or attribute(child(section, "code"), "displayName") or ""


def outline(section: Node, entries: dict[Node, list[Json]]) -> Json:
    """Give a section with those below it; `entries` are the records that came of each."""
    below = [outline(one, entries) for one in sections(section)]
    found: Json = {
        "title": title_of(section),
        "code": concept(child(section, "code")),
        "text": narrative(section),
        "entry": entries.get(section),
        "section": [one for one in below if one],
    }
    found = {name: part for name, part in found.items() if part}
    if found and not found.keys() & {"text", "entry", "section"}:
        # A section of which nothing is known says so (invariant cmp-1).
        found["emptyReason"] = {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/list-empty-reason", "code": "unavailable"}
            ]
        }
    return found


def composition(reading: Reading, entries: dict[Node, list[Json]]) -> Json:
    """Keep the Composition; gives a Reference."""
    root = reading.root
    authors = [one for node in children(root, "author") if (one := author(reading, node))]
    replaces = any(attribute(one, "typeCode") == "RPLC" for one in children(root, "relatedDocument"))
    label = confidentiality(root)
    record: Json = {
        "resourceType": "Composition",
        "id": reading.origin.id("Composition", *reading.key),
        "language": "zh-CN",
        "identifier": document_identifier(child(root, "setId")) or document_identifier(child(root, "id")),
        "status": ("amended" if replaces else "final") if is_signed(root) else "preliminary",
        "type": document_type(reading) or _ABSENT,
        "subject": reading.subject,
        "encounter": reading.encounter,
        "date": reading.stamp.text if reading.stamp else None,
        "_date": None if reading.stamp else _ABSENT,
        "author": authors or [reading.custodian or {"display": reading.origin.institution_name}],
        "title": text_of(child(root, "title")) or reading.type.title or reading.type.code,
        "confidentiality": label["code"] if label else None,
        "attester": _attesters(reading),
        "custodian": reading.custodian,
        "section": [found for one in sections(root) if (found := outline(one, entries))],
    }
    return reading.add({name: part for name, part in record.items() if part})


def _attesters(reading: Reading) -> list[Json]:
    found: list[Json] = []
    for name, mode in (("legalAuthenticator", "legal"), ("authenticator", "professional")):
        for node in children(reading.root, name):
            when = reading.time(child(node, "time"))
            party = role(reading, child(node, "assignedEntity"))
            if party:
                found.append({"mode": mode, **({"time": when.text} if when else {}), "party": party})
    return found


def issued(reading: Reading) -> str | None:
    """Give when the document was made as an instant, where that is known to the second."""
    return instant(reading.stamp.moment) if reading.stamp and reading.stamp.is_instant else None
