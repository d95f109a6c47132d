"""The words in which formats and intake speak with each other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import Enum
from hashlib import blake2b
from typing import BinaryIO, Protocol

from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import Json

LOCAL = "urn:xinglin:id"
"""Systems of numbers that one institution gives: `urn:xinglin:id:<namespace>:<sort of number>`."""

CODES = "urn:xinglin:code"
"""Systems of codes that one institution uses: `urn:xinglin:code:<namespace>:<sort of code>`."""


ID_BYTES = 13
"""Of the hash that is an id: the chance that any two of 10^11 records share one is below 10^-9."""


class Mode(Enum):
    """What a fact says about its record."""

    FULL = "full"
    """All that the source knows: it replaces an older state."""

    MENTION = "mention"
    """Somebody or something named in passing (a result's patient): stored only where nothing is known."""

    MERGE = "merge"
    """A part of a record: its elements replace those stored (an older part only adds what is missing),
    arrays named in `Fact.lists` are joined with those stored, everything else stays (see `merge.merge`)."""

    DELETE = "delete"
    """The source has deleted it; the resource has type and id only."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A FHIR resource with its final id, as the source said it at `time` (None: the source gives no time).

    Of two facts about one record the later one by `time` is its present state, in whatever order they come.
    `lists`, `removed` and `gaps` belong to `Mode.MERGE` (see `merge.merge`).
    """

    resource: Json
    time: datetime | None = None
    mode: Mode = Mode.FULL
    lists: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sends, and what that sender has declared about its data.

    `namespace` says whose numbers these are: systems of one institution that share their numbers share it.
    `declared` are options of a format by name, as the registry of sources keeps them.
    """

    source: str
    institution: str
    institution_name: str
    namespace: str
    zone: tzinfo
    charset: str | None = None
    declared: Mapping[str, str] = field(default_factory=dict[str, str])

    def id(self, kind: str, *key: str) -> str:
        """Give the id of the record of type `kind` that this institution knows by `key`; always the same."""
        text = "\x1f".join((self.namespace, kind, *key)).encode()
        return blake2b(text, digest_size=ID_BYTES).hexdigest()

    def reference(self, kind: str, *key: str) -> Json:
        """Give a Reference to that record."""
        return {"reference": f"{kind}/{self.id(kind, *key)}"}

    def number_system(self, sort: str) -> str:
        """Give the identifier system of numbers that only this institution gives, such as `inpatient`."""
        return f"{LOCAL}:{self.namespace}:{sort}"

    def code_system(self, sort: str) -> str:
        """Give the code system of codes that only this institution uses, such as `lab-item`."""
        return f"{CODES}:{self.namespace}:{sort}"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a delivery that is loaded in one transaction; pieces can be read in any order.

    `head` is what reading needs from the beginning of the file (a table's header); `line` and `item` number
    the first line and the first item of `body` in the file, from 1.
    """

    body: bytes
    line: int = 1
    item: int = 1
    head: bytes = b""


@dataclass(frozen=True, slots=True)
class Item:
    """What is accepted or refused as one: `raw` as it came, where it stands, and what it says.

    `error` tells why it can't be taken; its `expression` names the place within the item. `unknown` lists
    what was kept but not understood (a code without a meaning, an unknown segment), in a few words each.
    """

    number: int
    line: int
    raw: bytes
    facts: Sequence[Fact] = ()
    error: XinglinError | None = None
    unknown: Sequence[str] = ()


class Format(Protocol):
    """A format of deliveries."""

    name: str

    def recognises(self, start: bytes) -> bool:
        """Tell by the first bytes (up to 64 KiB) whether a file is of this format."""
        ...

    def pieces(self, stream: BinaryIO, origin: Origin) -> Iterator[Piece]:
        """Cut a file, read once from its start, holding no more than a few pieces in memory.

        The same bytes always give the same pieces. Raises IntakeError where the file can't be read at all.
        """
        ...

    def items(self, piece: Piece, origin: Origin) -> Iterator[Item]:
        """Read a piece. What is wrong with an item stands in the item; nothing that was sent is left out."""
        ...
