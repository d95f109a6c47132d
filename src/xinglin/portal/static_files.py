"""Files that never change at their address: it holds a hash of their content, so browsers keep them.

They are packed once in each process, when they are first asked for.
"""

import asyncio
import zlib
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Final

import zstandard
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from xinglin.web.weights import weighed

TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
}
"""The kinds of files that are served; what else lies beside them (licences) isn't."""

FOLDERS: Final = ("", "vendor/")
FOREVER: Final = "public, max-age=31536000, immutable"
SHORT: Final = 12
PREFIX: Final = "/static/"


@dataclass(frozen=True, slots=True)
class Served:
    """A file with the address that its content gives it."""

    address: str
    type: str
    content: bytes
    hash: str


@cache
def catalogue() -> dict[str, Served]:
    """Give every file by its name, as `portal.css` or `vendor/htmx.min.js`."""
    root = files("xinglin.portal") / "static"
    found: dict[str, Served] = {}
    for folder in FOLDERS:
        for one in (root / folder if folder else root).iterdir():
            ending = one.name[one.name.rfind(".") :]
            if one.is_file() and ending in TYPES:
                name, content = f"{folder}{one.name}", one.read_bytes()
                hash_ = sha256(content).hexdigest()[:SHORT]
                address = f"{PREFIX}{name.removesuffix(ending)}.{hash_}{ending}"
                found[name] = Served(address, TYPES[ending], content, hash_)
    return found


@cache
def _by_address() -> dict[str, Served]:
    return {one.address: one for one in catalogue().values()}


def address(name: str) -> str:
    """Give the address of a file. Raises KeyError for one that isn't there."""
    return catalogue()[name].address


@cache
def packed(name: str, encoding: str) -> bytes:
    """Give a file packed as tightly as there is time for, once."""
    content = _by_address()[name].content
    if encoding == "zstd":
        return zstandard.ZstdCompressor(level=15).compress(content)
    packer = zlib.compressobj(level=9, wbits=31)
    return packer.compress(content) + packer.flush()


async def serve(request: Request) -> Response:
    """`GET /static/…`: a file, packed as the browser takes it."""
    found = _by_address().get(request.scope["path"])
    if found is None:
        return Response(status_code=404)
    headers = {"Cache-Control": FOREVER, "ETag": f'"{found.hash}"', "Vary": "Accept-Encoding"}
    if found.hash in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    taken = {name for name, weight in weighed(request.headers.get("accept-encoding", "")) if weight > 0}
    encoding = next((one for one in ("zstd", "gzip") if one in taken), "")
    if not encoding or found.type == TYPES[".png"]:
        return Response(found.content, headers=headers, media_type=found.type)
    body = await asyncio.to_thread(packed, found.address, encoding)
    return Response(body, headers={**headers, "Content-Encoding": encoding}, media_type=found.type)


def routes() -> list[Route]:
    """Give the routes of files."""
    return [Route("/static/{name:path}", serve)]
