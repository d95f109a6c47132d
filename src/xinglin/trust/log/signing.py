"""Checkpoints of the hub's own log: made, kept in a table, given to witnesses.

Who signs remembers in a file what it signed last. So whoever rules the database alone, and made all its
tables fit each other again after a change, gets no signature for it.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, cast

from xinglin.hub.database import Connection
from xinglin.trust.log import rows
from xinglin.trust.log.checkpoint import Checkpoint, read_checkpoint
from xinglin.trust.log.errors import Fork, NoCheckpoint, NotSigned, Rollback
from xinglin.trust.log.keyfile import keep_signer, replace_file
from xinglin.trust.log.log import Log, root_at
from xinglin.trust.log.merkle import consistency_spans, is_consistent
from xinglin.trust.log.notes import Note, Scheme, Signature, Signer, Verifier, read_note, read_verifier

_KEEP: Final = "INSERT INTO audit_checkpoint (size, note) VALUES (%s, %s)"
_LAST: Final = "SELECT number, at, note FROM audit_checkpoint ORDER BY number DESC LIMIT 1"
_ALL: Final = (
    "SELECT c.note, coalesce(array_agg(s.line ORDER BY s.at) FILTER (WHERE s.line IS NOT NULL), '{}')"
    " FROM audit_checkpoint AS c LEFT JOIN audit_cosignature AS s ON s.checkpoint = c.number"
    " GROUP BY c.number ORDER BY c.size, c.number"
)
_KNOW: Final = (
    "INSERT INTO audit_key (verifier, role, address) VALUES (%(verifier)s, %(role)s, %(address)s)"
    " ON CONFLICT (verifier) DO UPDATE SET address = %(address)s WHERE audit_key.address <> %(address)s"
)
_KNOWN: Final = "SELECT verifier, address FROM audit_key WHERE role = %s ORDER BY since, verifier"
_COSIGNED: Final = (
    "INSERT INTO audit_cosignature (checkpoint, witness, line)"
    " SELECT number, %s, %s FROM audit_checkpoint WHERE note = %s ON CONFLICT DO NOTHING"
)
_LATEST_COSIGNED: Final = (
    "SELECT max(size) FROM audit_checkpoint JOIN audit_cosignature ON checkpoint = audit_checkpoint.number"
    " WHERE witness = %s"
)


class Signing:
    """Signs the log's checkpoints with a key below `folder`, made at first use."""

    def __init__(self, log: Log, folder: Path, scheme: Scheme) -> None:
        self.log = log
        self._folder = folder
        self._scheme: Scheme = scheme

    async def signer(self, connection: Connection) -> Signer:
        """Give the log's key; its public half is noted in the table of keys."""
        origin = (await rows.read_head(connection)).origin
        signer = keep_signer(self._file(origin, "key"), origin, self._scheme, timed=False)
        await know(connection, signer.verifier, role="log")
        return signer

    async def checkpoint(self) -> Note:
        """Sign the log as it stands; where nothing was added since the last time, give that checkpoint.

        Raises Rollback or Fork where it isn't a continuation of what was signed last, BrokenLog, UnusableKey.
        """
        async with self.log.database.connection() as connection:
            signer = await self.signer(connection)
            head = await rows.read_head(connection)
            now = Checkpoint(head.origin, head.size, await root_at(connection, head, head.size))
            known = self._last(signer)
            if known is not None:
                await _continues(connection, head, known[1], now)
                if known[1] == now and await _is_kept(connection, known[0]):
                    return known[0]
            note = Note(now.text()).plus([signer.sign(now.text())])
            await connection.execute(_KEEP, [now.size, note.write()])
        replace_file(self._file(head.origin, "note"), note.write())
        return note

    def _file(self, origin: str, sort: str) -> Path:
        return self._folder / f"{origin.rsplit('/', 1)[-1]}.{sort}"

    def _last(self, signer: Signer) -> tuple[Note, Checkpoint] | None:
        """Give what was signed last, as this machine's file has it. Raises NotSigned for what it isn't."""
        file = self._file(signer.verifier.name, "note")
        if not file.exists():
            return None
        note = read_note(file.read_text(encoding="utf-8"))
        if not signer.verifier.signed(note):
            raise NotSigned(name=signer.verifier.name)
        return note, read_checkpoint(note.text)


async def _is_kept(connection: Connection, note: Note) -> bool:
    found = await connection.execute("SELECT 1 FROM audit_checkpoint WHERE note = %s", [note.write()])
    return await found.fetchone() is not None


async def _continues(connection: Connection, head: rows.Head, old: Checkpoint, new: Checkpoint) -> None:
    if new.size < old.size:
        raise Rollback(origin=head.origin, size=new.size, known=old.size)
    proof: Sequence[bytes] = []
    if old.size not in {0, new.size}:
        proof = await rows.prove(connection, head.hash, consistency_spans(old.size, new.size))
    if old.size == 0:  # every log continues the empty one, whatever it is hashed with
        return
    if not is_consistent(
        head.hash, old=old.size, size=new.size, proof=proof, old_root=old.root, root=new.root
    ):
        raise Fork(origin=head.origin, size=new.size, known=old.size)


async def know(connection: Connection, verifier: Verifier, *, role: str, address: str = "") -> None:
    """Note a public key of the log or of a witness, and where the witness is asked."""
    await connection.execute(_KNOW, {"verifier": verifier.write(), "role": role, "address": address})


async def known(connection: Connection, role: str) -> list[tuple[Verifier, str]]:
    """Give the public keys of the log or of its witnesses, with the witnesses' addresses."""
    found = await (await connection.execute(_KNOWN, [role])).fetchall()
    return [(read_verifier(text), address) for text, address in cast("list[tuple[str, str]]", found)]


async def last_checkpoint(connection: Connection) -> tuple[int, datetime, Note]:
    """Give the number, time and text of the last checkpoint. Raises NoCheckpoint."""
    row = await (await connection.execute(_LAST)).fetchone()
    if row is None:
        raise NoCheckpoint
    number, at, text = cast("tuple[int, datetime, str]", row)
    return number, at, read_note(text)


async def notes(connection: Connection) -> list[str]:
    """Give all checkpoints with the cosignatures under them, by size."""
    found = await (await connection.execute(_ALL)).fetchall()
    return [text + "".join(lines) for text, lines in cast("list[tuple[str, list[str]]]", found)]


async def cosigned(connection: Connection, note: Note, witness: Verifier, lines: Sequence[Signature]) -> None:
    """Keep what a witness put under a checkpoint. Raises NotSigned where it isn't its signature."""
    own = [one for one in lines if (one.name, one.key) == (witness.name, witness.key)]
    if not witness.signed(Note(note.text, tuple(own))):
        raise NotSigned(name=witness.name)
    kept = Note(note.text, note.signatures).write()
    await connection.execute(_COSIGNED, [witness.name, own[0].line(), kept])


async def cosigned_size(connection: Connection, witness: str) -> int:
    """Give the size of the largest checkpoint that a witness signed; 0 where it signed none."""
    row = await (await connection.execute(_LATEST_COSIGNED, [witness])).fetchone()
    return cast("tuple[int | None]", row)[0] or 0
