"""Bodies on the wire: size limit, gzip and zstd in both directions."""

import asyncio
import zlib
from collections.abc import Callable
from typing import Protocol

import zstandard
from starlette.requests import ClientDisconnect, Request

from xinglin.core.errors import RequestError
from xinglin.web.weights import weighed

COMPRESS_FROM = 1_024
"""Bytes below which packing costs more than it saves."""

RECEIVE_SECONDS = 120
"""How long a body may take to arrive."""

DRAIN = 2
"""How many times the limit is read before a sender of too much is cut off."""

STEP = 256
"""Packed bytes opened at a time, so that a bomb is noticed before it fills the memory."""

WINDOW = 2**27
"""Largest zstd window accepted, in bytes (128 MB)."""


class Unpacker(Protocol):
    """What zlib's and zstd's decompressors have in common."""

    def decompress(self, data: bytes, /) -> bytes:
        """Give what more can be opened with `data`."""
        ...

    @property
    def eof(self) -> bool:
        """Whether the packed stream has come to its end."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What came after the end."""
        ...


class TooLarge(RequestError):
    """The body is over the limit."""

    code = "XL3042"
    message = "The content is larger than {limit} bytes."
    remedy = "Send it in parts, or ask the operator to raise the setting max_body_bytes."
    status = 413
    issue = "too-long"


class UnknownEncoding(RequestError):
    """The body is packed in a way that isn't known here."""

    code = "XL3043"
    message = "The content encoding {found} isn't known here."
    remedy = "Send the content plain, or packed with gzip or zstd."
    status = 415
    issue = "not-supported"


class BrokenEncoding(RequestError):
    """The packed body can't be opened."""

    code = "XL3044"
    message = "The content can't be unpacked as {encoding}."
    remedy = "Send it again; it may have been cut off on the way."
    issue = "structure"


class CutOff(RequestError):
    """The client went away before the body was complete."""

    code = "XL3045"
    message = "The content was cut off on its way."
    remedy = "Send it again; nothing was stored."
    issue = "incomplete"


async def read_body(request: Request, limit: int) -> bytes:
    """Read and unpack the body; at most `limit` bytes, unpacked. Raises RequestError."""
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    packed = await _receive(request, limit)
    match encoding:
        case "identity" | "":
            return packed
        case "gzip":
            return _unpack(lambda: zlib.decompressobj(wbits=31), packed, encoding, limit)
        case "zstd":
            reader = zstandard.ZstdDecompressor(max_window_size=WINDOW)
            return _unpack(reader.decompressobj, packed, encoding, limit)
        case _:
            raise UnknownEncoding(found=encoding)


async def _receive(request: Request, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(RECEIVE_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size > DRAIN * limit:
                    break
                # What is too large is read on for a while: many clients listen only when they have sent it.
                if size <= limit:
                    parts.append(part)
    except (ClientDisconnect, TimeoutError):
        raise CutOff from None
    if size > limit:
        raise TooLarge(limit=limit)
    return b"".join(parts)


def _unpack(start: Callable[[], Unpacker], packed: bytes, encoding: str, limit: int) -> bytes:
    """Open a stream of one member (frame) or several, as both formats allow."""
    parts: list[bytes] = []
    size, unpacker = 0, start()
    try:
        for place in range(0, len(packed), STEP):
            step = packed[place : place + STEP]
            while step:
                if unpacker.eof:
                    unpacker = start()
                parts.append(unpacker.decompress(step))
                step = unpacker.unused_data
                size += len(parts[-1])
                if size > limit:
                    raise TooLarge(limit=limit)
    except (zlib.error, zstandard.ZstdError):
        raise BrokenEncoding(encoding=encoding) from None
    if not unpacker.eof:
        raise BrokenEncoding(encoding=encoding)
    return b"".join(parts)


def compress(body: bytes, accepted: str, headers: dict[str, str]) -> bytes:
    """Pack `body` as the client's `Accept-Encoding` allows, noting it in `headers`."""
    if len(body) < COMPRESS_FROM or not accepted:
        return body
    wanted = {name for name, weight in weighed(accepted) if weight > 0}
    if "zstd" in wanted:
        headers["Content-Encoding"] = "zstd"
        return zstandard.ZstdCompressor(level=3).compress(body)
    if wanted & {"gzip", "*"}:
        headers["Content-Encoding"] = "gzip"
        packer = zlib.compressobj(level=4, wbits=31)
        return packer.compress(body) + packer.flush()
    return body
