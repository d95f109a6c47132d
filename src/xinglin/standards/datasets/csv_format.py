"""The format `table-csv`: text tables of national data sets."""

import codecs
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from itertools import chain, islice
from typing import BinaryIO, ClassVar, Final

from xinglin.core.errors import IntakeError
from xinglin.standards.conversion import Item, Origin, Piece
from xinglin.standards.conversion.text import UndecodableText, decode
from xinglin.standards.datasets.cutting import LONGEST, MOST_LINES, Cut, chunks, lines, rows
from xinglin.standards.datasets.errors import LongRow, OpenQuote, UnknownTable
from xinglin.standards.datasets.finding import (
    CHARSETS,
    DELIMITERS,
    SEARCHED,
    Header,
    Spotter,
    charset_of,
    find,
    split,
)
from xinglin.standards.datasets.model import DataMapping
from xinglin.standards.datasets.registry import shipped
from xinglin.standards.datasets.table import Table

ROWS: Final = 2_000
"""Rows of a piece at most."""
BYTES: Final = 1_000_000
"""Bytes of a piece, one row more at most."""
_OTHERS: Final = (b"{", b"[", b"<", b"MSH|", b"FHS|", b"BHS|", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_WHOLE: Final = 65_536
"""Bytes of which fewer are a whole file, when a format is recognised."""
_KEPT_TABLES: Final = 16


class TableCsv:
    """Reads tables with a header line, separated by comma, tab, semicolon or bar."""

    name: str = "table-csv"
    serial: ClassVar[bool] = False
    """Whether a number in a column of dates is Excel's day number, undeclared."""

    def __init__(self, mappings: Callable[[], Mapping[str, DataMapping]] = shipped) -> None:
        """Take what gives the mappings (`registry.known`)."""
        self._mappings = mappings
        self._tables: dict[object, Table] = {}

    def recognises(self, start: bytes) -> bool:
        """Tell whether a file begins like a table: lines that a delimiter cuts into as many cells."""
        if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_OTHERS) or b"DICM" in start[128:132]:
            return False
        parts = list(islice(lines(chunks(BytesIO(start), None)), SEARCHED))
        if len(parts) > 1 and len(start) >= _WHOLE and not parts[-1].endswith((b"\n", b"\r")):
            del parts[-1]  # the beginning of a long line has fewer cells than the line
        text = [_loose(part) for part in parts if part.strip()]
        if any("\x00" in one for one in text):
            return False
        counts = [[len(split(one, delimiter)) for one in text] for delimiter in DELIMITERS]
        # Two lines alike are enough: one row with a cell too many says nothing of the others.
        return any(
            count[-1] > 1 and (len(count) == 1 or any(one > 1 and count.count(one) > 1 for one in count))
            for count in counts
            if count
        )

    def pieces(self, stream: BinaryIO, origin: Origin) -> Iterator[Piece]:
        """Cut a file between rows. Raises IntakeError where its header isn't understood."""
        feed = lines(chunks(stream, origin.charset))
        start = list(islice(feed, SEARCHED))
        charset, header = self._header(start, origin)
        # A header with a line break in a quoted cell isn't found; no system is known that writes one.
        head = start[header.line]
        if start[0].startswith(codecs.BOM_UTF8) and header.line:
            head = codecs.BOM_UTF8 + head
        body = rows(chain(start[header.line + 1 :], feed), header.delimiter, charset)
        spotter = Spotter(self._mappings(), origin, charset, head, header.delimiter)
        yield from cut_pieces(body, head, header.line + 2, spotter)

    def items(self, piece: Piece, origin: Origin) -> Iterator[Item]:
        """Read the rows of a piece. The first row of a file names the columns that aren't known."""
        # A header without Chinese characters doesn't tell the character set.
        told = piece.head + piece.body if piece.head.isascii() else piece.head
        charset = charset_of(told, origin.charset)
        try:
            header = find([decode(piece.head, charset)], self._mappings(), origin)
            table = self._table(header, origin)
        except IntakeError as error:
            header, table = None, error
        delimiter = header.delimiter if header else ","
        number = piece.item
        for cut in rows(lines([piece.body], piece.head[-1:]), delimiter, charset):
            if not cut.raw.strip():
                continue
            item = _item(cut, number, piece.line, charset=charset, delimiter=delimiter, table=table)
            if number == 1 and header:
                item = _with_strange(item, header)
            yield item
            number += 1

    def _header(self, start: Sequence[bytes], origin: Origin) -> tuple[str, Header]:
        """Find the header; a row in another character set below it mustn't hide it."""
        charsets = dict.fromkeys(
            (charset_of(b"".join(start), origin.charset), *(() if origin.charset else CHARSETS))
        )
        for number, charset in enumerate(charsets, 1):
            try:
                text = [part.decode(charset, "replace") for part in start]
                return charset, find(text, self._mappings(), origin)
            except UnknownTable:
                if number == len(charsets):
                    raise
            except LookupError:
                raise UndecodableText(charset=charset, place=0) from None
        raise UnknownTable(lines=SEARCHED)

    def _table(self, header: Header, origin: Origin) -> Table:
        """Compile once for a header and a source."""
        declared = tuple(sorted(origin.declared.items()))
        where = (origin.source, origin.namespace, str(origin.zone))
        key = (header.mapping.name, header.layout.header, where, declared)
        found = self._tables.get(key)
        if found is None or found.mapping is not header.mapping:
            serial = self.serial or origin.declared.get("dates") == "excel"
            found = Table(header.mapping, header.layout, origin, serial=serial)
            if len(self._tables) >= _KEPT_TABLES:
                self._tables.clear()
            self._tables[key] = found
        return found


def _loose(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")


def cut_pieces(
    cuts: Iterable[Cut], head: bytes, line: int, is_header: Callable[[bytes], bool], item: int = 1
) -> Iterator[Piece]:
    """Put rows together to pieces; below another header line they have that one as their head.

    `line` is the first row's, `item` its number.
    """
    mark = codecs.BOM_UTF8 if head.startswith(codecs.BOM_UTF8) else b""
    count, size, first = 0, 0, 0
    body: list[bytes] = []
    for cut in cuts:
        fresh = not cut.fault and is_header(cut.raw)
        if not fresh:
            body.append(cut.raw)
            count += bool(cut.raw.strip())
            size += len(cut.raw)
        if fresh or count >= ROWS or size >= BYTES:
            if count:
                yield Piece(b"".join(body), line + first, item, head)
            first = cut.line + cut.lines
            item, count, size, body = item + count, 0, 0, []
        if fresh:
            head = mark + cut.raw
    if any(raw.strip() for raw in body):
        yield Piece(b"".join(body), line + first, item, head)


def _item(
    cut: Cut, number: int, line: int, *, charset: str, delimiter: str, table: Table | IntakeError
) -> Item:
    at = line + cut.line
    try:
        if isinstance(table, IntakeError):
            raise table
        if cut.fault:
            raise OpenQuote(limit=MOST_LINES) if cut.fault == "quote" else LongRow(limit=LONGEST)
        facts, unknown = table.read(split(decode(cut.raw, charset), delimiter))
    except IntakeError as error:
        return Item(number, at, cut.raw, error=error)
    return Item(number, at, cut.raw, facts, unknown=unknown)


def _with_strange(item: Item, header: Header) -> Item:
    titles = [header.layout.header[at] for at in header.layout.strange]
    notes = [f"{title}: -" for title in titles]
    return replace(item, unknown=[*item.unknown, *notes]) if notes else item
