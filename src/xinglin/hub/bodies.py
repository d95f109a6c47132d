"""Bodies of records as they are stored: zstd frames, each naming the dictionary it was made with.

A hub learns its dictionaries from its own records, so the packing suits what the province really sends. They
are trained on a random sample without the types that describe people, and are kept for ever: a frame can
only be opened with its own.
"""

from collections.abc import Sequence

import zstandard

LEVEL = 3
DICTIONARY_BYTES = 65_536
NO_DICTIONARY = 0


class Bodies:
    """Packs and opens bodies. Not safe for use by several threads at once."""

    def __init__(self) -> None:
        self.newest = NO_DICTIONARY
        self._openers = {NO_DICTIONARY: zstandard.ZstdDecompressor()}
        self._packer = zstandard.ZstdCompressor(level=LEVEL)

    def add(self, number: int, dictionary: bytes) -> None:
        """Learn dictionary `number`; from now on the newest is used for packing."""
        data = zstandard.ZstdCompressionDict(dictionary)
        self._openers[number] = zstandard.ZstdDecompressor(dict_data=data)
        if number > self.newest:
            self._packer = zstandard.ZstdCompressor(level=LEVEL, dict_data=data)
            self.newest = number

    def pack(self, body: bytes) -> bytes:
        """Pack a JSON text."""
        return self._packer.compress(body)

    def open(self, frame: bytes) -> bytes:
        """Open a frame. Raises KeyError with the dictionary's number where it isn't known yet."""
        return self._openers[needed(frame)].decompress(frame)


def needed(frame: bytes) -> int:
    """Give the number of the dictionary that `frame` was made with."""
    return zstandard.get_frame_parameters(frame).dict_id


def train(samples: Sequence[bytes], number: int) -> bytes | None:
    """Make dictionary `number` from sample bodies; None where they have nothing in common.

    Takes a second or so; the interpreter is free meanwhile.
    """
    try:
        return zstandard.train_dictionary(DICTIONARY_BYTES, list(samples), dict_id=number).as_bytes()
    except zstandard.ZstdError:
        return None
