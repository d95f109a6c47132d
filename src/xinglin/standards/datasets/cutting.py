"""Lines and rows of a text table as bytes: quoted line breaks stay in their row, memory stays bounded."""

import codecs
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from xinglin.standards.conversion.text import NAMES

LONGEST: Final = 1_048_576
"""Bytes of the longest line and the longest row."""
MOST_LINES: Final = 1_000
"""Lines that a quoted cell may have at most; more means that a quote was left open."""
_CHUNK: Final = 1_048_576
_WIDE: Final = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Cut:
    """A row as bytes, its first line's number from 0, how many lines it has, and what is wrong with it."""

    raw: bytes
    line: int
    lines: int
    fault: str = ""
    """`quote`: a quote opens in it that nothing closes; `long`: a part of a line that is too long."""


def chunks(stream: BinaryIO, charset: str | None) -> Iterator[bytes]:
    """Read a stream; UTF-16 becomes UTF-8 with a byte order mark, for in it no byte means one character."""
    first = stream.read(_CHUNK)
    named = NAMES.get((charset or "").upper(), (charset or "").lower())
    wide = next((name for mark, name in _WIDE if first.startswith(mark)), None)
    if wide is None and named.replace("_", "-").startswith("utf-16"):
        wide = "utf-16-be" if named.endswith("be") else "utf-16-le"
    if wide is None:
        while first:
            yield first
            first = stream.read(_CHUNK)
        return
    decoder = codecs.getincrementaldecoder(wide)("replace")
    yield codecs.BOM_UTF8
    while first:
        yield decoder.decode(first).lstrip("\ufeff").encode("utf-8", "replace")
        first = stream.read(_CHUNK)
    yield decoder.decode(b"", final=True).encode()


def lines(parts: Iterable[bytes], end: bytes = b"") -> Iterator[bytes]:
    """Give lines with their ends; long ones in parts.

    Without an `end` the beginning tells: LF (CR LF too), or CR alone where there is no LF.
    """
    tail = b""
    for part in parts:
        text = tail + part
        if not end:
            end = b"\r" if b"\n" not in text and b"\r" in text[:-1] else b"\n" if b"\n" in text else b""
        found = text.split(end) if end else [text]
        tail = found.pop()
        for line in found:
            yield line + end
        while len(tail) > LONGEST:
            yield tail[:LONGEST]
            tail = tail[LONGEST:]
    if tail:
        yield tail


def still_open(text: str, delimiter: str, *, inside: bool) -> bool:
    """Tell whether a quote is open at the end of `text`; `inside`: one was open at its start.

    A quote opens only at the beginning of a cell, and is doubled where it is part of the text (RFC 4180).
    """
    at = 0
    while True:
        if inside or text[at : at + 1] == '"':
            at = at if inside else at + 1
            inside = False
            while (end := text.find('"', at)) >= 0 and text[end + 1 : end + 2] == '"':
                at = end + 2
            if end < 0:
                return True
            at = end + 1
        at = text.find(delimiter, at) + 1
        if not at:
            return False


def rows(source: Iterable[bytes], delimiter: str, charset: str) -> Iterator[Cut]:
    """Put lines together to rows: the same ones, between whichever rows one begins to read."""
    feed = iter(source)
    waiting: deque[bytes] = deque()
    number = 0
    # In UTF-8 and GB 18030 no part of a longer character is a quote or a delimiter, but for | in GB 18030.
    reading = charset if delimiter == "|" else "latin-1"
    while (line := waiting.popleft() if waiting else next(feed, None)) is not None:
        if len(line) >= LONGEST:
            yield Cut(line, number, 1, "long")
            number += 1
            continue
        if b'"' not in line or not still_open(line.decode(reading, "replace"), delimiter, inside=False):
            yield Cut(line, number, 1)
            number += 1
            continue
        more = _rest(feed, waiting, delimiter, reading, len(line))
        if more is None:
            yield Cut(line, number, 1, "quote")
            number += 1
        else:
            yield Cut(line + b"".join(more), number, 1 + len(more))
            number += 1 + len(more)


def _rest(
    feed: Iterator[bytes], waiting: deque[bytes], delimiter: str, charset: str, size: int
) -> list[bytes] | None:
    """Take the lines that close a quote; where nothing closes it, put them back and give None."""
    taken: list[bytes] = []
    while len(taken) < MOST_LINES and size < LONGEST:
        line = waiting.popleft() if waiting else next(feed, None)
        if line is None:
            break
        taken.append(line)
        size += len(line)
        if b'"' in line and not still_open(line.decode(charset, "replace"), delimiter, inside=True):
            return taken
    waiting.extendleft(reversed(taken))
    return None
