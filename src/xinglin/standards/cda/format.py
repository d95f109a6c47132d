"""Clinical documents (CDA R2 in the manner of WS/T 500-2016) as a format of deliveries."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from xinglin.core.errors import IntakeError
from xinglin.standards.cda.composition import composition
from xinglin.standards.cda.encounter import keep_encounter, read_encounter
from xinglin.standards.cda.errors import (
    DocumentTooLarge,
    DocumentWithoutId,
    NotOneDocument,
    NotOnePatient,
    VersionBelowZero,
)
from xinglin.standards.cda.numbers import best
from xinglin.standards.cda.originals import keep_original
from xinglin.standards.cda.patient import read_patient
from xinglin.standards.cda.people import organization
from xinglin.standards.cda.reading import Reading
from xinglin.standards.cda.structured import read_sections
from xinglin.standards.cda.tables import DocumentType, document_types
from xinglin.standards.cda.times import Stamp
from xinglin.standards.cda.xml import Node, attribute, child, children, name_of, parse
from xinglin.standards.conversion import Item, Origin, Piece

LIMIT: Final = 50_000_000
"""Bytes a document may have."""
NAMESPACE: Final = "urn:hl7-org:v3"
_ROOT: Final = re.compile(rb"<(?:[\w.-]{1,40}:)?ClinicalDocument[\s>/]")
_BLOCK: Final = 1 << 20
_NUMBERED: Final = {"C0004": "prescription", "C0005": "prescription", "C0006": "report", "C0007": "report"}


class ClinicalDocuments:
    """Format `cda`: one file, one document."""

    name = "cda"

    def recognises(self, start: bytes) -> bool:
        """Tell a clinical document by its root and namespace; in an envelope too, which is then refused."""
        # Without the zero bytes UTF-16 reads as ASCII here.
        plain = (
            start.replace(b"\x00", b"")
            if b"\x00" in start[:4] or start[:2] in (b"\xff\xfe", b"\xfe\xff")
            else start
        )
        begins = plain.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<")
        return begins and NAMESPACE.encode() in plain and _ROOT.search(plain) is not None

    def pieces(self, stream: BinaryIO, origin: Origin) -> Iterator[Piece]:  # noqa: ARG002 # the contract's
        """Give the whole file as one piece. Raises DocumentTooLarge."""
        body = bytearray()
        while block := stream.read(_BLOCK):
            body += block
            if len(body) > LIMIT:
                raise DocumentTooLarge(limit=LIMIT // 1_000_000)
        yield Piece(bytes(body))

    def items(self, piece: Piece, origin: Origin) -> Iterator[Item]:
        """Read the document."""
        try:
            reading = read_document(piece.body, origin)
        except IntakeError as error:
            yield Item(piece.item, piece.line, piece.body, error=error)
            return
        yield Item(piece.item, piece.line, piece.body, reading.facts, unknown=reading.unknown)


def read_document(raw: bytes, origin: Origin) -> Reading:
    """Read a document into facts. Raises IntakeError where it can't be taken."""
    root = parse(raw, origin.charset)
    if root.tag != f"{{{NAMESPACE}}}ClinicalDocument":
        raise NotOneDocument(root=name_of(root)[:40], expression=f"/{name_of(root)[:40]}")
    reading = _begin(root, origin)
    roles = children(root, "recordTarget/patientRole")
    if len(roles) != 1:
        raise NotOnePatient(count=len(roles), expression="/ClinicalDocument/recordTarget")
    reading.custodian = organization(
        reading, child(root, "custodian/assignedCustodian/representedCustodianOrganization")
    )
    read_patient(reading, roles[0])
    _know_family(reading)
    visit = read_encounter(reading, roles[0])
    found = read_sections(reading, visit)
    if visit is not None:
        keep_encounter(reading, visit)
    composition(reading, found)
    keep_original(reading, raw)
    return reading


def _begin(root: Node, origin: Origin) -> Reading:
    identity = child(root, "id")
    key = (attribute(identity, "root") or "", attribute(identity, "extension") or "")
    if not any(key):
        raise DocumentWithoutId(expression="/ClinicalDocument/id")
    version = attribute(child(root, "versionNumber"), "value") or ""
    if version.startswith("-"):
        raise VersionBelowZero(version=version[:20], expression="/ClinicalDocument/versionNumber")
    group = child(root, "setId")
    family = (attribute(group, "root") or "", attribute(group, "extension") or "")
    reading = Reading(root, origin, _type(root), key, family if any(family) else key, None)
    if reading.type.code not in document_types():
        reading.note(f"document type {reading.type.code[:40] or '-'}")
    reading.stamp = _stamp(reading)
    return reading


def _know_family(reading: Reading) -> None:
    """Let versions of one report or prescription share the ids of their items, by its number."""
    number = best(reading.numbers, _NUMBERED.get(reading.type.code, ""))
    if number and reading.family == reading.key:
        reading.family = (number.sort.name, number.value)


def _type(root: Node) -> DocumentType:
    """Find the type by its code; templates are copied wrongly, so templateId isn't asked."""
    code = attribute(child(root, "code"), "code") or ""
    return document_types().get(code) or DocumentType(
        code, "", "", structured=False, visit="", encounter_class=None
    )


def _stamp(reading: Reading) -> Stamp | None:
    """Give when the document was made: effectiveTime, else when it was written or signed."""
    for path in ("effectiveTime", "author/time", "legalAuthenticator/time"):
        found = reading.time(child(reading.root, path))
        if found:
            return found
    return None
