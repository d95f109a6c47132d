"""The refused queue: what couldn't be taken, whole, with the reason. It leaves by replay or decision only."""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, overload

import msgspec
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from xinglin.core.errors import IntakeError, XinglinError
from xinglin.core.exact_json import Json
from xinglin.core.i18n import LANGUAGES
from xinglin.hub.database import Connection
from xinglin.hub.vault.vault import NOTHING, Vault, vault_of
from xinglin.standards.conversion import Item
from xinglin.standards.outcome import InvalidRecord

_ITEM, _TEXTS = "refused", "refused.texts"
"""What sealed values belong to. An item's number isn't known yet when it is sealed."""

_SEALED: Final = "sealed"

FINDINGS_TOLD: Final = 5
"""How many of a record's faults the sentence names."""


class NotRefused(IntakeError):
    """No such item waits in the refused queue."""

    code = "XL7050"
    message = "No item {number} waits in the refused queue."
    remedy = "List what waits with `xinglin refused list`; an item that was replayed or dismissed is settled."
    status = 404
    issue = "not-found"


class NoReason(IntakeError):
    """A decision without its reason."""

    code = "XL7051"
    message = "The decision needs a reason."
    remedy = "Say why, so that whoever reads the queue later understands it."
    status = 400
    issue = "required"


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An item of the queue. `raw` is what came, `corrected` what a person wants loaded in its place."""

    number: int
    source: str
    delivery: int
    file: str
    member: str
    item: int
    line: int
    place: str | None
    format: str
    code: str
    texts: Mapping[str, Mapping[str, str]]
    weight: int
    times: int
    since: datetime
    state: str
    decided: datetime | None = None
    decided_by: str | None = None
    decision: str | None = None
    corrected_by: str | None = None
    head: bytes = b""
    raw: bytes = b""
    corrected: bytes | None = None

    @property
    def loaded(self) -> bytes:
        """What a replay loads."""
        return self.raw if self.corrected is None else self.corrected


class Refusal(msgspec.Struct, frozen=True):
    """An item on its way into the queue, and why."""

    item: Item
    error: XinglinError
    weight: int


_HEAD = (
    "r.number, r.source, r.delivery, d.name AS file, r.member, r.item, r.line, r.place, r.format, r.code, "
    "r.texts, r.weight, r.times, r.since, r.state, r.decided, r.decided_by, r.decision, r.corrected_by"
)
_FROM = "FROM refused r JOIN delivery d ON d.number = r.delivery"
_FILTER = (
    "(%(source)s::text IS NULL OR r.source = %(source)s) AND (%(code)s::text IS NULL OR r.code = %(code)s) "
    "AND (%(delivery)s::bigint IS NULL OR r.delivery = %(delivery)s) "
    "AND (%(state)s::text IS NULL OR r.state = %(state)s)"
)
_INSERT = """
INSERT INTO refused (source, delivery, member, item, line, place, format, head, raw, hash, code, texts,
    weight)
VALUES (%(source)s, %(delivery)s, %(member)s, %(item)s, %(line)s, %(place)s, %(format)s, %(head)s, %(raw)s,
    %(hash)s, %(code)s, %(texts)s, %(weight)s)
ON CONFLICT (source, hash) WHERE state = 'waiting' DO UPDATE SET times = refused.times + 1
"""


def seal(vault: Vault, content: bytes) -> bytes:
    """Give bytes of an item as they are kept."""
    return vault.seal(content, _ITEM)


def unseal(vault: Vault, frame: bytes) -> bytes:
    """Open what `seal` gave."""
    return vault.unseal(frame, _ITEM)


def seal_texts(vault: Vault, told: Json) -> Json:
    """Give sentences as they are kept: they may quote what was sent."""
    sealed = vault.seal(msgspec.json.encode(told), _TEXTS)
    return told if vault.scope == NOTHING else {_SEALED: b64encode(sealed).decode()}


def open_texts(vault: Vault, kept: Any) -> Json:
    """Open what `seal_texts` gave."""
    if _SEALED not in kept:
        return kept
    return msgspec.json.decode(vault.unseal(b64decode(kept[_SEALED]), _TEXTS))


def fingerprint(vault: Vault, form: str, head: bytes, raw: bytes) -> bytes:
    """Give what tells an item from others; nobody without the key can try out what was sent."""
    return sha256(b"\0".join((form.encode(), head, raw, vault.pepper))).digest()


def texts(error: XinglinError) -> dict[str, dict[str, str]]:
    """Give what is wrong and what to do about it, in every language, as the database can keep it."""
    return {
        language: {"text": keepable(_sentence(error, language)), "remedy": keepable(error.advice(language))}
        for language in LANGUAGES
    }


@overload
def keepable(text: str) -> str: ...
@overload
def keepable(text: str | None) -> str | None: ...
def keepable(text: str | None) -> str | None:
    """Give a text from outside as PostgreSQL can keep it: NUL is shown as ␀, half a character as ?."""
    if text is None:
        return None
    return text.replace("\0", "␀").encode(errors="replace").decode()


def _sentence(error: XinglinError, language: str) -> str:
    if not isinstance(error, InvalidRecord):
        return error.text(language)
    faults = [f for f in error.findings if f.severity == "error"][:FINDINGS_TOLD]
    told = "; ".join(f"{f.location}: {f.text(language)}" for f in faults)
    return f"{error.text(language)} {told}"


async def keep(
    connection: Connection,
    *,
    source: str,
    delivery: int,
    member: str,
    form: str,
    head: bytes,
    refusals: Sequence[Refusal],
) -> None:
    """Put items into the queue; one that waits there already is counted, not doubled.

    It keeps its first reason, which its delivery's receipt counts; a replay tells a new one.
    """
    if not refusals:
        return
    vault = vault_of(connection)
    same: dict[str, Any] = {
        "source": source,
        "delivery": delivery,
        "member": keepable(member),
        "format": form,
        "head": seal(vault, head),
    }
    rows = [same | _row(vault, one, form, head) for one in refusals]
    await connection.cursor().executemany(_INSERT, rows)


def _row(vault: Vault, refusal: Refusal, form: str, head: bytes) -> dict[str, Any]:
    item, error = refusal.item, refusal.error
    return {
        "item": item.number,
        "line": item.line,
        "place": keepable(error.expression),
        "raw": seal(vault, item.raw),
        "hash": fingerprint(vault, form, head, item.raw),
        "code": error.code,
        "texts": Jsonb(seal_texts(vault, texts(error))),
        "weight": refusal.weight,
    }


async def list_some(
    connection: Connection,
    *,
    source: str | None = None,
    code: str | None = None,
    delivery: int | None = None,
    state: str | None = "waiting",
    after: int = 0,
    most: int,
) -> list[Refused]:
    """Give items without their bytes, in the order in which they came, after the number `after`."""
    query = (
        f"SELECT {_HEAD} {_FROM} WHERE {_FILTER} AND r.number > %(after)s ORDER BY r.number LIMIT %(most)s"
    )
    wanted = {
        "source": source,
        "code": code,
        "delivery": delivery,
        "state": state,
        "after": after,
        "most": most,
    }
    rows = await (await connection.cursor(row_factory=dict_row).execute(query, wanted)).fetchall()
    return [await _opened(connection, row) for row in rows]


async def _opened(connection: Connection, row: dict[str, Any]) -> Refused:
    vault = vault_of(connection)

    def work() -> dict[str, Any]:
        kept = [name for name in ("head", "raw", "corrected") if row.get(name) is not None]
        return (
            row
            | {name: unseal(vault, row[name]) for name in kept}
            | {"texts": open_texts(vault, row["texts"])}
        )

    return msgspec.convert(await vault.learned(connection, work), Refused)


async def reasons(connection: Connection, *, source: str | None = None) -> list[tuple[str, str, int]]:
    """Give how many items wait by source and reason code, most first."""
    query = (
        "SELECT source, code, count(*) FROM refused WHERE state = 'waiting' "
        "AND (%(source)s::text IS NULL OR source = %(source)s) GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
    )
    rows = await (await connection.execute(query, {"source": source})).fetchall()
    return msgspec.convert(rows, list[tuple[str, str, int]])


async def show(connection: Connection, number: int, *, lock: bool = False) -> Refused:
    """Give an item with its bytes; `lock` holds it until the transaction ends. Raises NotRefused."""
    query = f"SELECT {_HEAD}, r.head, r.raw, r.corrected {_FROM} WHERE r.number = %s" + (
        " AND r.state = 'waiting' FOR UPDATE OF r" if lock else ""
    )
    row = await (await connection.cursor(row_factory=dict_row).execute(query, [number])).fetchone()
    if row is None:
        raise NotRefused(number=number)
    return await _opened(connection, row)


async def correct(connection: Connection, number: int, *, corrected: bytes, who: str) -> None:
    """Keep what shall be loaded in place of what came; what came stays. Raises NotRefused."""
    query = "UPDATE refused SET corrected = %s, corrected_by = %s WHERE number = %s AND state = 'waiting'"
    kept = seal(vault_of(connection), corrected)
    if not (await connection.execute(query, [kept, keepable(who), number])).rowcount:
        raise NotRefused(number=number)


async def settle(connection: Connection, number: int, *, state: str, who: str, why: str) -> None:
    """Record that an item was replayed, or dismissed and why. Raises NotRefused or NoReason."""
    if not why.strip():
        raise NoReason
    query = (
        "UPDATE refused SET state = %s, decided = now(), decided_by = %s, decision = %s "
        "WHERE number = %s AND state = 'waiting'"
    )
    if not (await connection.execute(query, [state, keepable(who), keepable(why), number])).rowcount:
        raise NotRefused(number=number)


async def refuse_again(connection: Connection, number: int, error: XinglinError) -> None:
    """Note why a replay was refused; the item goes on waiting."""
    query = "UPDATE refused SET code = %s, texts = %s, place = %s, times = times + 1 WHERE number = %s"
    told = Jsonb(seal_texts(vault_of(connection), texts(error)))
    await connection.execute(query, [error.code, told, keepable(error.expression), number])
