"""FHIR R4 as files: NDJSON (records or bundles, one a line), and bundles or records over many lines.

The entries of a transaction are taken all or none; those of other bundles each on its own. Records keep the
ids they come with; what comes without gets one made of its content, so that the same record always gets the
same. A source that declares its ids its own (`ids=own`) gets ids made of its namespace and its id.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final, cast

from xinglin.core.errors import IntakeError, XinglinError
from xinglin.core.exact_json import Json, dumps, loads
from xinglin.core.i18n import Phrase
from xinglin.core.identifiers import is_id
from xinglin.hub.interactions.entries import BadEntry, at
from xinglin.hub.outline import admit
from xinglin.hub.references import Names, literal, rewrite
from xinglin.standards.conversion import Fact, Item, Mode, Origin, Piece

PIECE_BYTES: Final = 1_000_000
PIECE_LINES: Final = 1_000
LARGEST: Final = 256 * 2**20
"""The longest line, and the largest file of one record or bundle over many lines."""

_CONDITIONAL: Final = re.compile(rb'"reference"\s*:\s*"[A-Z][A-Za-z]+\?')
_UUID: Final = re.compile(r"urn:(?:uuid|oid):(.+)", re.IGNORECASE)
_SIMPLE_REQUEST: Final = frozenset({"method", "url"})
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"


class TooLarge(IntakeError):
    """One record, bundle or line larger than is taken at once."""

    code = "XL7040"
    message = "One record or bundle of the file has more than {most} bytes."
    remedy = "Send records as NDJSON, one a line; there a file may have any size."
    issue = "too-long"


class NothingIn(IntakeError):
    """A bundle's entry without a record."""

    code = "XL7041"
    message = "The entry has no resource, and no request that needs none."
    remedy = "Give every entry of a bundle its resource."
    issue = "required"


@dataclass(frozen=True, slots=True)
class Bundled(Item):
    """The entries of a transaction: each counts. With `entries`, conditions among them are to be resolved."""

    count: int = 1
    entries: Sequence[Json] = ()


class FhirJson:
    """The format."""

    name = "fhir"

    def recognises(self, start: bytes) -> bool:
        """Tell whether it begins as a JSON object that a resource can be."""
        text = start.lstrip(_BLANK)
        return text.startswith(b"{") and (b'"resourceType"' in text or len(start) > 65_000)

    def pieces(self, stream: BinaryIO, origin: Origin) -> Iterator[Piece]:
        """Cut at line ends, about every megabyte; a file of one value over many lines is one piece."""
        del origin
        first = _line(stream)
        while first and not first.strip(_BLANK):
            first = _line(stream)
        if first and not _is_value(first):
            yield Piece(first + _rest(stream, len(first)), head=b"whole")
            return
        lines, size, line = [first], len(first), 1
        while more := _line(stream):
            if size + len(more) > PIECE_BYTES or len(lines) == PIECE_LINES:
                yield Piece(b"".join(lines), line=line, item=line)
                line += len(lines)
                lines, size = [], 0
            lines.append(more)
            size += len(more)
        yield Piece(b"".join(lines), line=line, item=line)

    def items(self, piece: Piece, origin: Origin) -> Iterator[Item]:
        """Read each line."""
        lines = [piece.body] if piece.head else piece.body.splitlines(keepends=True)
        for line, raw in enumerate(lines, piece.line):
            if raw.strip(_BLANK):
                yield from _read(raw, line, origin)


def _line(stream: BinaryIO) -> bytes:
    line = stream.readline(LARGEST + 1)
    if len(line) > LARGEST:
        raise TooLarge(most=LARGEST)
    return line


def _rest(stream: BinaryIO, so_far: int) -> bytes:
    parts: list[bytes] = []
    while part := stream.read(2**20):
        so_far += len(part)
        if so_far > LARGEST:
            raise TooLarge(most=LARGEST)
        parts.append(part)
    return b"".join(parts)


def _is_value(line: bytes) -> bool:
    """Tell whether a first line stands for itself: it is a whole value, or at least looks like one's end."""
    return line.rstrip(_BLANK).endswith(b"}") and line.count(b"{") == line.count(b"}")


def _read(raw: bytes, line: int, origin: Origin) -> Iterator[Item]:
    try:
        record = admit(loads(raw.strip(_BLANK)))
        if record["resourceType"] != "Bundle":
            yield Item(line, line, raw, [_fact(_owned(record, origin), _id(record, None, origin))])
        elif record.get("type") == "transaction":
            yield _transaction(raw, record, line, origin)
        else:
            yield from _separate(record, line, origin)
    except XinglinError as error:
        yield Item(line, line, raw, error=error)


def _entries(bundle: Json) -> list[Json]:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in cast("list[Any]", entries)):
        raise BadEntry(detail=Phrase("it must be an array of objects"), expression="Bundle.entry")
    return cast("list[Json]", entries)


def _transaction(raw: bytes, bundle: Json, line: int, origin: Origin) -> Item:
    """Give all entries as one item. Where they set conditions, the hub is to resolve them."""
    entries = _entries(bundle)
    try:
        if _CONDITIONAL.search(raw) or not all(_is_simple(entry) for entry in entries):
            return Bundled(line, line, raw, count=len(entries), entries=entries)
        return Bundled(line, line, raw, _facts(entries, bundle, origin), count=len(entries))
    except XinglinError as error:
        return Bundled(line, line, raw, error=error, count=len(entries))


def _separate(bundle: Json, line: int, origin: Origin) -> Iterator[Item]:
    """Give each entry of a batch, collection, searchset, history, message or document as an item."""
    if bundle.get("type") == "document":  # signed as a whole, so it is also kept as one
        yield Item(line, line, dumps(bundle), [_fact(bundle, _id(bundle, None, origin))])
    entries = _entries(bundle)
    names = _names(entries, origin)
    for place, entry in enumerate(entries):
        own = dumps(entry.get("resource", entry))
        try:
            with at(f"Bundle.entry[{place}]"):
                fact = _entry_fact(entry, bundle, names, origin)
            yield Item(line, line, own, [fact])
        except XinglinError as error:
            yield Item(line, line, own, error=error)


def _facts(entries: Sequence[Json], bundle: Json, origin: Origin) -> list[Fact]:
    names = _names(entries, origin)
    facts: list[Fact] = []
    for place, entry in enumerate(entries):
        with at(f"Bundle.entry[{place}]"):
            facts.append(_entry_fact(entry, bundle, names, origin))
    return facts


def _is_simple(entry: Json) -> bool:
    """Tell whether an entry stores or deletes one record that it names, without conditions."""
    request = entry.get("request")
    if not isinstance(request, dict):
        return False
    members = cast("Json", request)
    method, url = members.get("method"), members.get("url")
    if not members.keys() <= _SIMPLE_REQUEST or not isinstance(url, str):
        return False
    return method == "POST" if "/" not in url.strip("/") else method in ("PUT", "DELETE") and "?" not in url


def _entry_fact(entry: Json, bundle: Json, names: Names, origin: Origin) -> Fact:
    request: Mapping[str, Any] = entry.get("request", {})
    if request.get("method") == "DELETE":
        place = literal(request.get("url", ""))
        if place is None:
            raise BadEntry(detail=Phrase("request.method or request.url is missing or unknown"))
        kind, _, id_ = place.partition("/")
        return Fact({"resourceType": kind, "id": _own(kind, id_, origin)}, _time(bundle), Mode.DELETE)
    if "resource" not in entry:
        raise NothingIn
    record = _owned(admit(entry["resource"]), origin)
    full_url = entry.get("fullUrl")
    made = rewrite(record, names, full_url if isinstance(full_url, str) else None)
    return _fact(made, _entry_id(entry, record, origin), _time(bundle))


def _owned(record: Json, origin: Origin) -> Json:
    return rewrite(record, _OwnNames(origin)) if origin.declared.get("ids") == "own" else record


def _fact(record: Json, id_: str, time: datetime | None = None) -> Fact:
    said = _moment(record.get("meta", {}).get("lastUpdated"))
    return Fact(record | {"id": id_}, said or time)


def _time(bundle: Json) -> datetime | None:
    return _moment(bundle.get("timestamp"))


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _names(entries: Sequence[Json], origin: Origin) -> Names:
    """Give what each `fullUrl` that is a placeholder, or another server's address, stands for."""
    names: dict[str, str] = {}
    for entry in entries:
        full_url, record = entry.get("fullUrl"), entry.get("resource")
        if isinstance(full_url, str) and isinstance(record, dict):
            found = admit(record)
            names[full_url] = f"{found['resourceType']}/{_entry_id(entry, found, origin)}"
    return Names(names)


def _entry_id(entry: Json, record: Json, origin: Origin) -> str:
    """Give the id of an entry's record: that of a PUT's address, the record's own, or its placeholder's."""
    request: Mapping[str, Any] = entry.get("request", {})
    place = literal(request["url"]) if request.get("method") == "PUT" else None
    if place is not None:
        return _own(record["resourceType"], place.partition("/")[2], origin)
    full_url = entry.get("fullUrl")
    return _id(record, full_url if isinstance(full_url, str) else None, origin)


def _id(record: Json, full_url: str | None, origin: Origin) -> str:
    kind: str = record["resourceType"]
    placeholder = _UUID.fullmatch(full_url or "")
    own: str | None = record.get("id")
    if own is None and placeholder:
        own = placeholder[1].lower()
    if own is None:
        return origin.id(kind, full_url or dumps(record).decode())
    return _own(kind, own, origin) if is_id(own) else own


def _own(kind: str, id_: str, origin: Origin) -> str:
    return origin.id(kind, id_) if origin.declared.get("ids") == "own" else id_


class _OwnNames(Names):
    """Has every relative reference lead to the id that the source's record gets here."""

    def __init__(self, origin: Origin) -> None:
        super().__init__({})
        self._origin = origin

    def reference(self, value: str, root: str) -> str:
        """Give what a reference becomes."""
        del root
        place = literal(value)
        if place is None:
            return value
        kind, _, id_ = place.partition("/")
        return f"{kind}/{self._origin.id(kind, id_)}"
