"""The files inside a delivery: as they are, in .gz, .zst or .zip, told by their first bytes.

What unpacks to far more than any real data would is refused before it fills a disk or memory (zip bombs).
"""

import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

import zstandard

from xinglin.core.errors import IntakeError
from xinglin.core.i18n import Phrase

GZIP: Final = b"\x1f\x8b"
ZSTANDARD: Final = b"\x28\xb5\x2f\xfd"
ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
OFFICE: Final = (b"[Content_Types].xml", b"mimetype")
"""First members of zip files that are documents themselves: Excel's, OpenDocument's."""

MOST_PACKED: Final = 1_000
"""How many times its packed size a file may have; deflate reaches 1,032 on nothing but zeros."""

FREE_BYTES: Final = 64 * 2**20
"""What any file may unpack to, however small it is packed."""

MOST_MEMBERS: Final = 100_000
LAYERS: Final = 3
"""Packed files in packed files, at most."""

START: Final = 65_536
ZSTANDARD_STEP: Final = 1_024
"""Bytes of zstd that are unpacked at once: they give 32 MB at most (blocks of 128 kB from 4 bytes each)."""


class Damaged(IntakeError):
    """A packed file can't be unpacked to its end."""

    code = "XL7030"
    message = "The packed file {name} is damaged or ends too early ({detail})."
    remedy = "Send it again whole. What was read before the damage is loaded; sending it again does no harm."
    issue = "structure"


class TooMuch(IntakeError):
    """A packed file unpacks to more than is believable."""

    code = "XL7031"
    message = "The packed file {name} unpacks to more than {factor} times its size."
    remedy = "Send the file unpacked, or in smaller parts."
    issue = "too-costly"


class TooNested(IntakeError):
    """Packed files within packed files, too deep."""

    code = "XL7032"
    message = "{name} holds packed files within packed files, more than {most} deep."
    remedy = "Send the innermost files."
    issue = "too-costly"


@dataclass(frozen=True, slots=True)
class File:
    """A file of a delivery: its name in the archive (empty where there is none), its start, and all of it.

    With `error` nothing of it can be read.
    """

    member: str
    start: bytes
    stream: BinaryIO
    error: IntakeError | None = None


def files(stream: BinaryIO, size: int, name: str = "") -> Iterator[File]:
    """Give the files of a delivery of `size` bytes, one after the other; each is to be read before the next.

    Raises Damaged, TooMuch or TooNested, also while a file's stream is read.
    """
    yield from _unpack(stream, _Budget(name, size * MOST_PACKED + FREE_BYTES), "", 0)


@dataclass
class _Budget:
    name: str
    left: int

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise TooMuch(name=self.name, factor=MOST_PACKED)


class Peeked(io.RawIOBase):
    """A stream whose first bytes can be looked at before it is read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.start = _read_up_to(stream, START)
        self._ahead = self.start

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: object) -> int:
        """Read into `buffer`."""
        view = memoryview(cast("bytearray", buffer))
        if self._ahead:
            part, self._ahead = self._ahead[: len(view)], self._ahead[len(view) :]
        else:
            part = self._stream.read(len(view))
        view[: len(part)] = part
        return len(part)


def _read_up_to(stream: BinaryIO, most: int) -> bytes:
    parts: list[bytes] = []
    while most > 0 and (part := stream.read(most)):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)


class _Bounded(io.RawIOBase):
    """What a packed stream unpacks to, counted against the budget; faults told in our words."""

    def __init__(self, stream: BinaryIO, budget: _Budget) -> None:
        self._stream = stream
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        with _told(self._budget.name):
            part = self._stream.read(len(view))
        self._budget.spend(len(part))
        view[: len(part)] = part
        return len(part)


class _Zstandard(io.RawIOBase):
    """What zstd frames unpack to. Unlike the library's own reader it tells a frame that ends too early."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decompressor = zstandard.ZstdDecompressor(max_window_size=2**27)
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._packed = b""
        self._ahead = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        while not self._ahead and self._fill():
            pass
        part, self._ahead = self._ahead[: len(view)], self._ahead[len(view) :]
        view[: len(part)] = part
        return len(part)

    def _fill(self) -> bool:
        """Unpack a little; tell whether there was anything left."""
        packed = self._packed or self._stream.read(ZSTANDARD_STEP)
        if not packed:
            if self._frame is not None:
                raise EOFError
            return False
        if self._frame is None:
            self._frame = self._decompressor.decompressobj()
        self._ahead = memoryview(self._frame.decompress(packed))
        self._packed = b""
        if self._frame.eof:
            self._packed, self._frame = self._frame.unused_data, None
        return True


@contextmanager
def _told(name: str) -> Generator[None]:
    try:
        yield
    except (EOFError, zlib.error, lzma.LZMAError, zstandard.ZstdError, zipfile.BadZipFile, OSError) as error:
        raise Damaged(name=name, detail=type(error).__name__) from None
    except (RuntimeError, NotImplementedError):  # zipfile's words for passwords and unknown methods
        raise Damaged(name=name, detail=Phrase("it has a password or is packed in an unknown way")) from None


def _unpack(stream: BinaryIO, budget: _Budget, member: str, depth: int) -> Iterator[File]:
    peeked = Peeked(stream)
    start = peeked.start
    whole = cast("BinaryIO", io.BufferedReader(peeked, START))
    if start.startswith(GZIP):
        packed = cast("BinaryIO", gzip.GzipFile(fileobj=whole))
    elif start.startswith(ZSTANDARD):
        packed = cast("BinaryIO", io.BufferedReader(_Zstandard(whole), START))
    elif start.startswith(ZIP) and not _is_document(start):
        yield from _members(stream, whole, budget, depth)
        return
    else:
        yield File(member, start, whole)
        return
    yield from _deeper(packed, budget, member, depth)


def _deeper(packed: BinaryIO, budget: _Budget, member: str, depth: int) -> Iterator[File]:
    if depth == LAYERS:
        raise TooNested(name=budget.name, most=LAYERS)
    bounded = cast("BinaryIO", io.BufferedReader(_Bounded(packed, budget), START))
    yield from _unpack(bounded, budget, member, depth + 1)


def _members(stream: BinaryIO, whole: BinaryIO, budget: _Budget, depth: int) -> Iterator[File]:
    """Give a zip file's members in the order of its directory; it needs a stream that can be sought in."""
    if stream.seekable():
        stream.seek(0)
        source = stream
    else:  # a zip within a packed file: small ones are held in memory, bounded by FREE_BYTES
        held = whole.read(FREE_BYTES + 1)
        if len(held) > FREE_BYTES:
            raise TooMuch(name=budget.name, factor=MOST_PACKED)
        source = io.BytesIO(held)
    with _told(budget.name):
        archive = zipfile.ZipFile(source)
        names = [info for info in archive.infolist() if not (info.is_dir() or _is_hidden(info.filename))]
    if len(names) > MOST_MEMBERS:
        raise TooMuch(name=budget.name, factor=MOST_PACKED)
    for info in names:
        try:
            with _told(budget.name):
                opened = archive.open(info)
            with opened:
                yield from _deeper(cast("BinaryIO", opened), budget, info.filename, depth)
        except (Damaged, TooNested) as error:  # this member; the others may be whole
            yield File(info.filename, b"", io.BytesIO(), error)


def _is_hidden(name: str) -> bool:
    """Tell whether a member is a system's own note, as hidden files in folders are, not the sender's data."""
    return any(part == "__MACOSX" or (part.startswith(".") and part.strip(".")) for part in name.split("/"))


def _is_document(start: bytes) -> bool:
    length = int.from_bytes(start[26:28], "little")
    return start[30 : 30 + length] in OFFICE or b"[Content_Types].xml" in start[:4096]
