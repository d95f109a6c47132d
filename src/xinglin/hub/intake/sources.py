"""The registry of sources: which systems deliver, for whom, and what they declare of their data."""

import hmac
import re
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Literal, cast
from zoneinfo import ZoneInfo

import msgspec
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from xinglin.core.errors import IntakeError
from xinglin.core.i18n import Phrase
from xinglin.hub.database import Connection
from xinglin.standards.conversion import Origin
from xinglin.standards.conversion.text import known_charset
from xinglin.standards.identifiers import SCHEMES, Fault, Kind

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,62}")


class UnknownSource(IntakeError):
    """No source of this name is registered."""

    code = "XL7020"
    message = 'No source "{id}" is registered.'
    remedy = "Register it with `xinglin source add`, or choose one that `xinglin source list` shows."
    status = 404
    issue = "not-found"


class SourceDisabled(IntakeError):
    """The source may not deliver at present."""

    code = "XL7021"
    message = 'The source "{id}" is disabled.'
    remedy = "Ask the operator, who can let it deliver again with `xinglin source enable`."
    status = 403
    issue = "forbidden"


class WrongSource(IntakeError):
    """What was said about a source can't be."""

    code = "XL7022"
    message = "{name} can't be {value}: {detail}."
    remedy = "Correct it; `xinglin source add --help` tells what each means."
    issue = "value"


class WrongToken(IntakeError):
    """The delivery doesn't show the source's token."""

    code = "XL7023"
    message = 'The delivery doesn\'t show the token of the source "{id}".'
    remedy = 'Send the header "Authorization: Bearer …" with the token that `xinglin source add` printed.'
    status = 401
    issue = "login"


class SourceTaken(IntakeError):
    """A source of this name is registered already."""

    code = "XL7024"
    message = 'The source "{id}" is registered already.'
    remedy = "Choose another name, or change it with `xinglin source set`."
    status = 409
    issue = "duplicate"


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A system that delivers data. `namespace` says whose numbers its records bear (see `Origin`)."""

    id: str
    institution: str
    institution_name: str
    institution_code: str | None = None
    system: str = ""
    namespace: str = ""
    formats: tuple[str, ...] = ()
    charset: str | None = None
    zone: str | None = None
    ids: Literal["keep", "own"] = "keep"
    validation: Literal["errors", "none"] = "errors"
    contact: str = ""
    declared: Mapping[str, str] = {}
    disabled: datetime | None = None
    created: datetime | None = None

    def origin(self, zone: str) -> Origin:
        """Give what formats need to know; `zone` is the hub's own."""
        return Origin(
            source=self.id,
            institution=self.institution,
            institution_name=self.institution_name,
            namespace=self.namespace,
            zone=ZoneInfo(self.zone or zone),
            charset=self.charset,
            declared={"ids": self.ids, **self.declared},
        )


LOCAL: Final = Source(
    id="local",
    institution=SCHEMES[Kind.CREDIT_CODE].invented(1),
    institution_name="Xinglin",
    system="xinglin intake",
)
"""Who delivers where no source is named: files that the operator loads, of nobody's in particular."""

_COLUMNS = (
    "id, institution, institution_code, institution_name, system, namespace, formats, charset, zone, ids, "
    "validation, contact, declared, disabled, created"
)
_INSERT = """
INSERT INTO source (id, institution, institution_code, institution_name, system, namespace, formats, charset,
    zone, ids, validation, contact, declared, token)
VALUES (%(id)s, %(institution)s, %(institution_code)s, %(institution_name)s, %(system)s, %(namespace)s,
    %(formats)s, %(charset)s, %(zone)s, %(ids)s, %(validation)s, %(contact)s, %(declared)s, %(token)s)
ON CONFLICT DO NOTHING
"""
_UPDATE = """
UPDATE source SET institution = %(institution)s, institution_code = %(institution_code)s,
    institution_name = %(institution_name)s, system = %(system)s, formats = %(formats)s,
    charset = %(charset)s, zone = %(zone)s, ids = %(ids)s, validation = %(validation)s,
    contact = %(contact)s, declared = %(declared)s
WHERE id = %(id)s
"""


def checked(source: Source, formats: frozenset[str]) -> Source:
    """Give the source with what follows from what was said. Raises WrongSource."""
    if isinstance(SCHEMES[Kind.CREDIT_CODE].parse(source.institution), Fault):
        detail = Phrase(
            "a unified social credit code has 18 characters, the last a check character (GB 32100)"
        )
        raise WrongSource(name="institution", value=source.institution, detail=detail)
    source = msgspec.structs.replace(source, namespace=source.namespace or source.institution)
    _refuse(source.id, "id", _ID, Phrase("small letters, digits and hyphens, at most 63"))
    _refuse(
        source.namespace, "namespace", _NAMESPACE, Phrase("letters, digits, dots and hyphens, at most 63")
    )
    for name in source.formats:
        if name not in formats:
            raise WrongSource(name="formats", value=name, detail=one_of(sorted(formats)))
    if source.charset and not known_charset(source.charset):
        raise WrongSource(
            name="charset", value=source.charset, detail=Phrase("no such character set is known")
        )
    if source.zone:
        try:
            ZoneInfo(source.zone)
        except (KeyError, ValueError, OSError):
            detail = Phrase("no such time zone is known")
            raise WrongSource(name="zone", value=source.zone, detail=detail) from None
    return source


def one_of(allowed: Iterable[str]) -> Phrase:
    """Say which values there are."""
    return Phrase("it must be one of {allowed}", allowed=", ".join(allowed))


def _refuse(value: str, name: str, form: re.Pattern[str], wanted: Phrase) -> None:
    if not form.fullmatch(value):
        raise WrongSource(name=name, value=value, detail=wanted)


async def add(connection: Connection, source: Source) -> str:
    """Register a checked source; give the token with which it may deliver by HTTP. Raises SourceTaken."""
    token = secrets.token_urlsafe(24)
    done = await connection.execute(_INSERT, _row(source) | {"token": _hash(token)})
    if not done.rowcount:
        raise SourceTaken(id=source.id)
    return token


async def local(connection: Connection) -> Source:
    """Give the hub's own source, made when it is first needed."""
    if not any(one.id == LOCAL.id for one in await list_all(connection)):
        with suppress(SourceTaken):  # another process was quicker
            await add(connection, checked(LOCAL, frozenset()))
    return await find(connection, LOCAL.id)


async def change(connection: Connection, source: Source) -> None:
    """Store what changed of a checked source. Its namespace stays: ids were made from it."""
    await connection.execute(_UPDATE, _row(source))


async def renew_token(connection: Connection, id_: str) -> str:
    """Give a source a new token; the old one is worth nothing from now on. Raises UnknownSource."""
    token = secrets.token_urlsafe(24)
    done = await connection.execute("UPDATE source SET token = %s WHERE id = %s", [_hash(token), id_])
    if not done.rowcount:
        raise UnknownSource(id=id_)
    return token


async def enable(connection: Connection, id_: str, *, yes: bool) -> None:
    """Let a source deliver, or stop it. Raises UnknownSource."""
    query = (
        "UPDATE source SET disabled = CASE WHEN %s THEN NULL ELSE coalesce(disabled, now()) END WHERE id = %s"
    )
    done = await connection.execute(query, [yes, id_])
    if not done.rowcount:
        raise UnknownSource(id=id_)


async def list_all(connection: Connection) -> list[Source]:
    """Give every source, by id."""
    cursor = connection.cursor(row_factory=dict_row)
    rows = await (await cursor.execute(f"SELECT {_COLUMNS} FROM source ORDER BY id")).fetchall()
    return [_read(row) for row in rows]


async def find(connection: Connection, id_: str) -> Source:
    """Give one source. Raises UnknownSource."""
    cursor = connection.cursor(row_factory=dict_row)
    row = await (await cursor.execute(f"SELECT {_COLUMNS} FROM source WHERE id = %s", [id_])).fetchone()
    if row is None:
        raise UnknownSource(id=id_)
    return _read(row)


async def find_enabled(connection: Connection, id_: str) -> Source:
    """Give one source that may deliver. Raises UnknownSource or SourceDisabled."""
    source = await find(connection, id_)
    if source.disabled:
        raise SourceDisabled(id=id_)
    return source


async def refuse_wrong_token(connection: Connection, id_: str, token: str) -> None:
    """Raise WrongToken unless `token` is the source's; an unknown source is answered alike."""
    row = await (await connection.execute("SELECT token FROM source WHERE id = %s", [id_])).fetchone()
    kept = cast("bytes | None", row[0]) if row else None
    if not hmac.compare_digest(kept or b"", _hash(token)):
        raise WrongToken(id=id_)


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _row(source: Source) -> dict[str, Any]:
    row = msgspec.structs.asdict(source)
    return row | {"formats": list(source.formats), "declared": Jsonb(dict(source.declared))}


def _read(row: dict[str, Any]) -> Source:
    return msgspec.convert(row, Source)
