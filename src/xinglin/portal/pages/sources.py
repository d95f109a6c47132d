"""Sources: how each institution's systems deliver, their receipts, and how good what they send is."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from string import Formatter
from typing import Any, Final

from xinglin.core import clock
from xinglin.core.errors import all_errors
from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase, translate
from xinglin.hub.intake.standings import LATEST, Day, Standing
from xinglin.hub.quality import in_force
from xinglin.portal.charts import chart
from xinglin.trust.gate.rooms import intake, quality
from xinglin.trust.gate.rooms import sources as room
from xinglin.trust.gate.values import Delivery, Period
from xinglin.web.columns import Column, Table, arranged
from xinglin.web.declared import Card, Declaration, Page
from xinglin.web.visit import Visit, whole

DAYS: Final = 30
"""Days that charts go back."""

MOST_DELIVERIES: Final = 200
REASONS: Final = 5
QUALITY: Final = "home scores"
"""The door of figures of quality, which some who may see sources may not."""

CONDITIONS: Final[Mapping[str, tuple[Phrase, str, int]]] = {
    "failing": (Phrase("failing"), "bad", 0),
    "silent": (Phrase("silent"), "warn", 1),
    "new": (Phrase("nothing delivered yet"), "info", 2),
    "disabled": (Phrase("stopped"), "quiet", 3),
    "delivering": (Phrase("delivering"), "good", 4),
}
"""Word, tone and urgency of each condition of a source."""

STATES: Final[Mapping[str, tuple[Phrase, str]]] = {
    "waiting": (Phrase("waiting"), "info"),
    "loading": (Phrase("loading"), "info"),
    "done": (Phrase("loaded"), "good"),
    "failed": (Phrase("failed"), "bad"),
}

SOURCES: Final = Table(
    "sources",
    "Sources",
    (
        Column("institution_name", "Institution", link="href"),
        Column("source", "Source", "code"),
        Column("condition", "Condition", "badge"),
        Column("last", "Last delivery", "moment"),
        Column("deliveries", "Deliveries", "number"),
        Column("received", "Items", "number"),
        Column("refused_share", "Refused", "percent"),
        Column("waiting", "Waiting to be mended", "number"),
        Column("score", "Quality score", "number"),
    ),
    empty="No source is registered yet: `xinglin source add` registers one.",
)
DELIVERIES: Final = Table(
    "deliveries",
    "Deliveries",
    (
        Column("number", "Number", "number", link="href"),
        Column("name", "File"),
        Column("received", "Received", "moment"),
        Column("state", "State", "badge"),
        Column("size", "Size", "bytes"),
        Column("items", "Items", "number"),
        Column("accepted", "New", "number"),
        Column("unchanged", "Known already", "number"),
        Column("refused", "Refused", "number"),
    ),
    empty="Nothing was delivered yet.",
)
TYPES: Final = Table(
    "types", "Records stored", (Column("name", "Type", "code"), Column("count", "Records", "number"))
)
REFUSALS: Final = Table(
    "refusals",
    "Why items were refused",
    (Column("name", "Error code", "code"), Column("count", "Items", "number")),
    empty="Nothing was refused.",
)
UNKNOWN: Final = Table(
    "unknown",
    "Kept without being understood",
    (Column("name", "What"), Column("count", "Times", "number")),
    empty="Everything was understood.",
)
HOME: Final[Mapping[str, Any]] = {"href": "/sources", "title": Phrase("Sources")}


async def index(visit: Visit) -> Mapping[str, Any]:
    """Give all sources, the most urgent first, and what came on each day."""
    now = clock.now()
    found = await room.all_standings(visit.hub, now)
    days = await room.days(visit.hub, now - timedelta(days=DAYS))
    scores = await _scores(visit, now.date(), None)
    rows = sorted((_row(one, scores) for one in found), key=lambda row: row["urgency"])
    return {
        "counts": [
            {"condition": key, "word": word, "tone": tone, "count": sum(o.condition == key for o in found)}
            for key, (word, tone, _) in CONDITIONS.items()
        ],
        "waiting": sum(one.waiting for one in found),
        "days": _chart(days, now.date()),
        "sources": arranged(visit, SOURCES, rows),
    }


def _row(one: Standing, scores: Mapping[str, Any]) -> Mapping[str, Any]:
    word, tone, urgency = CONDITIONS[one.condition]
    return {
        "source": one.source.id,
        "institution": one.source.institution,
        "institution_name": one.source.institution_name,
        "system": one.source.system,
        "href": f"/sources/{one.source.id}",
        "condition": word,
        "condition_tone": tone,
        "urgency": urgency,
        "last": one.last,
        "usual_seconds": None if one.usual is None else round(one.usual.total_seconds()),
        "deliveries": one.deliveries,
        "received": one.received,
        "refused": one.refused,
        "refused_share": round(100 * one.refused / one.received, 2) if one.received else None,
        "waiting": one.waiting,
        "score": scores.get(one.source.institution, {}).get("overall"),
    }


async def _scores(visit: Visit, today: date, institution: str | None) -> Mapping[str, Json]:
    """Give the last month's scorecards by institution, to whom they are open."""
    if not await visit.opens(QUALITY):
        return {}
    await visit.enter_also(QUALITY)
    period = Period(today - timedelta(days=DAYS), today)
    rules = in_force(visit.settings.quality)
    told = await quality.scores(visit.hub, rules, period, institution, visit.language)
    return {one["institution"]: one for one in told["institutions"]}


def _chart(days: Sequence[Day], today: date) -> Mapping[str, Any]:
    """Draw what came on each day, days without anything too."""
    by_day = {one.day: one for one in days}
    shown = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    taken = [by_day[day].taken if day in by_day else 0 for day in shown]
    refused = [by_day[day].refused if day in by_day else 0 for day in shown]
    labels = [f"{day:%m-%d}" for day in shown]
    series = [(Phrase("taken"), taken), (Phrase("refused"), refused)]
    return chart(Phrase("Items delivered each day"), labels, series, stacked=True)


async def source(visit: Visit) -> Mapping[str, Any]:
    """Give one source: how it stands, its days, its quality, and its deliveries. Raises UnknownSource."""
    id_, now = visit.path["source"], clock.now()
    (standing,) = await room.all_standings(visit.hub, now, id_)
    days = await room.days(visit.hub, now - timedelta(days=DAYS), id_)
    found = await intake.receipts(visit.hub, id_, most=MOST_DELIVERIES)
    own = standing.source
    scores = await _scores(visit, now.date(), own.institution)
    return {
        "title": own.institution_name,
        "trail": [HOME],
        "standing": _row(standing, scores),
        "system": own.system,
        "institution": own.institution,
        "formats": list(own.formats),
        "contact": own.contact,
        "created": own.created,
        "disabled": own.disabled,
        "looked_at": LATEST,
        "card": scores.get(own.institution),
        "days": _chart(days, now.date()),
        "deliveries": arranged(visit, DELIVERIES, [_delivery(one) for one in found]),
    }


def _delivery(one: Delivery) -> Mapping[str, Any]:
    word, tone = STATES[one.state]
    return {
        "number": one.number,
        "href": f"/sources/{one.source}/deliveries/{one.number}",
        "name": one.name,
        "received": one.received,
        "finished": one.finished,
        "state": word,
        "state_tone": tone,
        "size": one.size,
        "items": one.counts.received,
        "accepted": one.counts.accepted,
        "unchanged": one.counts.unchanged,
        "refused": one.counts.refused,
    }


async def delivery(visit: Visit) -> Mapping[str, Any]:
    """Give one delivery with its receipt. Raises NoDelivery, also where it is another source's."""
    number = whole(visit.path["number"], "number")
    found = await intake.receipt(visit.hub, visit.path["source"], number)
    _, own = await room.delivery(visit.hub, number)
    fault = found.fault or {}
    place = {"href": f"/sources/{own.id}", "title": own.institution_name}
    return {
        "title": Phrase("Delivery {number}", number=number),
        "trail": [HOME, place],
        "receipt": _delivery(found),
        "hash": found.hash,
        "pieces": found.pieces,
        "fault": {"code": fault.get("code"), **fault.get(visit.language, {})} if fault else None,
        "types": arranged(visit, TYPES, _counted(found.counts.by_type), sort="-count"),
        "refusals": arranged(visit, REFUSALS, _counted(found.counts.by_reason), sort="-count"),
        "unknown": arranged(visit, UNKNOWN, _counted(found.counts.unknown), sort="-count"),
    }


def _counted(counts: Mapping[str, int]) -> list[Mapping[str, Any]]:
    return [{"name": name, "count": count} for name, count in counts.items()]


async def needing(visit: Visit) -> Mapping[str, Any]:
    """Give the sources that somebody should look after (a card of the home page)."""
    found = await room.all_standings(visit.hub, clock.now())
    rows = sorted((_row(one, {}) for one in found), key=lambda row: row["urgency"])
    return {"all": len(found), "needing": [row for row in rows if row["urgency"] < 2][: REASONS * 2]}


async def refused(visit: Visit) -> Mapping[str, Any]:
    """Give how much waits in the refused queue, and why (a card of the home page)."""
    _, reasons = await intake.list_refused(
        visit.hub, source=None, code=None, delivery=None, state="waiting", after=0, most=1
    )
    by_code: dict[str, int] = {}
    for _, code, count in reasons:
        by_code[code] = by_code.get(code, 0) + count
    most = sorted(by_code.items(), key=lambda one: -one[1])[:REASONS]
    return {
        "count": sum(by_code.values()),
        "reasons": [
            {"code": code, "told": _told(code, visit.language), "items": count} for code, count in most
        ],
    }


def _told(code: str, language: str) -> str:
    """Say what an error code stands for, with dots where each case has words of its own."""
    found = next((one for one in all_errors() if one.code == code), None)
    if found is None:
        return code
    parts = Formatter().parse(translate(found.message, language))
    return "".join(text + ("…" if name is not None else "") for text, name, _, _ in parts)


DECLARED: Final = Declaration(
    room="sources",
    pages=(
        Page(
            path="/sources",
            name="sources page",
            title="Sources",
            summary="How each institution's systems deliver, what was refused, and how good their data are.",
            load=index,
            template="sources/index.html",
            place="sources",
            menu=True,
            order=10,
            tables=(SOURCES,),
            charts=True,
        ),
        Page(
            path="/sources/{source}",
            name="source page",
            title="Source",
            load=source,
            template="sources/source.html",
            place="sources",
            tables=(DELIVERIES,),
            charts=True,
        ),
        Page(
            path="/sources/{source}/deliveries/{number}",
            name="delivery page",
            title="Delivery",
            load=delivery,
            template="sources/delivery.html",
            place="sources",
            tables=(TYPES, REFUSALS, UNKNOWN),
        ),
    ),
    cards=(
        Card(
            name="home sources",
            title="Sources that need you",
            load=needing,
            template="sources/needing.html",
            order=10,
        ),
        Card(
            name="home refused",
            title="Refused items",
            load=refused,
            template="sources/refused_card.html",
            order=11,
        ),
    ),
)
