"""The document itself, kept whole: Binary and DocumentReference."""

import base64
import hashlib
import re
from typing import Final

from xinglin.core.clock import instant
from xinglin.core.exact_json import Json
from xinglin.standards.cda.codes import concept, is_oid, system_uri
from xinglin.standards.cda.people import role
from xinglin.standards.cda.reading import Reading
from xinglin.standards.cda.xml import Node, attribute, child, children, text_of

DOCUMENT_TYPES: Final = "2.16.156.10011.2.4"
_CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_LEVELS: Final = frozenset("ULMNRV")
_ACTIVE: Final = "current"
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def keep_original(reading: Reading, raw: bytes) -> Json:
    """Keep the bytes as they came, and the DocumentReference that describes them; give its Reference."""
    digest = hashlib.sha256(raw).hexdigest()
    key = ("DocumentReference", *reading.key)
    binary: Json = {
        "resourceType": "Binary",
        # A corrected document of the same id has other bytes: both stay.
        "id": reading.origin.id("Binary", *reading.key, digest),
        "contentType": "application/xml",
        "securityContext": reading.origin.reference(*key),
        "data": base64.b64encode(raw).decode(),
    }
    where = reading.add(binary)["reference"]
    record: Json = {
        "resourceType": "DocumentReference",
        "id": reading.origin.id(*key),
        "masterIdentifier": document_identifier(child(reading.root, "id")),
        "identifier": _set_id(reading),
        "status": _ACTIVE,
        "docStatus": "final" if is_signed(reading.root) else None,
        "type": document_type(reading),
        "category": [{"text": "电子病历共享文档"}],
        "subject": reading.subject,
        "date": instant(reading.stamp.moment) if reading.stamp and reading.stamp.is_instant else None,
        "author": [one for node in children(reading.root, "author") if (one := author(reading, node))],
        "custodian": reading.custodian if "reference" in (reading.custodian or {}) else None,
        "relatesTo": _replaced(reading),
        "description": text_of(child(reading.root, "title")),
        "securityLabel": [{"coding": [found]}] if (found := confidentiality(reading.root)) else None,
        "content": [_content(reading, raw, where)],
        "context": _context(reading),
    }
    return reading.add({name: part for name, part in record.items() if part})


def _content(reading: Reading, raw: bytes, where: str) -> Json:
    attachment: Json = {
        "contentType": "application/xml",
        "language": attribute(child(reading.root, "languageCode"), "code") or "zh-CN",
        "url": where,
        "size": len(raw),
        "hash": base64.b64encode(hashlib.sha1(raw, usedforsecurity=False).digest()).decode(),
        "title": text_of(child(reading.root, "title")) or reading.type.title,
    }
    if reading.stamp:
        attachment["creation"] = reading.stamp.text
    content: Json = {"attachment": {name: part for name, part in attachment.items() if part}}
    if reading.type.template:
        name = (
            f"WS/T 500-2016 {reading.type.code}" if reading.type.code.startswith("C") else reading.type.code
        )
        content["format"] = {
            "system": "urn:ietf:rfc:3986",
            "code": f"urn:oid:{reading.type.template}",
            "display": name,
        }
    return content


def _context(reading: Reading) -> Json:
    node = child(reading.root, "componentOf/encompassingEncounter/effectiveTime")
    aside = [
        {"identifier": one.identifier} for one in reading.numbers if one.sort.of not in ("person", "visit")
    ]
    found = {
        "encounter": [reading.encounter] if reading.encounter else None,
        "period": reading.period(node) if node is not None else None,
        "related": aside,
    }
    return {name: part for name, part in found.items() if part}


def document_type(reading: Reading) -> Json:
    """Give the document type: the code as sent, with our table's title where it has none."""
    node = child(reading.root, "code")
    title = text_of(child(reading.root, "title")) or reading.type.title
    found = concept(node, title or None)
    if found and "coding" in found:
        found["coding"][0].setdefault("system", system_uri(DOCUMENT_TYPES))
        if reading.type.title:
            found["coding"][0].setdefault("display", reading.type.title)
    return found or {}


def author(reading: Reading, node: Node) -> Json | None:
    """Give who wrote the document."""
    return role(reading, child(node, "assignedAuthor"))


def is_signed(root: Node) -> bool:
    """Tell whether somebody answers for the document by name."""
    return any(child(root, name) is not None for name in ("legalAuthenticator", "authenticator"))


def confidentiality(root: Node) -> Json | None:
    """Give the Coding of the confidentiality level, where it is one of HL7's."""
    code = attribute(child(root, "confidentialityCode"), "code")
    return {"system": _CONFIDENTIALITY, "code": code} if code in _LEVELS else None


def document_identifier(node: Node | None) -> Json | None:
    """Give the Identifier of an II; a root alone (an OID or UUID) is itself the number."""
    root, extension = attribute(node, "root"), attribute(node, "extension")
    uri = _uri(root) if root else None
    if extension:
        return {"system": uri, "value": extension} if uri else {"value": extension}
    return {"system": "urn:ietf:rfc:3986", "value": uri} if uri else {"value": root} if root else None


def _uri(root: str) -> str | None:
    if is_oid(root):
        return f"urn:oid:{root}"
    return f"urn:uuid:{root.lower()}" if _UUID.fullmatch(root) else None


def _set_id(reading: Reading) -> list[Json] | None:
    found = document_identifier(child(reading.root, "setId"))
    return [found] if found else None


def _replaced(reading: Reading) -> list[Json]:
    """Give the documents that this one replaces (relatedDocument RPLC) or adds to (APND)."""
    meanings = {"RPLC": "replaces", "APND": "appends", "XFRM": "transforms"}
    found: list[Json] = []
    for node in children(reading.root, "relatedDocument"):
        kind = meanings.get(attribute(node, "typeCode") or "")
        identity = child(node, "parentDocument/id")
        identifier = document_identifier(identity)
        if kind and identifier:
            key = (attribute(identity, "root") or "", attribute(identity, "extension") or "")
            target = reading.origin.reference("DocumentReference", *key)
            found.append({"code": kind, "target": {**target, "identifier": identifier}})
    return found
