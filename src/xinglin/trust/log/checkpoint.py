"""What a log swears to: its name, size and root (https://c2sp.org/tlog-checkpoint), as pure values."""

import base64
import binascii
from dataclasses import dataclass
from typing import Final

from xinglin.trust.log.errors import NotANote
from xinglin.trust.log.merkle import BYTES
from xinglin.trust.log.notes import NOTE

_MOST_DIGITS: Final = 18


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The first `size` entries of the log `origin` have the root `root`."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Write the text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """Read the text of a checkpoint; lines that a later form adds are let pass. Raises NotANote."""
    lines = text.split("\n")
    if len(lines) < 4 or not lines[0] or lines[-1]:
        raise NotANote(what=NOTE)
    origin, size, coded = lines[:3]
    plain = size.isascii() and size.isdecimal() and len(size) <= _MOST_DIGITS and size == str(int(size))
    try:
        root = base64.b64decode(coded, validate=True)
    except (ValueError, binascii.Error):
        raise NotANote(what=NOTE) from None
    if not plain or len(root) != BYTES:
        raise NotANote(what=NOTE)
    return Checkpoint(origin, int(size), root)
