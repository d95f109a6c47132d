"""The person behind an app's token: as they logged in, and never more than they are now."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from xinglin.core.clock import now
from xinglin.hub.database import Connection
from xinglin.trust.login import accounts, roles
from xinglin.trust.login.roles import Place
from xinglin.trust.who import Who

PREFIX: Final = "user:"


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


def person(stored: Mapping[str, Any]) -> Who:
    """Give the person as they were when they allowed it."""
    return msgspec.convert({"kind": "user", **stored}, Who)


async def current(connection: Connection, stored: Mapping[str, Any]) -> Who | None:
    """Give the person in the post that they logged in for, with those of its roles that they still have.

    None once the account is disabled or over, or the post has ended.
    """
    who = person(stored)
    login, moment = who.id.removeprefix(PREFIX), now()
    account = await accounts.find(connection, login)
    if account is None or not account.usable(moment):
        return None
    place = Place(who.institution, who.department, who.practitioner, who.patient)
    posts = roles.posts(await roles.in_force(connection, login, moment))
    left = who.roles & next((post.roles for post in posts if post.place == place), frozenset[str]())
    return replace(who, roles=left) if left else None
