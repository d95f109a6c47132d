"""An export of the log: entries, checkpoints, keys as files that anybody can check without a database.

log.json                    name and hash of the log, how many entries
keys                        public keys, `log KEY` or `witness KEY` a line
entries/000000000000.ndjson the entries' bytes, a line each; the file's name is the first one's number
hashes/000000000000         the hash kept with each, 32 bytes each
checkpoints/0000001         signed notes with the cosignatures under them, by size
"""

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import msgspec

from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason
from xinglin.trust.log.checking import Checking, Keys, Report
from xinglin.trust.log.checkpoint import read_checkpoint
from xinglin.trust.log.errors import NotANote, UnusableExport
from xinglin.trust.log.merkle import (
    BYTES,
    HASHES,
    Growing,
    Node,
    consistency_spans,
    leaf_hash,
    needed,
    proof_of,
)
from xinglin.trust.log.notes import (
    Note,
    Signature,
    Verifier,
    read_note,
    read_signature,
    read_verifier,
)

IN_A_FILE: Final = 100_000
"""Entries in one file."""

MOST_LINE: Final = 100_000_000
"""The longest entry that is read, in bytes."""

_NAME: Final = re.compile(r"\d{12}\.ndjson")


class About(msgspec.Struct, frozen=True):
    """What `log.json` says."""

    origin: str
    algorithm: str
    size: int


@dataclass(frozen=True, slots=True)
class Row:
    """An entry of an export: number, bytes, and the hash kept with it (None: missing)."""

    number: int
    body: bytes
    kept: bytes | None


class Writer:
    """Writes the entries of an export into `folder`, which must not exist or be empty."""

    def __init__(self, folder: Path) -> None:
        if folder.exists() and any(folder.iterdir()):
            raise UnusableExport(folder=folder, detail=Phrase("it isn't empty"))
        self._folder = folder
        self._files: tuple[IO[bytes], IO[bytes]] | None = None
        self.size = 0
        for name in ("entries", "hashes", "checkpoints"):
            (folder / name).mkdir(parents=True)

    def write(self, body: bytes, kept: bytes) -> None:
        """Write the next entry."""
        if self.size % IN_A_FILE == 0:
            self.close()
            name = f"{self.size:012d}"
            self._files = (
                (self._folder / "entries" / f"{name}.ndjson").open("wb"),
                (self._folder / "hashes" / name).open("wb"),
            )
        if self._files:
            self._files[0].write(body + b"\n")
            self._files[1].write(kept)
        self.size += 1

    def close(self) -> None:
        """End the file that is being written."""
        for file in self._files or ():
            file.close()
        self._files = None

    def finish(self, about: About, notes: Sequence[str], keys: Keys) -> None:
        """Write what stands beside the entries."""
        self.close()
        for number, note in enumerate(notes, 1):
            (self._folder / "checkpoints" / f"{number:07d}").write_text(note, encoding="utf-8")
        lines = [f"log {one.write()}\n" for one in keys.log]
        lines += [f"witness {one.write()}\n" for one in keys.witnesses]
        (self._folder / "keys").write_text("".join(lines), encoding="utf-8")
        (self._folder / "log.json").write_bytes(msgspec.json.encode(about) + b"\n")


def discard(folder: Path) -> None:
    """Remove an export that couldn't be finished."""
    shutil.rmtree(folder, ignore_errors=True)


class Export:
    """An export that somebody gave. Raises UnusableExport where it isn't one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.about = msgspec.json.decode((folder / "log.json").read_bytes(), type=About)
            self.keys = _keys((folder / "keys").read_text(encoding="utf-8"))
            files = sorted((folder / "checkpoints").iterdir())
            self.notes = [file.read_text(encoding="utf-8") for file in files]
        except OSError as error:
            raise UnusableExport(folder=folder, detail=reason(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError, NotANote, ValueError):
            raise UnusableExport(folder=folder, detail=Phrase("log.json or keys can't be read")) from None
        if self.about.algorithm not in HASHES:
            raise UnusableExport(folder=folder, detail=Phrase("its hash isn't known"))

    def rows(self) -> Iterator[Row]:
        """Give the entries, in order. Raises UnusableExport."""
        try:
            for file in sorted((self.folder / "entries").iterdir()):
                if _NAME.fullmatch(file.name):
                    yield from self._rows(file)
        except OSError as error:
            raise UnusableExport(folder=self.folder, detail=reason(error)) from None

    def _rows(self, file: Path) -> Iterator[Row]:
        kept_file = self.folder / "hashes" / file.stem
        kept = kept_file.read_bytes() if kept_file.exists() else b""
        first = int(file.stem)
        with file.open("rb") as handle:
            for at, line in enumerate(iter(lambda: handle.readline(MOST_LINE), b"")):
                hash_ = kept[at * BYTES : (at + 1) * BYTES]
                yield Row(first + at, line.removesuffix(b"\n"), hash_ if len(hash_) == BYTES else None)


def _keys(text: str) -> Keys:
    log: list[Verifier] = []
    witnesses: list[Verifier] = []
    for line in text.splitlines():
        role, _, key = line.partition(" ")
        {"log": log, "witness": witnesses}.get(role, list[Verifier]()).append(read_verifier(key))
    return Keys(log, witnesses)


def verify(export: Export, keys: Keys | None = None) -> Report:
    """Check an export with the public keys that one was given; None: those that lie in it."""
    hash_ = HASHES[export.about.algorithm]
    checking = Checking(hash_, export.about.origin, export.notes, keys or export.keys)
    for row in export.rows():
        checking.entry(row.number, row.body, row.kept)
    report = checking.end()
    if report.size != export.about.size:
        report.fault(
            min(report.size, export.about.size),
            Phrase(
                "the export says that it holds {said} entries; it holds {size}",
                said=export.about.size,
                size=report.size,
            ),
        )
    return report


def proof(export: Export, old: int) -> tuple[Note, int, list[bytes]]:
    """Give the last checkpoint of an export, and the proof that it continues the first `old` entries.

    The proof is made from the entries themselves. Raises UnusableExport.
    """
    if not export.notes:
        raise UnusableExport(folder=export.folder, detail=Phrase("it has no checkpoint"))
    note = max(map(read_note, export.notes), key=lambda one: read_checkpoint(one.text).size)
    size = read_checkpoint(note.text).size
    if not 0 < old < size:
        return note, old, []
    spans = consistency_spans(old, size)
    hash_ = HASHES[export.about.algorithm]
    wanted, known, tree = set(needed(spans)), dict[Node, bytes](), Growing(hash_)
    for row in export.rows():
        leaf = leaf_hash(hash_, row.body)
        for node, made in (((0, tree.size), leaf), *tree.add(leaf)):
            if node in wanted:
                known[node] = made
    if known.keys() != wanted:
        raise UnusableExport(folder=export.folder, detail=Phrase("entries are missing"))
    return note, old, proof_of(hash_, spans, known)


COSIGNATURES: Final = "cosignatures"
"""Signatures of witnesses under the last checkpoint, a line each, added after the export was made."""


def add_cosignature(folder: Path, line: str) -> None:
    """Add a witness's signature under the last checkpoint of an export."""
    with (folder / COSIGNATURES).open("a", encoding="utf-8") as handle:
        handle.write(line)


def cosignatures(folder: Path) -> list[Signature]:
    """Give what witnesses added to an export. Raises NotANote or UnusableExport."""
    try:
        text = (folder / COSIGNATURES).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UnusableExport(folder=folder, detail=Phrase("no witness has signed it")) from None
    return [read_signature(line) for line in text.splitlines()]
