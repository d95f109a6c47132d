"""The pack: one file of FHIR definitions, each decoded only when it is asked for.

Layout: magic, two lengths (little-endian uint32), a zstd dictionary, the zstd index, then the zstd bodies.
The index maps a kind ("StructureDefinition", "table", …) to keys, each key to offset and length of its body.
"""

import mmap
import os
import struct
import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
import zstandard

from xinglin.core import exact_json
from xinglin.core.errors import ValidationError
from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason

MAGIC = b"XLPACK01"
_HEAD = struct.Struct("<8sII")
_DICTIONARY_BYTES = 112_640
_LEVEL = 19

Index = dict[str, dict[str, tuple[int, int]]]
Body = tuple[str, str, Any]
"""Kind, key and JSON value."""


class PackUnreadable(ValidationError):
    """The definitions file can't be used."""

    code = "XL5001"
    message = "The definitions file {file} can't be read: {detail}."
    remedy = "Install Xinglin again, or add the package again with `xinglin package add`."


class Pack:
    """A pack opened for reading; bodies are decoded on demand from the mapped file."""

    def __init__(self, path: Path) -> None:
        """Open `path`. Raises PackUnreadable when it isn't a whole pack."""
        self.path = path
        try:
            with path.open("rb") as handle:
                self._data = mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)
            magic, dictionary_size, index_size = _HEAD.unpack_from(self._data)
        except OSError as error:
            raise PackUnreadable(file=path.name, detail=reason(error)) from None
        except (ValueError, struct.error):
            raise PackUnreadable(file=path.name, detail=Phrase("it isn't a pack")) from None
        if magic != MAGIC:
            raise PackUnreadable(file=path.name, detail=Phrase("it isn't a pack"))
        start = _HEAD.size
        dictionary = zstandard.ZstdCompressionDict(self._data[start : start + dictionary_size])
        self._zstd = zstandard.ZstdDecompressor(dict_data=dictionary)
        self._turn = Lock()  # A decompressor serves one thread at a time.
        start += dictionary_size
        self._start = start + index_size
        try:
            index = zstandard.ZstdDecompressor().decompress(self._data[start : self._start])
            self._index = msgspec.msgpack.decode(index, type=Index)
        except (zstandard.ZstdError, msgspec.DecodeError):
            raise PackUnreadable(file=path.name, detail=Phrase("it is damaged")) from None

    @property
    def kinds(self) -> Collection[str]:
        """Kinds of definition it holds ("StructureDefinition", …; "table" for those of ours)."""
        return self._index.keys()

    def keys(self, kind: str) -> Collection[str]:
        """Keys of one kind, in the order they were packed."""
        return self._index.get(kind, {}).keys()

    def raw(self, kind: str, key: str) -> bytes | None:
        """JSON text of one body; None where the pack has none."""
        place = self._index.get(kind, {}).get(key)
        if place is None:
            return None
        start = self._start + place[0]
        try:
            with self._turn:
                return self._zstd.decompress(self._data[start : start + place[1]])
        except zstandard.ZstdError:
            raise PackUnreadable(file=self.path.name, detail=Phrase("it is damaged")) from None

    def get(self, kind: str, key: str) -> Any:
        """One body as JSON; None where the pack has none."""
        text = self.raw(kind, key)
        return None if text is None else exact_json.loads(text)


def write_pack(path: Path, bodies: Iterable[Body]) -> None:
    """Write `bodies` as a pack at `path`: whole or not at all. The same bodies give the same file."""
    texts = [(kind, key, exact_json.dumps(value)) for kind, key, value in bodies]
    dictionary = _dictionary([text for _, _, text in texts])
    zstd = zstandard.ZstdCompressor(level=_LEVEL, dict_data=dictionary)
    index: Index = {}
    blobs: list[bytes] = []
    offset = 0
    for kind, key, text in texts:
        blob = zstd.compress(text)
        index.setdefault(kind, {})[key] = (offset, len(blob))
        blobs.append(blob)
        offset += len(blob)
    packed_index = zstandard.ZstdCompressor(level=_LEVEL).compress(msgspec.msgpack.encode(index))
    head = _HEAD.pack(MAGIC, len(dictionary.as_bytes()), len(packed_index))
    _replace(path, [head, dictionary.as_bytes(), packed_index, *blobs])


def _dictionary(texts: list[bytes]) -> zstandard.ZstdCompressionDict:
    samples: list[bytes | bytearray | memoryview] = [text[:4096] for text in texts]
    if sum(map(len, samples)) < 100 * _DICTIONARY_BYTES:
        # Too little to learn from; an arbitrary sample serves as raw content.
        content = b"".join(samples)[:_DICTIONARY_BYTES].ljust(8, b" ")
        return zstandard.ZstdCompressionDict(content, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
    return zstandard.train_dictionary(_DICTIONARY_BYTES, samples)


def _replace(path: Path, parts: Iterable[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".pack-", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.writelines(parts)
            handle.flush()
            os.fsync(handle.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
