"""Read the header of a DICOM Part 10 object: bounded, and without its pixels (PS3.10, section 7)."""

import re
import struct
import warnings
import zlib
from collections.abc import Generator, Iterator, MutableSequence, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Final, cast

from pydicom.charset import convert_encodings, decode_bytes
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_dataset, read_partial
from pydicom.tag import BaseTag

from xinglin.core.i18n import Phrase
from xinglin.standards.conversion.text import Undecided, UndecodableText, decode
from xinglin.standards.dicom.errors import DamagedHeader, HeaderTooLarge

LIMIT: Final = 8_000_000
"""Bytes before the pixels; large real headers have some megabytes (many frames)."""
_DEFLATED: Final = "1.2.840.10008.1.2.1.99"
_PIXELS: Final = 0x7FE0
_UNDEFINED: Final = 0xFFFFFFFF
_CHARSET: Final = 0x00080005
_DELIMITERS: Final = {0x5C, 0x0D, 0x0A, 0x09, 0x0C}
_NAME_DELIMITERS: Final = {*_DELIMITERS, 0x5E, 0x3D}
_NAMES: Final = (0x00100010, 0x00080090, 0x00081050)
_ESCAPE: Final = re.compile(r"\x1b(?:\$[()]?|[()\-])[@-Z]")
"""Escapes that designate a set (ISO 2022); pydicom leaves those of ISO-IR 58 in the text."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_ASCII: Final = ("", "ISO_IR 6", "ISO 2022 IR 6")
"""Character sets that say nothing of bytes beyond ASCII."""
_FAULTS: Final = (
    *(InvalidDicomError, BytesLengthException, EOFError, ValueError, KeyError, TypeError, AttributeError),
    *(
        IndexError,
        NotImplementedError,
        RecursionError,
        OSError,
        OverflowError,
        AssertionError,
        struct.error,
        zlib.error,
    ),
)
"""What pydicom raises for bytes that aren't as they should be; each is told as DamagedHeader."""
_CUT_OFF: Final = Phrase("it ends within an element")
_UNREADABLE: Final = Phrase("its elements don't follow the rules")


def header_of(start: bytes) -> bytes:
    """Give the bytes before the pixels; all where they don't end. Pixel data is never kept."""
    stream = BytesIO(start)
    with _guarded():
        if not _is_deflated(start):
            read_partial(stream, _at_pixels)
            return start[: stream.tell()]
    return start


def read_header(body: bytes) -> Dataset:
    """Read the elements before the pixels, and the file's meta elements as `file_meta`.

    Raises DamagedHeader or HeaderTooLarge.
    """
    with _guarded():
        found, length = _read(body)
        cut = any(_is_cut(one) for one in _raw(found))
    if cut and length >= LIMIT:
        raise HeaderTooLarge(limit=LIMIT // 1_000_000)
    if cut:
        raise DamagedHeader(detail=_CUT_OFF)
    return found


@contextmanager
def _guarded() -> Generator[None]:
    """Take pydicom's many kinds of complaint as one; what it only warns of is read as far as it goes."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except _FAULTS:
        raise DamagedHeader(detail=_UNREADABLE) from None


def _read(body: bytes) -> tuple[Dataset, int]:
    """Give the elements, and how many bytes there were to read them from."""
    if not _is_deflated(body):
        return read_partial(BytesIO(body), _at_pixels), len(body)
    meta = read_partial(BytesIO(body), _at_end_of_meta).file_meta
    packed = body[144 + int.from_bytes(body[140:144], "little") :]
    # pydicom would inflate without a bound.
    plain = zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, LIMIT)
    found = read_dataset(BytesIO(plain), is_implicit_VR=False, is_little_endian=True, stop_when=_at_pixels)
    found.file_meta = FileMetaDataset(meta)
    return found, len(plain)


def _at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return tag.group >= _PIXELS


def _at_end_of_meta(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return tag.group > 2


def _is_deflated(body: bytes) -> bool:
    end = 144 + int.from_bytes(body[140:144], "little")
    return _DEFLATED.encode() in body[132 : min(end, 4096)]


def _raw(found: Dataset) -> Iterator[RawDataElement]:
    for tag in map(BaseTag, found.keys()):  # iterating it would convert the elements
        one = found.get_item(tag)
        if isinstance(one, RawDataElement):
            yield one


def _is_cut(one: RawDataElement) -> bool:
    return one.length != _UNDEFINED and one.value is not None and len(one.value) < one.length


class Header:
    """The elements of a header by tag, as text in the character set that the object names."""

    def __init__(self, found: Dataset, charset: str | None) -> None:
        """Take what `read_header` gave; `charset` counts where the object names none."""
        self._found = found
        self._charset = charset
        self._is_ascii_first = False
        self._encodings = self._declared()
        self.unreadable: list[str] = []

    @property
    def private(self) -> int:
        """How many elements of vendors' own there are."""
        return sum(BaseTag(tag).is_private for tag in self._found.keys())  # noqa: SIM118

    @property
    def class_uid(self) -> str:
        """SOP class, from the object or from the file's meta elements."""
        own = self.text(0x00080016)
        with _guarded():
            return own or str(self._found.file_meta.get("MediaStorageSOPClassUID", "") or "")

    def text(self, tag: int) -> str:
        """Give the text of an element; "" where it is missing, or can't be read in its character set."""
        raw = self._bytes(tag)
        said = raw.decode("ascii") if raw.isascii() and b"\x1b" not in raw else self._decoded(raw, tag)
        if said is None or _CONTROL.search(said.strip("\x00 ")):
            said = None
            self.unreadable.append(f"text of ({tag >> 16:04X},{tag & 0xFFFF:04X})")
        return _clean(said or "")

    def values(self, tag: int) -> Sequence[str]:
        """Give the values of an element with several."""
        return [one.strip() for one in self.text(tag).split("\\") if one.strip()]

    def _bytes(self, tag: int) -> bytes:
        one = self._found.get_item(tag) if tag in self._found else None
        value: object = one.value if one is not None else None
        if isinstance(value, bytes):
            return value
        # What pydicom has already looked at, such as the character set, is text or a list of texts.
        parts = cast("list[object]", value) if isinstance(value, MutableSequence) else [value]
        return "\\".join(str(one) for one in parts if one is not None).encode()

    def _declared(self) -> list[str]:
        names = [one.strip() for one in self._bytes(_CHARSET).decode("ascii", "replace").split("\\")]
        self._is_ascii_first = names[0] in _ASCII
        if set(names) <= set(_ASCII):
            return []
        with _guarded():
            return convert_encodings([name.strip("\x00 ") for name in names])

    def _decoded(self, raw: bytes, tag: int) -> str | None:
        # Without an escape the first set counts, and ASCII can't be what was meant.
        if not self._encodings or (self._is_ascii_first and b"\x1b" not in raw):
            try:
                return decode(raw, self._charset)
            except (UndecodableText, Undecided):
                return None
        with _guarded():
            delimiters = _NAME_DELIMITERS if tag in _NAMES else _DELIMITERS
            said = decode_bytes(raw, self._encodings, delimiters)
        return None if "\N{REPLACEMENT CHARACTER}" in said else _ESCAPE.sub("", said)


def _clean(text: str) -> str:
    return " ".join(text.replace("\x00", " ").split())
