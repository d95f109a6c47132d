"""From what a system sends to FHIR resources: what every format has in common.

A `Format` cuts a delivery into `Piece`s of bounded size and reads each piece into `Item`s: the units that
are accepted or refused whole (a message, a row, a document, a bundle). An accepted item gives `Fact`s: FHIR
resources that carry their final ids, so that the same item always gives the same records. Pure functions.
"""

from xinglin.standards.conversion.model import Fact, Format, Item, Mode, Origin, Piece
from xinglin.standards.conversion.text import Undecided, UndecodableText, decode

__all__ = [
    "Fact",
    "Format",
    "Item",
    "Mode",
    "Origin",
    "Piece",
    "Undecided",
    "UndecodableText",
    "decode",
]
