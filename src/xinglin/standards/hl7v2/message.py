"""A message as segments and fields.

The thin tokenizer here is what bulk intake can afford: the `hl7` library builds every sub-component of every
field and parses about 500 sample messages a second, 1,500 parsed and mapped being wanted. Tests compare this
one with the library.
"""

import re
from typing import Final

from xinglin.standards.hl7v2.errors import NotAMessage, TooManySegments
from xinglin.standards.hl7v2.text import USUAL, printable, unescape, usual

MOST_SEGMENTS: Final = 20_000
_SEGMENT: Final = re.compile(r"[A-Z][A-Z0-9]{2}(?:\||$)")


class Segment:
    """One segment: `fields[n]` is its field n as written (MSH-1 is the delimiter), `text` the whole."""

    __slots__ = ("fields", "name", "text")

    def __init__(self, text: str) -> None:
        """Split a segment with the usual delimiters."""
        self.text = text
        fields = text.split("|")
        self.name = fields[0]
        if self.name == "MSH":
            fields.insert(1, "|")
        self.fields = fields

    def field(self, number: int) -> str:
        """Give field `number` as written; "" where it is missing or explicitly empty."""
        if number >= len(self.fields):
            return ""
        found = self.fields[number]
        return "" if found == '""' else found

    def first(self, number: int) -> str:
        """Give the first repetition of field `number` as written."""
        found = self.field(number)
        return found.split("~", 1)[0] if "~" in found else found

    def part(self, number: int, component: int = 1) -> str:
        """Give a component of the first repetition, without escape sequences."""
        return component_of(self.first(number), component)


def component_of(value: str, component: int = 1) -> str:
    """Give the first sub-component of a component of `value`, without escape sequences."""
    parts = value.split("^", component)
    if component > len(parts):
        return ""
    found = parts[component - 1].split("&", 1)[0].strip()
    return "" if found == '""' else unescape(found)


class Message:
    """The segments of a message, MSH first, with the usual delimiters."""

    __slots__ = ("header", "segments")

    def __init__(self, text: str) -> None:
        """Read a message. Raises NotAMessage and TooManySegments."""
        self.segments = [Segment(line) for line in _lines(text)]
        self.header = self.segments[0]

    def first(self, name: str) -> Segment | None:
        """Give the first segment of this name."""
        return next((one for one in self.segments if one.name == name), None)


def delimiters(text: str) -> str:
    """Give the delimiters that the header of `text` declares, in the order of `USUAL`; fewer may be declared.

    Raises NotAMessage where they can't be delimiters.
    """
    if not text.startswith("MSH") or len(text) < 5:
        raise NotAMessage(expression="MSH-1")
    field = text[3]
    declared = re.split(r"[\r\n]", text[4:12].split(field, 1)[0])[0][:4]
    own = field + declared
    if not declared or len(set(own)) != len(own) or any(one.isalnum() or one in "\r\n" for one in own):
        raise NotAMessage(expression="MSH-2")
    return own


def _lines(text: str) -> list[str]:
    own = delimiters(text)
    lines = printable(text).replace("\r\n", "\r").replace("\n", "\r").split("\r")
    if own != USUAL:
        rewrite = usual(own)
        head, rest = lines[0][4 + len(own) - 1 :], lines[1:]
        lines = ["MSH|^~\\&" + rewrite(head), *map(rewrite, rest)]
    found: list[str] = []
    for line in lines:
        if _SEGMENT.match(line):
            found.append(line)
        elif line.strip():
            # A line break that somebody wrote into a text: it belongs to the segment before.
            found[-1] += "\n" + line
    if len(found) > MOST_SEGMENTS:
        raise TooManySegments(limit=MOST_SEGMENTS)
    return found
