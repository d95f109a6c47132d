"""Cutting files into messages: one or many, with CR, CRLF or LF, in batches (FHS, BHS) or MLLP frames."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from xinglin.standards.conversion import Piece

LONGEST: Final = 64 * 1024 * 1024
"""Bytes of a message at most: documents travel inside."""
PIECE_BYTES: Final = 1_000_000
PIECE_MESSAGES: Final = 200
_BLOCK: Final = 1 << 18

_WRAPPING: Final = (b"FHS", b"BHS", b"BTS", b"FTS")
_BEFORE: Final = b"\r\n\x0b\x1c"
"""What a header stands behind: a line's end or a frame's edge (or a byte order mark)."""
_HEAD: Final = re.compile(rb"\A(?:\xef\xbb\xbf)?[\s\x0b\x1c]*(?:MSH|FHS|BHS)[^A-Za-z0-9\s]")
_MARK: Final = b"\xef\xbb\xbf"
_EDGE: Final = b"\r\n\x0b\x1c \t\x00"


@dataclass(frozen=True, slots=True)
class Cut:
    """A message as it came, and the line (from 1) on which it begins."""

    raw: bytes
    line: int


def recognises(start: bytes) -> bool:
    """Tell whether a file begins as messages do, behind a byte order mark, empty lines or a frame's start."""
    return _HEAD.match(start) is not None


def _breaks(raw: bytes) -> int:
    """Count line ends, a CR LF once."""
    return raw.count(b"\n") + raw.count(b"\r") - raw.count(b"\r\n")


def _starts(body: bytes) -> list[int]:
    """Find where headers begin. `bytes.find` is many times faster here than a regular expression."""
    found: list[int] = []
    for name in (b"MSH", *_WRAPPING):
        at = body.find(name)
        while at >= 0:
            delimiter = body[at + 3 : at + 4]
            apart = at == 0 or body[at - 1] in _BEFORE or body.endswith(_MARK, 0, at)
            if apart and not (delimiter.isalnum() or delimiter.isspace()):
                found.append(at)
            at = body.find(name, at + 3)
    return sorted(found)


def parts(body: bytes, line: int = 1) -> Iterator[Cut]:
    """Cut `body` at each header; segments that only wrap a batch are left out, anything else is kept."""
    starts = _starts(body)
    if not starts or starts[0] > 0:
        starts.insert(0, 0)
    for start, end in zip(starts, [*starts[1:], len(body)], strict=True):
        part = body[start:end]
        core = part.strip(_EDGE).removeprefix(_MARK).removesuffix(_MARK).strip(_EDGE)
        if core and not _only_wraps(core):
            leading = part[: part.find(core[:1])]
            yield Cut(core, line + _breaks(leading))
        line += _breaks(part)


def _only_wraps(core: bytes) -> bool:
    if not core.startswith(_WRAPPING):
        return False
    lines = [one for one in re.split(rb"[\r\n\x0b\x1c]+", core) if one.strip()]
    return all(one.startswith(_WRAPPING) for one in lines)


def pieces(stream: BinaryIO) -> Iterator[Piece]:
    """Cut a file into pieces of whole messages, each of about `PIECE_BYTES` or `PIECE_MESSAGES`."""
    rest, line, item, wanted = b"", 1, 1, PIECE_BYTES
    while True:
        block = stream.read(max(_BLOCK, wanted - len(rest)))
        rest += block
        if block and len(rest) < wanted:
            continue
        while rest:
            cut = _end(rest, final=not block)
            if cut is None:
                break
            body, rest = rest[:cut], rest[cut:]
            count = sum(1 for _ in parts(body))
            if count:
                yield Piece(body, line, item)
            line, item = line + _breaks(body), item + count
        if not block:
            return
        # Looking again only when there is twice as much keeps a huge message from costing its square.
        wanted = max(PIECE_BYTES, 2 * len(rest))


def _end(rest: bytes, *, final: bool) -> int | None:
    """Tell where the next piece ends: before a message's start, so that no message is cut."""
    messages = [at for at in _starts(rest) if at > 0 and rest[at : at + 3] not in (b"BTS", b"FTS")]
    if len(messages) >= PIECE_MESSAGES:
        return messages[PIECE_MESSAGES - 1]
    before = [at for at in messages if at <= PIECE_BYTES]
    if len(rest) > PIECE_BYTES and before:
        return before[-1]
    if final:
        return messages[0] if messages and len(rest) > PIECE_BYTES else len(rest)
    if len(rest) > PIECE_BYTES and messages:
        return messages[0]
    return len(rest) if len(rest) > LONGEST + _BLOCK else None
