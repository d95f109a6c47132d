"""The mapping workbench for programs: `/codes/…`, JSON in and out."""

from typing import Final

from starlette.routing import Route

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.plain import MOST, Entry, WrongParameter, content, number, reply, text
from xinglin.api.plain import routes as routes_of
from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.hub.codes import sheet
from xinglin.standards.labitems.ranker import Candidate
from xinglin.trust.gate.rooms import codes as room
from xinglin.trust.gate.values import ACCEPT, REJECT, WITHDRAW, Decided, Decision, LocalCode

ACTIONS: Final = (ACCEPT, REJECT, WITHDRAW)


async def unmapped(exchange: Exchange) -> Reply:
    """`GET /codes/unmapped?source=&most=&skip=`: codes without a mapping, each with what is proposed."""
    query = exchange.request.query_params
    rows = await room.unmapped(
        exchange.hub,
        source=query.get("source"),
        most=number(exchange, "most", 50, most=MOST),
        skip=number(exchange, "skip", 0),
    )
    return reply(
        {
            "codes": [
                _local(o) | {"proposed": _candidate(c, exchange.language) if c else None} for o, c in rows
            ]
        }
    )


async def candidates(exchange: Exchange) -> Reply:
    """`GET /codes/candidates?source=&code=&system=&most=`: what a code may mean, and what was decided."""
    query = exchange.request.query_params
    found = await room.bench(
        exchange.hub,
        source=text(query, "source"),
        code=text(query, "code"),
        system=query.get("system"),
        most=number(exchange, "most", 5, most=50),
    )
    return reply(
        {
            **_local(found.local),
            "candidates": [_candidate(one, exchange.language) for one in found.candidates],
            "decisions": [_decided(one) for one in found.decisions],
        }
    )


async def decisions(exchange: Exchange) -> Reply:
    """`POST /codes/decisions`: `{source, code, system?, action, target?, reason}`, stored or refused."""
    given = await content(exchange)
    action = text(given, "action")
    if action not in ACTIONS:
        detail = Phrase("it must be one of {allowed}", allowed=", ".join(ACTIONS))
        raise WrongParameter(name="action", detail=detail)
    system = given.get("system")
    local = await room.one(
        exchange.hub,
        source=text(given, "source"),
        code=text(given, "code"),
        system=system if isinstance(system, str) else None,
    )
    target = "" if action == WITHDRAW else text(given, "target")
    one = Decision(
        local.system,
        local.code,
        local.display,
        action,
        target,
        text(given, "reason"),
        exchange.hub.who.id,
    )
    await room.decide(exchange.hub, [one])
    return reply({"stored": 1}, 201)


async def export(exchange: Exchange) -> Reply:
    """`GET /codes/sheet?source=&skip=&most=`: the same table as `xinglin codes export`, as text in JSON."""
    rows = await room.all_codes(
        exchange.hub,
        source=exchange.request.query_params.get("source"),
        most=number(exchange, "most", MOST, most=MOST),
        skip=number(exchange, "skip", 0),
    )
    return reply({"sheet": sheet.export(rows, exchange.language)})


async def import_(exchange: Exchange) -> Reply:
    """`POST /codes/sheet` with `{sheet}`: store the decisions in a table's text, all or none."""
    given = await content(exchange)
    made = sheet.parse(text(given, "sheet").lstrip("\ufeff"), exchange.hub.who.id)
    await room.decide(exchange.hub, made)
    return reply({"stored": len(made)}, 201)


async def report(exchange: Exchange) -> Reply:
    """`GET /codes/report?source=`: how far each source is."""
    found = await room.report(exchange.hub, source=exchange.request.query_params.get("source"))
    return reply(
        {
            "sources": [
                {
                    "source": one.source,
                    "codes": one.codes,
                    "mapped_codes": one.mapped_codes,
                    "codings": one.codings,
                    "mapped_codings": one.mapped_codings,
                }
                for one in found
            ]
        }
    )


TABLE: Final[tuple[Entry, ...]] = (
    ("GET", "/codes/unmapped", "codes unmapped", unmapped),
    ("GET", "/codes/candidates", "codes candidates", candidates),
    ("POST", "/codes/decisions", "codes decisions", decisions),
    ("GET", "/codes/sheet", "codes sheet", export),
    ("POST", "/codes/sheet", "codes sheet", import_),
    ("GET", "/codes/report", "codes report", report),
)


def routes() -> list[Route]:
    """Give the routes of the workbench."""
    return routes_of(TABLE)


def _local(one: LocalCode) -> Json:
    return {
        "source": one.source,
        "system": one.system,
        "code": one.code,
        "name": one.display,
        "unit": one.unit,
        "specimen": one.specimen,
        "count": one.count,
        "median": one.sketch.quantile(0.5),
        "first_seen": one.first_seen.isoformat(),
        "last_seen": one.last_seen.isoformat(),
        "target": one.target,
    }


def _candidate(one: Candidate, language: str) -> Json:
    return {
        "target": one.item.code,
        "name": one.item.name,
        "loinc": one.item.loinc,
        "unit": one.item.unit,
        "score": one.score,
        "proposed": one.proposed,
        "reasons": [{"text": r.phrase.text(language), "weight": round(r.weight, 3)} for r in one.reasons],
    }


def _decided(one: Decided) -> Json:
    return {
        "action": one.action,
        "target": one.target,
        "reason": one.reason,
        "who": one.who,
        "at": one.at.isoformat(),
    }
