"""Bundles of stored records, joined from their JSON texts without reading them again.

http://hl7.org/fhir/R4/bundle.html
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xinglin.core.clock import instant, now
from xinglin.core.exact_json import Json, dumps
from xinglin.hub.records import Record


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a bundle, such as `self` or `next`."""

    relation: str
    url: str


def bundle(
    kind: str, entries: Iterable[bytes], *, links: Sequence[Link] = (), total: int | None = None
) -> bytes:
    """Join finished entries to a Bundle of type `kind`."""
    head: Json = {"resourceType": "Bundle", "type": kind, "timestamp": instant(now())}
    if total is not None:
        head["total"] = total
    if links:
        head["link"] = [{"relation": link.relation, "url": link.url} for link in links]
    joined = b",".join(entries)
    return dumps(head)[:-1] + (b',"entry":[' + joined + b"]}" if joined else b"}")


def entry(body: bytes | None, *, full_url: str | None = None, **parts: Json) -> bytes:
    """Make one entry around a record's JSON text; `parts` are `request`, `response` and `search`."""
    pieces: list[bytes] = []
    if full_url is not None:
        pieces.append(b'"fullUrl":' + dumps(full_url))
    if body is not None:
        pieces.append(b'"resource":' + body)
    pieces.extend(b'"' + name.encode() + b'":' + dumps(part) for name, part in parts.items())
    return b"{" + b",".join(pieces) + b"}"


def history_entry(record: Record, base: str) -> bytes:
    """Make the entry of one version (http://hl7.org/fhir/R4/http.html#history).

    Which of PUT and POST first stored a record isn't kept; the first version is told as POST.
    """
    if record.deleted:
        request: Json = {"method": "DELETE", "url": str(record.key)}
        status = "204 No Content"
    elif record.version == 1:
        request, status = {"method": "POST", "url": record.key.type}, "201 Created"
    else:
        request, status = {"method": "PUT", "url": str(record.key)}, "200 OK"
    return entry(
        record.body,
        full_url=f"{base}/{record.key}",
        request=request,
        response={"status": status, "etag": record.etag, "lastModified": instant(record.updated)},
    )
