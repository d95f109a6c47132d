"""A witness: it remembers how far a log has come, and signs only what continues that.

It runs on another machine than the hub, with a key of its own, and needs nothing of the hub but checkpoints
and consistency proofs. What it knows is in one file, in place before a signature leaves, so a witness that is
killed never signs two histories.
"""

import fcntl
import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from xinglin.core.clock import now
from xinglin.core.i18n import Phrase
from xinglin.trust.log.checkpoint import Checkpoint, read_checkpoint
from xinglin.trust.log.errors import Behind, Fork, NotSigned, OtherLog, Rollback, UnusableKey
from xinglin.trust.log.keyfile import keep_signer, replace_file
from xinglin.trust.log.merkle import HASHES, Hash, is_consistent
from xinglin.trust.log.notes import Note, Scheme, Signature, Verifier, read_note, read_verifier

KEY: Final = "witness.key"
STATE: Final = "witness.json"


class Known(msgspec.Struct, frozen=True):
    """What a witness knows: the log's public key and hash, and the last checkpoint it signed, if any."""

    log: str
    algorithm: str
    note: str = ""


class Witness:
    """A witness with its `folder`. The log that it watches is fixed by what it is first told."""

    def __init__(self, folder: Path, name: str, scheme: Scheme = "ed25519") -> None:
        self._folder = folder
        self.signer = keep_signer(folder / KEY, name, scheme, timed=True)

    def watch(self, log: Verifier, algorithm: str) -> None:
        """Say which log to watch: by the public key that its operator gave. Raises OtherLog for another."""
        known = self.known()
        if known is None:
            with self._alone():
                self._keep(Known(log.write(), algorithm))
        elif (known.log, known.algorithm) != (log.write(), algorithm):
            raise OtherLog(known=read_verifier(known.log).name, found=log.name)

    def known(self) -> Known | None:
        """Give what this witness knows; None before the first `watch`. Raises UnusableKey."""
        file = self._folder / STATE
        if not file.exists():
            return None
        try:
            return msgspec.json.decode(file.read_bytes(), type=Known)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise UnusableKey(file=file, detail=Phrase("it isn't what a witness wrote")) from None

    def last(self) -> Checkpoint | None:
        """Give the last checkpoint that this witness signed."""
        known = self.known()
        return read_checkpoint(read_note(known.note).text) if known and known.note else None

    def cosign(self, note: Note, *, old: int, proof: Sequence[bytes]) -> Signature:
        """Sign a checkpoint that continues the one of `old` entries, the last that was signed here.

        Raises OtherLog, NotSigned, Behind (`old` isn't what is known here), Rollback or Fork.
        """
        with self._alone():
            known = self.known()
            new = read_checkpoint(note.text)
            hash_ = _right(known, new, note)
            last = self.last()
            _continues(hash_, last, new, old=old, proof=proof)
            if known is not None and (last is None or new.size > last.size):
                self._keep(msgspec.structs.replace(known, note=note.write()))
            return self.signer.sign(note.text, time=int(now().timestamp()))

    def _keep(self, known: Known) -> None:
        replace_file(self._folder / STATE, msgspec.json.encode(known).decode() + "\n")

    @contextmanager
    def _alone(self) -> Generator[None]:
        """Let one process at a time compare and sign."""
        handle = os.open(self._folder / KEY, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _right(known: Known | None, new: Checkpoint, note: Note) -> Hash:
    """Make sure that the checkpoint is of the log that is watched, and signed by it."""
    if known is None:
        raise OtherLog(known="-", found=new.origin)
    log = read_verifier(known.log)
    if new.origin != log.name:
        raise OtherLog(known=log.name, found=new.origin)
    if not log.signed(note):
        raise NotSigned(name=log.name)
    return HASHES[known.algorithm]


def _continues(
    hash_: Hash, last: Checkpoint | None, new: Checkpoint, *, old: int, proof: Sequence[bytes]
) -> None:
    size = last.size if last else 0
    if new.size < size:
        raise Rollback(origin=new.origin, size=new.size, known=size)
    if old != size:
        raise Behind(size=size)
    root = last.root if last else hash_(b"")
    if not is_consistent(hash_, old=size, size=new.size, proof=proof, old_root=root, root=new.root):
        raise Fork(origin=new.origin, size=new.size, known=size)
