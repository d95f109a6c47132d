"""The mapping workbench for programs: `/codes/…`, JSON in and out."""

from typing import Any, cast

from starlette.routing import Route

from xinglin.api.fhir.exchange import Exchange, Handler, Reply, interaction
from xinglin.core.errors import TerminologyError
from xinglin.core.exact_json import Json, dumps
from xinglin.hub.codes import sheet, workbench
from xinglin.hub.codes.decisions import ACCEPT, REJECT, WITHDRAW, Decided, Decision, decide
from xinglin.hub.codes.workbench import LocalCode
from xinglin.standards.labitems.ranker import Candidate

MOST = 1_000


class BadQuestion(TerminologyError):
    """A request to the workbench that lacks something or has it wrong."""

    code = "XL8130"
    message = "{name} is missing or can't be read."
    remedy = "Look at docs/codes.md for what the workbench takes."
    status = 400
    issue = "invalid"


async def unmapped(exchange: Exchange) -> Reply:
    """`GET /codes/unmapped?source=&most=&skip=`: codes without a mapping, each with what is proposed."""
    query = exchange.request.query_params
    found = await workbench.unmapped(
        exchange.hub,
        source=query.get("source"),
        most=_number(exchange, "most", 50, MOST),
        skip=_number(exchange, "skip", 0, 10**9),
    )
    rows = await workbench.proposals(exchange.hub, found)
    return _reply(
        {
            "codes": [
                _local(o) | {"proposed": _candidate(c, exchange.language) if c else None} for o, c in rows
            ]
        }
    )


async def candidates(exchange: Exchange) -> Reply:
    """`GET /codes/candidates?source=&code=&system=&most=`: what a code may mean, and what was decided."""
    query = exchange.request.query_params
    found = await workbench.bench(
        exchange.hub,
        source=_needed(dict(query), "source"),
        code=_needed(dict(query), "code"),
        system=query.get("system"),
        most=_number(exchange, "most", 5, 50),
    )
    return _reply(
        {
            **_local(found.local),
            "candidates": [_candidate(one, exchange.language) for one in found.candidates],
            "decisions": [_decided(one) for one in found.decisions],
        }
    )


async def decisions(exchange: Exchange) -> Reply:
    """`POST /codes/decisions`: `{source, code, system?, action, target?, reason, who}`, stored or refused."""
    content = await exchange.content("application/json")
    if not isinstance(content, dict):
        raise BadQuestion(name="action")
    given = cast("Json", content)
    action = _needed(given, "action")
    if action not in {ACCEPT, REJECT, WITHDRAW}:
        raise BadQuestion(name="action")
    system = given.get("system")
    local = await workbench.one(
        exchange.hub,
        source=_needed(given, "source"),
        code=_needed(given, "code"),
        system=system if isinstance(system, str) else None,
    )
    target = "" if action == WITHDRAW else _needed(given, "target")
    one = Decision(
        local.system,
        local.code,
        local.display,
        action,
        target,
        _needed(given, "reason"),
        _needed(given, "who"),
    )
    await decide(exchange.hub, [one])
    return Reply(201, dumps({"stored": 1}))


async def export(exchange: Exchange) -> Reply:
    """`GET /codes/sheet?source=&skip=&most=`: the same table as `xinglin codes export`, as text in JSON."""
    found = await workbench.all_codes(
        exchange.hub,
        source=exchange.request.query_params.get("source"),
        most=_number(exchange, "most", MOST, MOST),
        skip=_number(exchange, "skip", 0, 10**9),
    )
    rows = await workbench.proposals(exchange.hub, found)
    return _reply({"sheet": sheet.export(rows, exchange.language)})


async def import_(exchange: Exchange) -> Reply:
    """`POST /codes/sheet` with `{sheet, who}`: store the decisions in a table's text, all or none."""
    content = await exchange.content("application/json")
    given = cast("Json", content) if isinstance(content, dict) else {}
    made = sheet.parse(_needed(given, "sheet").lstrip("\ufeff"), _needed(given, "who"))
    await decide(exchange.hub, made)
    return Reply(201, dumps({"stored": len(made)}))


async def report(exchange: Exchange) -> Reply:
    """`GET /codes/report?source=`: how far each source is."""
    found = await workbench.report(exchange.hub, source=exchange.request.query_params.get("source"))
    return _reply(
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


def routes() -> list[Route]:
    """Give the routes of the workbench."""
    return [
        _route("unmapped", unmapped),
        _route("candidates", candidates),
        _route("decisions", decisions, "POST"),
        _route("sheet", export),
        _route("sheet", import_, "POST"),
        _route("report", report),
    ]


def _route(name: str, handle: Handler, method: str = "GET") -> Route:
    return Route(f"/codes/{name}", interaction(f"codes {name}", handle), methods=[method])


def _reply(content: Json) -> Reply:
    return Reply(200, dumps(content))


def _needed(given: Json, name: str) -> str:
    value: Any = given.get(name)
    if not isinstance(value, str) or not value:
        raise BadQuestion(name=name)
    return value


def _number(exchange: Exchange, name: str, default: int, most: int) -> int:
    text = exchange.request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or not int(text[:12]) <= most:
        raise BadQuestion(name=name)
    return int(text)


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
