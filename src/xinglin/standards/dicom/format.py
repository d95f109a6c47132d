"""DICOM objects (PS3.10 files) as a format of deliveries: only the header is read."""

from collections.abc import Iterator
from typing import BinaryIO

from xinglin.core.errors import IntakeError
from xinglin.standards.conversion import Fact, Item, Origin, Piece


class DicomObjects:
    """Format `dicom`: one file, one object. Pixels stay where they are.

    pydicom is loaded when an object comes: it takes long, and most deliveries have none.
    """

    name = "dicom"

    def recognises(self, start: bytes) -> bool:
        """Tell by `DICM` behind the preamble of 128 bytes."""
        return start[128:132] == b"DICM"

    def pieces(self, stream: BinaryIO, origin: Origin) -> Iterator[Piece]:  # noqa: ARG002 # the contract's
        """Give what stands before the pixels as one piece."""
        from xinglin.standards.dicom.header import LIMIT, header_of

        start = bytearray()
        while len(start) < LIMIT and (block := stream.read(LIMIT - len(start))):
            start += block
        try:
            yield Piece(header_of(bytes(start)))
        except IntakeError:
            # Where it is damaged can't be told yet; `items` says so, and keeps the bytes.
            yield Piece(bytes(start))

    def items(self, piece: Piece, origin: Origin) -> Iterator[Item]:
        """Read the object."""
        from xinglin.standards.dicom.header import Header, read_header
        from xinglin.standards.dicom.study import study_facts

        facts: list[Fact] = []
        unknown: list[str] = []
        error: IntakeError | None = None
        try:
            header = Header(read_header(piece.body), origin.charset)
            facts = study_facts(header, origin)
            unknown = list(dict.fromkeys(header.unreadable))
            if header.private:
                unknown.append(f"private elements: {header.private}")
        except IntakeError as found:
            error = found
        yield Item(piece.item, piece.line, piece.body, facts, error, unknown)
