"""The text of a request to a witness (https://c2sp.org/tlog-witness#add-checkpoint), written and read."""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

from xinglin.trust.log.errors import NotANote
from xinglin.trust.log.merkle import BYTES
from xinglin.trust.log.notes import NOTE, Note, read_note

MOST_HASHES: Final = 63


def write_request(note: Note, old: int, proof: Sequence[bytes]) -> str:
    """Write what a witness is asked with."""
    lines = [f"old {old}", *(base64.b64encode(one).decode() for one in proof)]
    return "\n".join(lines) + "\n\n" + note.write()


def read_request(text: str) -> tuple[Note, int, list[bytes]]:
    """Give the checkpoint, the old size and the proof. Raises NotANote."""
    head, _, rest = text.partition("\n\n")
    first, *lines = head.split("\n")
    word, _, size = first.partition(" ")
    if word != "old" or not (size.isascii() and size.isdecimal() and len(size) < 19):
        raise NotANote(what=NOTE)
    try:
        proof = [base64.b64decode(one, validate=True) for one in lines]
    except (ValueError, binascii.Error):
        raise NotANote(what=NOTE) from None
    if len(proof) > MOST_HASHES or any(len(one) != BYTES for one in proof):
        raise NotANote(what=NOTE)
    return read_note(rest), int(size), proof
