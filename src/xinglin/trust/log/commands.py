"""What `xinglin audit …` does."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from xinglin.core.i18n import Phrase
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.opened import with_hub
from xinglin.trust.log import files, live, signing
from xinglin.trust.log.alerts import queue
from xinglin.trust.log.alerts.rules import load
from xinglin.trust.log.asked import read_asked, write_place
from xinglin.trust.log.auditevent import audit_event
from xinglin.trust.log.checking import Keys, Report
from xinglin.trust.log.checkpoint import read_checkpoint
from xinglin.trust.log.entry import decode, plain
from xinglin.trust.log.errors import BrokenLog, NotSigned
from xinglin.trust.log.find import Found
from xinglin.trust.log.log import Log, Proven
from xinglin.trust.log.notes import Note, Verifier, read_verifier
from xinglin.trust.log.signing import Signing
from xinglin.trust.log.witness import Witness

Result = TypeVar("Result")


def log_of(hub: Hub, settings: Settings) -> Log:
    """Give the log of an open hub."""
    return Log(hub.database, settings.audit_hash)


def signing_of(log: Log, settings: Settings) -> Signing:
    """Give what signs the log's checkpoints."""
    return Signing(log, settings.audit, settings.audit_signature)


def _with_log(settings: Settings, work: Callable[[Log, Signing], Awaitable[Result]]) -> Result:
    async def opened(hub: Hub) -> Result:
        log = log_of(hub, settings)
        return await work(log, signing_of(log, settings))

    return with_hub(settings, opened)


def find(settings: Settings, pairs: Sequence[tuple[str, str]]) -> tuple[Found, str | None]:
    """Give a page of entries by search parameters, and the place to go on from. Raises SearchError."""
    asked, before, most = read_asked(pairs, settings.time_zone)
    found = _with_log(settings, lambda log, _: log.find(asked, before=before, most=most))
    return found, write_place(found.after) if found.after else None


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry: as it was proved, and as an AuditEvent."""

    leaf: dict[str, Any]
    event: dict[str, Any]


def show(settings: Settings, number: int) -> Shown:
    """Give an entry. Raises NoSuchEntry."""

    async def work(log: Log, _: Signing) -> Shown:
        body = await log.read(number)
        return Shown(plain(body), audit_event(number, decode(body), (await log.head()).origin))

    return _with_log(settings, work)


def prove(settings: Settings, number: int) -> tuple[Proven, Note]:
    """Prove an entry under a checkpoint made now. Raises NoSuchEntry, BrokenLog."""

    async def work(log: Log, signs: Signing) -> tuple[Proven, Note]:
        note = await signs.checkpoint()
        signed = read_checkpoint(note.text)
        proven = await log.prove(number, signed.size)
        if proven.root != signed.root:
            raise BrokenLog(detail=Phrase("entry {number} isn't what was signed", number=number))
        return proven, note

    return _with_log(settings, work)


def checkpoint(settings: Settings) -> Note:
    """Sign the log as it stands."""
    return _with_log(settings, lambda _, signs: signs.checkpoint())


def keys(settings: Settings) -> Keys:
    """Give the log's own public key first, then others that it had, and the witnesses'."""

    async def work(log: Log, signs: Signing) -> Keys:
        async with log.database.connection() as connection:
            own = (await signs.signer(connection)).verifier
            others = [one for one, _ in await signing.known(connection, "log") if one != own]
            witnesses = [one for one, _ in await signing.known(connection, "witness")]
        return Keys([own, *others], witnesses)

    return _with_log(settings, work)


def verify(settings: Settings, trusted: Sequence[str], progress: Callable[[int], None]) -> Report:
    """Check the live log by the key of this machine and those given. Raises NotANote."""
    given = [read_verifier(one) for one in trusted]

    async def work(log: Log, signs: Signing) -> Report:
        async with log.database.connection() as connection:
            own = (await signs.signer(connection)).verifier
        return await live.verify(log, [own, *given], progress)

    return _with_log(settings, work)


def export(settings: Settings, folder: Path, progress: Callable[[int], None]) -> int:
    """Sign the log as it stands and write all of it to `folder`; give how many entries."""

    async def work(log: Log, signs: Signing) -> int:
        await signs.checkpoint()
        async with log.database.connection() as connection:
            own = (await signs.signer(connection)).verifier
        return await live.export(log, folder, own, progress)

    return _with_log(settings, work)


def verify_export(folder: Path, trusted: Sequence[str], witnesses: Sequence[str]) -> Report:
    """Check an export by the keys given, for want of them by those in it. Raises UnusableExport, NotANote."""
    found = files.Export(folder)
    log = [read_verifier(one) for one in trusted] or found.keys.log
    by = [read_verifier(one) for one in witnesses] or found.keys.witnesses
    return files.verify(found, Keys(log, by))


def witness_export(folder: Path, witness: Witness, log_key: str | None) -> str:
    """Have a witness sign the last checkpoint of an export; give the line that it wrote.

    `log_key` says which log the witness shall watch from now on. Raises what `Witness.cosign` does.
    """
    found = files.Export(folder)
    if witness.known() is None or log_key:
        witness.watch(read_verifier(log_key) if log_key else found.keys.log[0], found.about.algorithm)
    last = witness.last()
    note, old, proof = files.proof(found, last.size if last else 0)
    line = witness.cosign(note, old=old, proof=proof).line()
    files.add_cosignature(folder, line)
    return line


def add_witness(settings: Settings, verifier: str, address: str) -> Verifier:
    """Note a witness's public key, and the address where it is asked. Raises NotANote."""
    given = read_verifier(verifier)

    async def work(log: Log, _: Signing) -> Verifier:
        async with log.database.connection() as connection:
            await signing.know(connection, given, role="witness", address=address)
        return given

    return _with_log(settings, work)


def take_cosignatures(settings: Settings, folder: Path) -> int:
    """Keep what witnesses wrote under the last checkpoint of an export; give how many signatures.

    Raises UnusableExport, NotANote, or NotSigned where one isn't by a witness that is known here.
    """
    note, _, _ = files.proof(files.Export(folder), 0)
    signatures = files.cosignatures(folder)

    async def work(log: Log, _: Signing) -> int:
        async with log.database.connection() as connection:
            known = {one.key: one for one, _ in await signing.known(connection, "witness")}
            for one in signatures:
                if one.key not in known:
                    raise NotSigned(name=one.name)
                await signing.cosigned(connection, note, known[one.key], [one])
        return len(signatures)

    return _with_log(settings, work)


def alert_names(settings: Settings) -> dict[str, Mapping[str, str]]:
    """Give the names of the alert rules, by rule and language. Raises BadRule."""
    return {rule.id: rule.names for rule in load(settings.audit)}


def alerts(settings: Settings, *, state: str, most: int) -> list[queue.Alert]:
    """Give alerts, the latest first."""

    async def work(log: Log, _: Signing) -> list[queue.Alert]:
        async with log.database.connection() as connection:
            return await queue.listed(connection, state=state, most=most)

    return _with_log(settings, work)


def close_alert(settings: Settings, number: int, *, who: str, why: str) -> None:
    """Close an alert. Raises NoSuchAlert."""

    async def work(log: Log, _: Signing) -> None:
        async with log.database.connection() as connection, connection.transaction():
            await queue.close(connection, number, who=who, why=why)

    _with_log(settings, work)
