"""Grants under a contract: who may use data for research, under which contract, until when.

What a contract says of the data comes with contracts themselves; until then a grant opens what the rules of
research open.
"""

from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from xinglin.core.clock import now
from xinglin.core.i18n import Phrase
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.trust.log.entry import Entry
from xinglin.trust.log.log import Log
from xinglin.trust.policy import grants
from xinglin.trust.policy.errors import WrongGrant
from xinglin.trust.policy.grants import Grant
from xinglin.trust.who import Who

PURPOSE: Final = "HRESCH"
KIND: Final = "contract"
MANAGE: Final = "grant.manage"
LONGEST_DAYS: Final = 3 * 366


async def add(hub: Hub, log: Log, by: Who, *, who: str, contract: str, words: str, last_day: str) -> Grant:
    """Give `who` (as user:wang) a grant until the end of `last_day` (YYYY-MM-DD). Raises WrongGrant."""
    until = _until(last_day, ZoneInfo(hub.zone))
    for name, value in (("who", who), ("contract", contract), ("words", words)):
        if not value.strip():
            raise WrongGrant(name=name, value="-", detail=Phrase("it must not be empty"))
    if by.id == who:
        raise WrongGrant(name="who", value=who, detail=Phrase("nobody gives a grant to oneself"))

    async def work(connection: Connection) -> Grant:
        made = await grants.add(
            connection,
            kind=KIND,
            who=who.strip(),
            name="",
            institution=None,
            patient=None,
            purpose=PURPOSE,
            reason=contract.strip(),
            words=words.strip(),
            until=until,
            given_by=by.id,
        )
        await log.append([_entry(by, made, "given")], connection)
        return made

    return await hub.transaction(work)


async def end(hub: Hub, log: Log, by: Who, number: int) -> Grant:
    """End a grant of either kind. Raises UnknownGrant."""

    async def work(connection: Connection) -> Grant:
        made = await grants.end(connection, number, by=by.id)
        await log.append([_entry(by, made, "ended")], connection)
        return made

    return await hub.transaction(work)


def _entry(by: Who, grant: Grant, done: str) -> Entry:
    told = {"grant": str(grant.id), "kind": grant.kind, "of": grant.who, "reason": grant.reason, "done": done}
    patients = (grant.patient,) if grant.patient else ()
    return Entry(
        who=by, action=MANAGE, outcome="allowed", purpose="HSYSADMIN", patients=patients, detail=told
    )


def _until(day: str, zone: ZoneInfo) -> datetime:
    try:
        until = datetime.combine(date.fromisoformat(day), time.max, zone)
    except ValueError:
        raise WrongGrant(
            name="until", value=day[:40], detail=Phrase("it must be a day as 2027-01-31")
        ) from None
    if not 0 <= (until - now()).days <= LONGEST_DAYS:
        detail = Phrase("it must lie ahead, by at most {days} days", days=LONGEST_DAYS)
        raise WrongGrant(name="until", value=day, detail=detail)
    return until
