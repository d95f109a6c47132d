"""Who read this record, and emergency access to one that is shut."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.portal.pages.person_find import name_of
from xinglin.trust.gate.rooms import audit, emergency
from xinglin.trust.gate.values import Asked
from xinglin.trust.log.entry import Agent
from xinglin.trust.log.find import Asked as AskedLog
from xinglin.trust.log.find import Place, Written
from xinglin.web.columns import EXPORT_MOST, Column, Table, paged
from xinglin.web.declared import Act, Declaration, Done, Page, Tab
from xinglin.web.visit import PURPOSE_COOKIE, Visit, WrongValue, whole

COUNT: Final = 50
FILE_COUNT: Final = 1_000
"""Entries that are read at once, for a page and for a file."""

BREAKING: Final = "BTG"
TREATING: Final = "TREAT"
LEAST: Final = 3
"""Signs that an id has at least for the gate to find somebody by it."""

OUTCOMES: Final[Mapping[str, tuple[Phrase, str]]] = {
    "allowed": (Phrase("allowed"), "good"),
    "denied": (Phrase("denied"), "warn"),
    "failed": (Phrase("failed"), "quiet"),
}

READERS: Final = Table(
    "readers",
    "Who read this record",
    (
        Column("at", "When", "moment", sorts=False),
        Column("who", "Who", sorts=False),
        Column("roles", "Role", sorts=False),
        Column("action", "What was done", sorts=False),
        Column("purpose", "What for", sorts=False),
        Column("outcome", "Outcome", "badge", sorts=False),
        Column("reason", "Reason given", sorts=False),
    ),
    empty="Nobody has looked at this record yet.",
)


async def readers(visit: Visit) -> Mapping[str, Any]:
    """Give the entries of the audit log about a person, the latest first. Raises Closed."""
    asked = AskedLog(patients=(visit.path["id"],))
    before, count = _place(visit), FILE_COUNT if visit.whole else COUNT
    found = await audit.find(visit.hub, asked, before, count)
    entries = list(found.entries)
    while visit.whole and found.after is not None and len(entries) < EXPORT_MOST:
        found = await audit.find(visit.hub, asked, found.after, count)
        entries += found.entries
    rows = [_row(visit, one) for one in entries]
    return {
        "id": visit.path["id"],
        "first": before is None,
        "next": None if found.after is None else f"{found.after[0].isoformat()},{found.after[1]}",
        "readers": paged(rows, total=len(rows)),
    }


def _place(visit: Visit) -> Place | None:
    """Read where a page begins: what the page before gave. Raises WrongValue."""
    given = visit.text("before")
    if not given:
        return None
    moment, _, number = given.partition(",")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise WrongValue(name="before", detail=Phrase("it must be what an answer gave as next"))
    return at, whole(number, "before")


def _row(visit: Visit, one: Written) -> Mapping[str, Any]:
    told = one.told
    word, tone = OUTCOMES[told.outcome]
    reason = told.detail.get("reason", "")
    words = [visit.word("reasons", reason) if reason else "", told.detail.get("words", "")]
    return {
        "number": one.number,
        "at": told.at,
        "who": _who(told.who),
        "roles": "、".join(visit.word("roles", role) for role in told.who.roles),
        "institution": told.who.institution,
        "action": visit.word("actions", told.action),
        "purpose": visit.word("purposes", told.purpose) if told.purpose else None,
        "emergency": told.purpose == BREAKING,
        "outcome": word,
        "outcome_tone": tone,
        "reason": "：".join(one for one in words if one) or None,
    }


def _who(agent: Agent) -> str:
    return f"{agent.name} ({agent.id})" if agent.name else agent.id


async def form(visit: Visit) -> Mapping[str, Any]:
    """Give what is to be said before the glass is broken, and who the person is, as far as that is open."""
    await emergency.refuse_others(visit.hub, visit.path["id"])
    tables = visit.gate.deciding.policies.tables
    patient = await _patient(visit)
    return {
        "id": visit.path["id"],
        "name": None if patient is None else name_of(patient),
        "born": None if patient is None else patient.get("birthDate"),
        "reasons": [(one, visit.word("reasons", one)) for one in tables.words("reasons")],
        "hours": tables.value("emergency_hours"),
        "days": tables.value("review_days"),
        "least": tables.value("reason_least"),
    }


async def _patient(visit: Visit) -> Json | None:
    """Give the person as whoever has to find somebody may see them; None where not even that is open.

    For the purpose of emergency nobody is found who isn't open already; nor by an id of a few signs.
    """
    id_ = visit.path["id"]
    finds = visit.purpose == TREATING and len(id_) >= LEAST
    asked = Asked([("_id", id_)], "Patient")
    found = await visit.hub.search(asked, action="person.find" if finds else "search")
    return next((hit.record.content for hit in found.matches), None)


async def ask(visit: Visit) -> Done:
    """`POST /people/{id}/emergency` with `reason` and `words`: open the record for that purpose.

    Raises Missing, ReasonTooShort, MayNotAsk or Unknown.
    """
    id_ = visit.path["id"]
    reason, words = visit.body.text("reason"), visit.body.text("words")
    made = await emergency.ask(visit.hub, id_, reason=reason, words=words)
    until = f"{made.until.astimezone(ZoneInfo(visit.settings.time_zone)):%Y-%m-%d %H:%M}"
    told = Phrase("The record is open to you until {until}; the access will be reviewed.", until=until)
    return Done(f"/people/{id_}", told, cookies={PURPOSE_COOKIE: BREAKING})


DECLARED: Final = Declaration(
    room="person_access",
    pages=(
        Page(
            path="/people/{id}/access",
            name="person access page",
            title="Who read this record",
            load=readers,
            template="people/access.html",
            place="person",
            tables=(READERS,),
        ),
        Page(
            path="/people/{id}/emergency",
            name="person emergency",
            title="Emergency access",
            load=form,
            template="people/emergency.html",
            place="person",
        ),
    ),
    acts=(Act(path="/people/{id}/emergency", name="person emergency ask", do=ask),),
    tabs=(Tab(page="person access page", title="Who read this record", order=90),),
)
