"""The format `hl7v2` of deliveries."""

from collections.abc import Iterator
from typing import BinaryIO

from xinglin.core.errors import XinglinError
from xinglin.standards.conversion import Item, Origin, Piece
from xinglin.standards.hl7v2 import framing
from xinglin.standards.hl7v2.charset import text_of
from xinglin.standards.hl7v2.errors import MessageTooLong
from xinglin.standards.hl7v2.message import Message
from xinglin.standards.hl7v2.reading import read


class Hl7v2:
    """HL7 v2 messages, one or many in a file (see `framing`)."""

    name = "hl7v2"

    def recognises(self, start: bytes) -> bool:
        """Tell whether a file begins with a message, a batch or an MLLP frame."""
        return framing.recognises(start)

    def pieces(self, stream: BinaryIO, origin: Origin) -> Iterator[Piece]:
        """Cut a file into pieces of whole messages."""
        del origin
        return framing.pieces(stream)

    def items(self, piece: Piece, origin: Origin) -> Iterator[Item]:
        """Read each message of a piece."""
        for number, cut in enumerate(framing.parts(piece.body, piece.line), piece.item):
            yield item(cut.raw, origin, number=number, line=cut.line)


def item(raw: bytes, origin: Origin, *, number: int = 1, line: int = 1) -> Item:
    """Read one message, without framing."""
    try:
        if len(raw) > framing.LONGEST:
            raise MessageTooLong(limit=framing.LONGEST)
        text, codec = text_of(raw, origin.charset)
        facts, unknown = read(Message(text), origin, codec)
    except XinglinError as error:
        return Item(number, line, raw, error=error)
    return Item(number, line, raw, facts, unknown=unknown)
