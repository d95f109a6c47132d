"""The registry of programs in the database."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from xinglin.hub.database import Connection
from xinglin.trust.tokens import secret
from xinglin.trust.tokens.client import Client
from xinglin.trust.tokens.errors import ClientTaken, NoSecret, NoSuchClient, WrongClient

COLUMNS: Final = (
    "id, name, kind, secret IS NOT NULL AS secret, keys, keys_url, redirects, scopes, roles, institution, "
    "purposes, introspects, contact, made, disabled"
)
_INSERT: Final = """
INSERT INTO client (id, name, kind, secret, keys, keys_url, redirects, scopes, roles, institution, purposes,
    introspects, contact)
VALUES (%(id)s, %(name)s, %(kind)s, %(secret)s, %(keys)s, %(keys_url)s, %(redirects)s, %(scopes)s, %(roles)s,
    %(institution)s, %(purposes)s, %(introspects)s, %(contact)s)
ON CONFLICT DO NOTHING
"""
_UPDATE: Final = """
UPDATE client SET name = %(name)s, keys = %(keys)s, keys_url = %(keys_url)s, redirects = %(redirects)s,
    scopes = %(scopes)s, roles = %(roles)s, institution = %(institution)s, purposes = %(purposes)s,
    introspects = %(introspects)s, contact = %(contact)s
WHERE id = %(id)s
"""
_DISABLE: Final = "UPDATE client SET disabled = coalesce(disabled, now()) WHERE id = %s"
_REVOKE: Final = """
UPDATE client_grant SET revoked = now(), why = 'disabled' WHERE client = %s AND revoked IS NULL
"""


async def add(connection: Connection, client: Client) -> str | None:
    """Register a checked program; give its secret, where it has one. Raises ClientTaken."""
    own = secret.make("client") if needs_secret(client) else None
    row = _row(client) | {"secret": secret.hashed(own) if own else None}
    if not (await connection.execute(_INSERT, row)).rowcount:
        raise ClientTaken(id=client.id)
    return own


def needs_secret(client: Client) -> bool:
    """Tell whether it proves who it is by a secret."""
    return client.kind == "confidential" and client.keys is None and client.keys_url is None


async def change(connection: Connection, client: Client) -> None:
    """Store what changed of a checked program; its kind stays, and whether it has a secret."""
    await connection.execute(_UPDATE, _row(client))


async def find(connection: Connection, id_: str) -> Client:
    """Give one program. Raises NoSuchClient."""
    found = await _select(connection, id_)
    if found is None:
        raise NoSuchClient(id=id_)
    return found


async def find_enabled(connection: Connection, id_: str) -> Client:
    """Give a program that may ask. Raises WrongClient, and doesn't tell whether there is one."""
    found = await _select(connection, id_)
    if found is None or found.disabled is not None:
        raise WrongClient
    return found


async def _select(connection: Connection, id_: str) -> Client | None:
    if "\0" in id_:
        return None
    cursor = connection.cursor(row_factory=dict_row)
    row = await (await cursor.execute(f"SELECT {COLUMNS} FROM client WHERE id = %s", [id_])).fetchone()
    return None if row is None else _read(row)


async def list_all(connection: Connection) -> Sequence[Client]:
    """Give every program, by id."""
    cursor = connection.cursor(row_factory=dict_row)
    rows = await (await cursor.execute(f"SELECT {COLUMNS} FROM client ORDER BY id")).fetchall()
    return [_read(row) for row in rows]


async def disable(connection: Connection, id_: str) -> None:
    """Stop a program: its tokens are worth nothing from now on, for ever. Raises NoSuchClient."""
    if not (await connection.execute(_DISABLE, [id_])).rowcount:
        raise NoSuchClient(id=id_)
    await connection.execute(_REVOKE, [id_])


async def enable(connection: Connection, id_: str) -> None:
    """Let a program ask for tokens again. Raises NoSuchClient."""
    done = await connection.execute("UPDATE client SET disabled = NULL WHERE id = %s", [id_])
    if not done.rowcount:
        raise NoSuchClient(id=id_)


async def rotate(connection: Connection, id_: str) -> str:
    """Give a program a new secret; the old one is worth nothing from now on. Raises NoSecret."""
    client = await find(connection, id_)
    if not client.secret:
        raise NoSecret(id=id_, kind=client.kind)
    own = secret.make("client")
    await connection.execute("UPDATE client SET secret = %s WHERE id = %s", [secret.hashed(own), id_])
    return own


async def refuse_wrong_secret(connection: Connection, id_: str, given: str) -> None:
    """Raise WrongClient unless it is the program's secret."""
    row = await (await connection.execute("SELECT secret FROM client WHERE id = %s", [id_])).fetchone()
    if not secret.matches(given, msgspec.convert(row[0], bytes | None) if row else None):
        raise WrongClient


def _row(client: Client) -> dict[str, Any]:
    row = msgspec.structs.asdict(client)
    lists = {name: list(row[name]) for name in ("redirects", "scopes", "roles", "purposes")}
    return row | lists | {"keys": None if client.keys is None else Jsonb(dict(client.keys))}


def _read(row: dict[str, Any]) -> Client:
    return msgspec.convert(row, Client)
