"""Bodies on the wire: size limit, gzip and zstd in both directions."""

import zlib
from typing import Protocol

import zstandard
from starlette.requests import ClientDisconnect, Request

from xinglin.core.errors import RequestError

COMPRESS_FROM = 1_024
"""Bytes below which packing costs more than it saves."""

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
            return _unpack(zlib.decompressobj(wbits=31), packed, encoding, limit)
        case "zstd":
            reader = zstandard.ZstdDecompressor(max_window_size=WINDOW).decompressobj()
            return _unpack(reader, packed, encoding, limit)
        case _:
            raise UnknownEncoding(found=encoding)


async def _receive(request: Request, limit: int) -> bytes:
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge(limit=limit)
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise TooLarge(limit=limit)
            parts.append(part)
    except ClientDisconnect:
        raise CutOff from None
    return b"".join(parts)


def _unpack(unpacker: Unpacker, packed: bytes, encoding: str, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        for start in range(0, len(packed), STEP):
            parts.append(unpacker.decompress(packed[start : start + STEP]))
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
    wanted = {name for name, _, weight in (_coding(part) for part in accepted.split(",")) if weight != "0"}
    if "zstd" in wanted:
        headers["Content-Encoding"] = "zstd"
        return zstandard.ZstdCompressor(level=3).compress(body)
    if "gzip" in wanted:
        headers["Content-Encoding"] = "gzip"
        packer = zlib.compressobj(level=4, wbits=31)
        return packer.compress(body) + packer.flush()
    return body


def _coding(part: str) -> tuple[str, str, str]:
    name, separator, weight = part.partition(";q=")
    return name.strip().lower(), separator, weight.strip()
