"""FHIR R4 as files: NDJSON (records or bundles, one a line), and bundles or records over many lines.

The entries of a transaction are taken all or none; those of other bundles each on its own. Records keep the
ids they come with; what comes without gets one made of its content, so that the same record always gets the
same. A source that declares its ids its own (`ids=own`) gets ids made of its namespace and its id.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final, cast

from xinglin.core.errors import IntakeError, XinglinError
from xinglin.core.exact_json import Json, dumps, loads
from xinglin.core.i18n import Phrase
from xinglin.core.identifiers import is_id
from xinglin.hub.interactions.entries import BadEntry, at
from xinglin.hub.outline import admit
from xinglin.hub.references import Names, conditional_references, literal, rewrite
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
    """Entries that stand or fall together: each counts. With `conditional`, conditions are to be resolved."""

    count: int = 1
    conditional: Json | None = None


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
        first, line = _line(stream), 1
        while first and not first.strip(_BLANK):
            first, line = _line(stream), line + 1
        second = _line(stream)
        if not _is_value(first, second):
            whole = first + second
            yield Piece(whole + _rest(stream, len(whole)), line=line, item=line, head=b"whole")
            return
        lines, size = [first], len(first)
        more = second
        while more:
            if size + len(more) > PIECE_BYTES or len(lines) == PIECE_LINES:
                yield Piece(b"".join(lines), line=line, item=line)
                line += len(lines)
                lines, size = [], 0
            lines.append(more)
            size += len(more)
            more = _line(stream)
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


def _is_value(first: bytes, second: bytes) -> bool:
    """Tell whether a first line stands for itself: it is a whole value, or the next one begins another.

    A value over many lines goes on with a key or a bracket, which only stands at a line's beginning where
    the line before can't end a value.
    """
    text = first.strip(_BLANK)
    if text.endswith(b"}") and text.count(b"{") == text.count(b"}"):
        return True
    try:
        loads(text)
    except XinglinError:
        return second.startswith(b"{") and not text.endswith((b"[", b",", b":", b"{"))
    return True


def _read(raw: bytes, line: int, origin: Origin) -> Iterator[Item]:
    try:
        record = admit(loads(raw.strip(_BLANK)))
        if record["resourceType"] != "Bundle":
            yield Item(line, line, raw, [_fact(record, _id(record, None, origin), origin)])
        elif record.get("type") == "transaction":
            yield _transaction(raw, record, line, origin)
        else:
            yield from _separate(record, line, origin)
    except XinglinError as error:
        yield Item(line, line, raw, error=error)


def entries_of(bundle: Json) -> list[Json]:
    """Give the entries of a bundle. Raises BadEntry."""
    entries = bundle.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(e, dict) for e in cast("list[Any]", entries)):
        raise BadEntry(detail=Phrase("it must be an array of objects"), expression="Bundle.entry")
    return cast("list[Json]", entries)


def _transaction(raw: bytes, bundle: Json, line: int, origin: Origin) -> Item:
    """Give all entries as one item. Where they set conditions, the hub is to resolve them."""
    entries = entries_of(bundle)
    try:
        if _CONDITIONAL.search(raw) or not all(_is_simple(entry) for entry in entries):
            return Bundled(line, line, raw, count=len(entries), conditional=bundle)
        return Bundled(line, line, raw, bundle_facts(entries, bundle, origin), count=len(entries))
    except XinglinError as error:
        return Bundled(line, line, raw, error=error, count=len(entries))


def _separate(bundle: Json, line: int, origin: Origin) -> Iterator[Item]:
    """Give each entry of a batch, collection, searchset, history, message or document as an item."""
    entries = entries_of(bundle)
    if bundle.get("type") == "document":  # signed as a whole, so it is also kept as one
        yield Item(line, line, dumps(bundle), [_fact(bundle, _id(bundle, None, origin), origin)])
    names = Names(_names(entries, origin))
    for place, entry in enumerate(entries):
        told = entry
        try:
            with at(f"Bundle.entry[{place}]"):
                told = _with_names(entry, names)
                if bundle.get("type") == "batch" and _is_conditional(told):
                    alone = bundle | {"entry": [told]}
                    yield Bundled(line, line, _alone(told, bundle, "batch"), conditional=alone)
                    continue
                fact = _entry_fact(told, bundle, origin)
            yield Item(line, line, _alone(told, bundle), [fact])
        except XinglinError as error:
            yield Item(line, line, _alone(told, bundle), error=error)


def _is_conditional(entry: Json) -> bool:
    request = request_of(entry)
    conditional = "ifNoneExist" in request or "?" in str(request.get("url"))
    return conditional or bool(conditional_references(entry.get("resource")))


def _alone(entry: Json, bundle: Json, kind: str = "collection") -> bytes:
    """Give an entry with all that reading it takes, so that a replay makes the same record of it."""
    head = {name: bundle[name] for name in ("timestamp",) if name in bundle}
    return dumps({"resourceType": "Bundle", "type": kind} | head | {"entry": [entry]})


def bundle_facts(
    entries: Sequence[Json], bundle: Json, origin: Origin, known: Mapping[str, str] | None = None
) -> list[Fact]:
    """Give what entries without conditions say; `known` tells what further `fullUrl`s stand for."""
    names = Names(_names(entries, origin) | dict(known or {}))
    facts: list[Fact] = []
    for place, entry in enumerate(entries):
        with at(f"Bundle.entry[{place}]"):
            facts.append(_entry_fact(_with_names(entry, names), bundle, origin))
    return facts


def request_of(entry: Json) -> Mapping[str, Any]:
    """Give the request of an entry, empty where it has none. Raises BadEntry."""
    request = entry.get("request", {})
    if not isinstance(request, dict):
        raise BadEntry(detail=Phrase("request.method or request.url is missing or unknown"))
    return cast("Json", request)


def _url(request: Mapping[str, Any]) -> str | None:
    """Give `Type/id` if a request names one record so."""
    url = request.get("url")
    return literal(url) if isinstance(url, str) else None


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


def _with_names(entry: Json, names: Names) -> Json:
    """Give an entry whose record refers to others by what their `fullUrl`s stand for."""
    if "resource" not in entry:
        return entry
    full_url = entry.get("fullUrl")
    made = rewrite(admit(entry["resource"]), names, full_url if isinstance(full_url, str) else None)
    return entry | {"resource": made}


def _entry_fact(entry: Json, bundle: Json, origin: Origin) -> Fact:
    request = request_of(entry)
    if request.get("method") == "DELETE":
        place = _url(request)
        if place is None:
            raise BadEntry(detail=Phrase("request.method or request.url is missing or unknown"))
        kind, _, id_ = place.partition("/")
        return Fact({"resourceType": kind, "id": _own(kind, id_, origin)}, _time(bundle), Mode.DELETE)
    if "resource" not in entry:
        raise NothingIn
    record = admit(entry["resource"])
    return _fact(record, _entry_id(entry, record, origin), origin, _time(bundle))


def _fact(record: Json, id_: str, origin: Origin, time: datetime | None = None) -> Fact:
    """Give the fact; where the source's ids are its own, it and its references get those made of them."""
    said = _moment(record.get("meta", {}).get("lastUpdated"))
    if origin.declared.get("ids") == "own":
        record = rewrite(record, _OwnNames(origin))
    return Fact(record | {"id": _own(record["resourceType"], id_, origin)}, said or time)


def _time(bundle: Json) -> datetime | None:
    return _moment(bundle.get("timestamp"))


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def _names(entries: Sequence[Json], origin: Origin) -> dict[str, str]:
    """Give what each `fullUrl` that is a placeholder, or another server's address, stands for."""
    names: dict[str, str] = {}
    for entry in entries:
        full_url, record = entry.get("fullUrl"), entry.get("resource")
        if isinstance(full_url, str) and isinstance(record, dict):
            with suppress(XinglinError):  # the entry is refused for it; others stand
                found = admit(record)
                names[full_url] = f"{found['resourceType']}/{_entry_id(entry, found, origin)}"
    return names


def _entry_id(entry: Json, record: Json, origin: Origin) -> str:
    """Give the id of an entry's record: that of a PUT's address, the record's own, or its placeholder's."""
    request = request_of(entry)
    place = _url(request) if request.get("method") == "PUT" else None
    if place is not None:
        return place.partition("/")[2]
    full_url = entry.get("fullUrl")
    return _id(record, full_url if isinstance(full_url, str) else None, origin)


def _id(record: Json, full_url: str | None, origin: Origin) -> str:
    placeholder = _UUID.fullmatch(full_url or "")
    own: str | None = record.get("id")
    if own is None and placeholder:
        own = placeholder[1].lower()
    return own if own is not None else origin.id(record["resourceType"], full_url or dumps(record).decode())


def _own(kind: str, id_: str, origin: Origin) -> str:
    return origin.id(kind, id_) if origin.declared.get("ids") == "own" and is_id(id_) else id_


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
