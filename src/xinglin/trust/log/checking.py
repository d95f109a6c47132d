"""Checking a log, entry by entry, against what was signed: pure, the same for an export and for the tables.

Two trees are grown: one from the entries themselves, one from the hashes that were kept beside them. Where
the signed root differs from the first but not from the second, the first entry whose hash differs is the one
that was changed; where it differs from both, all that can be said is between which checkpoints it was.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.trust.log.checkpoint import Checkpoint, read_checkpoint
from xinglin.trust.log.errors import NotANote
from xinglin.trust.log.merkle import Growing, Hash, Node, leaf_hash
from xinglin.trust.log.notes import Note, Verifier, read_note

MOST_FAULTS: Final = 20
"""How many faults are told; the first is what matters."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and from which entry on."""

    place: int
    what: Phrase


@dataclass(slots=True)
class Report:
    """What a check found.

    `size` entries were read, the first `signed` of them stand under a checkpoint of the log, the first
    `witnessed` under one that a witness signed too. `cosigned` says how many checkpoints each witness signed.
    """

    origin: str
    size: int = 0
    signed: int = 0
    witnessed: int = 0
    checkpoints: int = 0
    cosigned: dict[str, int] = field(default_factory=dict[str, int])
    faults: list[Fault] = field(default_factory=list[Fault])

    @property
    def first(self) -> Fault | None:
        """The first thing that is wrong."""
        return min(self.faults, key=lambda one: one.place, default=None)

    def fault(self, place: int, what: Phrase) -> None:
        """Note what is wrong."""
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(Fault(place, what))


@dataclass(frozen=True, slots=True)
class Keys:
    """The public keys to trust: of the log, and of its witnesses."""

    log: Sequence[Verifier]
    witnesses: Sequence[Verifier] = ()


class Checking:
    """A check under way: give it the entries in order with `entry`, then call `end`."""

    def __init__(self, hash_: Hash, origin: str, notes: Iterable[str], keys: Keys) -> None:
        self.report = Report(origin)
        self._hash = hash_
        self._real, self._kept = Growing(hash_), Growing(hash_)
        self._suspect: int | None = None
        self._next, self._broken = 0, False
        self._signed = sorted(self._read(notes, keys), key=lambda one: one[0].size)
        self._at = 0
        self._pass()

    def _read(self, notes: Iterable[str], keys: Keys) -> list[tuple[Checkpoint, bool]]:
        """Give the checkpoints that the log signed, and whether a witness did too."""
        found: list[tuple[Checkpoint, bool]] = []
        for number, text in enumerate(notes, 1):
            try:
                note = read_note(text)
                checkpoint = read_checkpoint(note.text)
            except NotANote:
                self.report.fault(0, Phrase("checkpoint {number} can't be read", number=number))
                continue
            if checkpoint.origin != self.report.origin or not any(key.signed(note) for key in keys.log):
                self.report.fault(
                    checkpoint.size, Phrase("checkpoint {number} isn't signed by the log", number=number)
                )
                continue
            found.append((checkpoint, self._witnessed(note, keys.witnesses)))
        self.report.checkpoints = len(found)
        return found

    def _witnessed(self, note: Note, witnesses: Sequence[Verifier]) -> bool:
        signers = [one.name for one in witnesses if one.signed(note)]
        for name in signers:
            self.report.cosigned[name] = self.report.cosigned.get(name, 0) + 1
        names = {(one.name, one.key) for one in witnesses}
        for line in note.signatures:
            if (line.name, line.key) in names and line.name not in signers:
                size = read_checkpoint(note.text).size
                self.report.fault(
                    size,
                    Phrase(
                        "the signature of the witness {name} under {size} is wrong", name=line.name, size=size
                    ),
                )
        return bool(signers)

    def entry(self, number: int, body: bytes, kept: bytes | None) -> list[tuple[Node, bytes]]:
        """Check the next entry with the hash kept beside it; give the kept hashes' nodes it completes.

        Behind an entry that is missing no root can be compared any more, only numbers.
        """
        if number != self._next:
            self._out_of_place(number)
        self._next = number + 1
        if self._broken:
            return []
        real = leaf_hash(self._hash, body)
        if kept is not None and kept != real and self._suspect is None:
            self._suspect = number
        self._real.extend([real])
        made = list(self._kept.add(real if kept is None else kept))
        self._pass()
        return made

    def _out_of_place(self, number: int) -> None:
        if number > self._next:
            self.report.fault(self._next, Phrase("entry {number} is missing", number=self._next))
        else:
            self.report.fault(number, Phrase("entry {number} isn't in its place", number=number))
        self._broken = True

    def _pass(self) -> None:
        """Compare with what was signed at this size."""
        while self._at < len(self._signed) and self._signed[self._at][0].size == self._real.size:
            checkpoint, witnessed = self._signed[self._at]
            self._at += 1
            if self._real.root == checkpoint.root:
                self._good(checkpoint.size, witnessed=witnessed)
            elif not self._broken:
                self._bad(checkpoint)

    def _good(self, size: int, *, witnessed: bool) -> None:
        if self._suspect is not None:  # what was signed is here: the hash beside it isn't the right one
            self.report.fault(
                self._suspect, Phrase("the hash kept with entry {number} was changed", number=self._suspect)
            )
            self._suspect, self._kept.peaks = None, list(self._real.peaks)
        if not self._broken:
            self.report.signed = size
            self.report.witnessed = size if witnessed else self.report.witnessed

    def _bad(self, checkpoint: Checkpoint) -> None:
        twins = [one.root for one, _ in self._signed if one.size == checkpoint.size]
        if len(set(twins)) > 1:
            self.report.fault(
                checkpoint.size,
                Phrase(
                    "two different checkpoints with {size} entries were signed: the log was forked",
                    size=checkpoint.size,
                ),
            )
            return
        self._broken = True  # all that follows differs too
        if self._suspect is not None and self._kept.root == checkpoint.root:
            self.report.fault(self._suspect, Phrase("entry {number} was changed", number=self._suspect))
        else:
            self.report.fault(
                self.report.signed,
                Phrase(
                    "the entries from {first} to {last} aren't those that were signed",
                    first=self.report.signed,
                    last=checkpoint.size - 1,
                ),
            )

    def end(self) -> Report:
        """Compare what only shows at the end, and give the report."""
        self.report.size = self._next
        beyond = [checkpoint.size for checkpoint, _ in self._signed if checkpoint.size > self._next]
        if beyond:
            self.report.fault(
                self._next,
                Phrase(
                    "entries are missing from {size} on; {signed} were signed",
                    size=self._next,
                    signed=max(beyond),
                ),
            )
        if self._suspect is not None and not self._broken:
            self.report.fault(
                self._suspect,
                Phrase("entry {number} or the hash kept with it was changed", number=self._suspect),
            )
        return self.report

    @property
    def peaks(self) -> Sequence[bytes]:
        """The roots at the right edge of the tree of the entries read so far."""
        return self._real.peaks
