"""Which roles an account has, in which posts.

A post is where and as whom somebody works: an institution, a department, a practitioner, or the patient whose
own records they are. Roles that were given with the same four belong to one post. Whoever is logged in works
in one post at a time, so that no record is opened by a role from elsewhere.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

import msgspec
from psycopg.rows import dict_row

from xinglin.core.i18n import Phrase
from xinglin.core.settings import Settings
from xinglin.hub.database import Connection
from xinglin.trust.login.errors import (
    DutiesApart,
    RoleHeld,
    RoleNotHeld,
    UnknownAccount,
    UnknownRole,
    WrongAccount,
)
from xinglin.trust.policy.decisions import policies_of

DUTIES: Final = frozenset({"system-administrator", "security-administrator", "audit-administrator"})
"""The three that one person never has two of (GB/T 22239-2019, 8.1.5); an index of the table holds it too."""


def known_roles(settings: Settings) -> tuple[str, ...]:
    """Give which roles people may have: of the policies' table roles.csv, the site's own rows included.

    Those of programs and those that follow from what somebody is aren't among them. Raises FaultyPolicy or
    FaultyPolicyTable.
    """
    return tuple(row["role"] for row in policies_of(settings).tables.rows("roles") if not row["kind"])


class Place(msgspec.Struct, frozen=True):
    """Where and as whom: ids of Organization, Organization, Practitioner and Patient records."""

    institution: str | None = None
    department: str | None = None
    practitioner: str | None = None
    patient: str | None = None


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A role that an account has, in a place, for a time."""

    id: int
    login: str
    role: str
    institution: str | None
    department: str | None
    practitioner: str | None
    patient: str | None
    since: datetime
    until: datetime | None
    given_by: str
    given: datetime
    revoked: datetime | None
    revoked_by: str | None

    @property
    def place(self) -> Place:
        """Where and as whom it counts."""
        return Place(self.institution, self.department, self.practitioner, self.patient)


@dataclass(frozen=True, slots=True)
class Post:
    """A place with all roles that somebody has in it; its number is that of the first of them."""

    number: int
    place: Place
    roles: frozenset[str]


_COLUMNS: Final[LiteralString] = (
    "id, login, role, institution, department, practitioner, patient, since, until, "
    "given_by, given, revoked, revoked_by"
)


def check_role(settings: Settings, role: str) -> None:
    """Raise UnknownRole for a word that is no role of people."""
    known = known_roles(settings)
    if role not in known:
        raise UnknownRole(role=role, roles=", ".join(known))


async def grant(
    connection: Connection,
    login: str,
    role: str,
    place: Place,
    *,
    by: str,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
) -> int:
    """Give a role within a transaction; give its number.

    The account's row is locked, so that two who give roles at once can't pass each other. That it is a role
    of people is for the callers to see to (`check_role`). Raises UnknownAccount, DutiesApart, RoleHeld or
    WrongAccount.
    """
    begins = since or now
    if until is not None and until <= begins:
        raise WrongAccount(name=Phrase("role"), detail=Phrase("its time ends before it begins"))
    await lock(connection, login)
    held = await in_force(connection, login, now, also_later=True)
    if role in DUTIES:
        other = next((one for one in held if one.role in DUTIES and one.role != role), None)
        if other is not None:
            raise DutiesApart(login=login, held=other.role)
    if any(one.role == role and (role in DUTIES or one.place == place) for one in held):
        raise RoleHeld(login=login, role=role)
    cursor = await connection.execute(
        "INSERT INTO account_role (login, role, institution, department, practitioner, patient, since, "
        "until, given_by, given) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
        [login, role, *msgspec.structs.astuple(place), begins, until, by, now],
    )
    row = await cursor.fetchone()
    return int(str(row[0])) if row else 0


async def lock(connection: Connection, login: str) -> None:
    """Have changes of an account's roles wait for each other. Raises UnknownAccount."""
    cursor = await connection.execute("SELECT 1 FROM account WHERE login = %s FOR UPDATE", [login])
    if await cursor.fetchone() is None:
        raise UnknownAccount(login=login)


async def in_force(
    connection: Connection, login: str, now: datetime, *, also_later: bool = False
) -> list[Given]:
    """Give the roles of an account, oldest first; with `also_later` those that begin later too.

    Roles whose time is over are closed by that: they no longer keep another duty away.
    """
    if also_later:
        await connection.execute(
            "UPDATE account_role SET revoked = until, revoked_by = 'time' "
            "WHERE login = %s AND revoked IS NULL AND until <= %s",
            [login, now],
        )
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(
        f"SELECT {_COLUMNS} FROM account_role WHERE login = %s AND revoked IS NULL "
        "AND (until IS NULL OR until > %s) AND (%s OR since <= %s) ORDER BY id",
        [login, now, also_later, now],
    )
    return [msgspec.convert(row, Given) for row in await cursor.fetchall()]


async def list_all(connection: Connection, login: str | None = None) -> list[Given]:
    """Give every role that accounts have or had, oldest first."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(
        f"SELECT {_COLUMNS} FROM account_role WHERE %s::text IS NULL OR login = %s ORDER BY id",
        [login, login],
    )
    return [msgspec.convert(row, Given) for row in await cursor.fetchall()]


async def revoke(connection: Connection, number: int, *, by: str, now: datetime) -> Given:
    """Take a role away; give it as it was. Raises RoleNotHeld."""
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(
        f"UPDATE account_role SET revoked = %s, revoked_by = %s WHERE id = %s AND revoked IS NULL "
        f"RETURNING {_COLUMNS}",
        [now, by, number],
    )
    row = await cursor.fetchone()
    if row is None:
        raise RoleNotHeld(number=number)
    return msgspec.convert(row, Given)


def posts(given: list[Given]) -> list[Post]:
    """Put the roles in force together to posts, the oldest first."""
    found: dict[Place, Post] = {}
    for one in given:
        before = found.get(one.place)
        roles = (before.roles if before else frozenset[str]()) | {one.role}
        found[one.place] = Post(before.number if before else one.id, one.place, roles)
    return list(found.values())
