"""The person behind an app's token: kept as they logged in, and never more than they are now."""

from dataclasses import replace
from typing import Any, Final

import msgspec

from xinglin.core.clock import now
from xinglin.hub.database import Connection
from xinglin.trust.who import Who

PREFIX: Final = "user:"
_CURRENT: Final = """
SELECT r.role, r.institution, r.department, r.practitioner, r.patient
FROM account a JOIN account_role r ON r.login = a.login
WHERE a.login = %(login)s AND a.disabled IS NULL AND (a.expires IS NULL OR a.expires > %(now)s)
    AND r.revoked IS NULL AND r.since <= %(now)s AND (r.until IS NULL OR r.until > %(now)s)
"""


class _Post(msgspec.Struct, array_like=True, frozen=True):
    role: str
    institution: str | None
    department: str | None
    practitioner: str | None
    patient: str | None


def kept(who: Who) -> dict[str, Any]:
    """Give what is kept of a person who allows a program something."""
    return {
        "id": who.id,
        "name": who.name,
        "roles": sorted(who.roles),
        "institution": who.institution,
        "department": who.department,
        "practitioner": who.practitioner,
        "patient": who.patient,
    }


async def current(connection: Connection, person: dict[str, Any]) -> Who | None:
    """Give the person as they logged in, with the roles that they still have.

    None once the account is disabled or over, no role is left, or the post that they logged in for ended.
    """
    who = msgspec.convert({"kind": "user", **person}, Who)
    asked = {"login": who.id.removeprefix(PREFIX), "now": now()}
    rows = await (await connection.execute(_CURRENT, asked)).fetchall()
    posts = msgspec.convert(rows, list[_Post])
    roles = who.roles & {one.role for one in posts}
    still = (
        roles
        and _has(who.institution, {one.institution for one in posts})
        and _has(who.department, {one.department for one in posts})
        and _has(who.practitioner, {one.practitioner for one in posts})
        and _has(who.patient, {one.patient for one in posts})
    )
    return replace(who, roles=roles) if still else None


def _has(value: str | None, now_: set[str | None]) -> bool:
    return value is None or value in now_
