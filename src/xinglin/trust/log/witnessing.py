"""Asking witnesses to sign a checkpoint, as C2SP's tlog-witness says (https://c2sp.org/tlog-witness).

The hub goes to the witness, so that a witness needs no right here: what it is sent are sizes and hashes.
"""

import asyncio
import http.client
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason
from xinglin.core.telemetry import logger
from xinglin.trust.log import signing
from xinglin.trust.log.asking import write_request
from xinglin.trust.log.checkpoint import read_checkpoint
from xinglin.trust.log.errors import WitnessRefuses
from xinglin.trust.log.log import Log
from xinglin.trust.log.notes import Note, Signature, Verifier, read_signature

SECONDS: Final = 10
MOST_ANSWER: Final = 10_000
_AGAIN: Final = 409


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    text: str


async def ask_witnesses(log: Log, note: Note) -> None:
    """Have every witness that has an address sign a checkpoint; one that doesn't holds no other up."""
    async with log.database.connection() as connection:
        witnesses = [one for one in await signing.known(connection, "witness") if one[1]]
    for witness, address in witnesses:
        try:
            await ask(log, note, witness, address)
        except WitnessRefuses as error:
            logger().error("witness doesn't sign", code=error.code, witness=witness.name)


async def ask(log: Log, note: Note, witness: Verifier, address: str) -> None:
    """Have one witness sign, from where it is. Raises WitnessRefuses or NotSigned."""
    async with log.database.connection() as connection:
        old = await signing.cosigned_size(connection, witness.name)
    size = read_checkpoint(note.text).size
    if old == size:
        return
    answer = await _send(log, note, old, size, address)
    if answer.status == _AGAIN and answer.text.strip().isdecimal():
        known = int(answer.text.strip())
        if known <= size:  # where it is more, it saw entries that are gone
            answer = await _send(log, note, known, size, address)
    if answer.status != http.client.OK:
        raise WitnessRefuses(address=address, detail=Phrase("it answered {status}", status=answer.status))
    lines: Sequence[Signature] = [read_signature(line) for line in answer.text.splitlines()]
    async with log.database.connection() as connection:
        await signing.cosigned(connection, note, witness, lines)


async def _send(log: Log, note: Note, old: int, size: int, address: str) -> _Answer:
    _, proof = await log.consistency(old, size)
    return await asyncio.to_thread(_post, address, write_request(note, old, proof))


def _post(address: str, text: str) -> _Answer:
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=SECONDS)
    try:
        connection.request("POST", parts.path.rstrip("/") + "/add-checkpoint", text.encode())
        answer = connection.getresponse()
        return _Answer(answer.status, answer.read(MOST_ANSWER).decode(errors="replace"))
    except OSError as error:
        raise WitnessRefuses(address=address, detail=reason(error)) from None
    except http.client.HTTPException as error:
        raise WitnessRefuses(address=address, detail=type(error).__name__) from None
    finally:
        connection.close()
