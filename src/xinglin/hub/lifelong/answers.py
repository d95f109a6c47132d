"""Timelines as JSON, for programs; the command line writes its tables from the same."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

from xinglin.core.exact_json import Json
from xinglin.hub.hub import Hub
from xinglin.hub.lifelong.agree import reasons
from xinglin.hub.lifelong.elements import member, name_of_concept, objects
from xinglin.hub.lifelong.gaze import OPEN, Gaze
from xinglin.hub.lifelong.periods import period_end
from xinglin.hub.lifelong.same import Fact
from xinglin.hub.lifelong.sources import Told
from xinglin.hub.lifelong.statements import Part, Statement
from xinglin.hub.lifelong.tables import rows
from xinglin.hub.lifelong.timeline import Asked, Timeline, timeline
from xinglin.hub.lifelong.units import unified
from xinglin.hub.lifelong.values import Value, converted, item_of


async def ask_timeline(hub: Hub, id_: str, asked: Asked, language: str, gaze: Gaze = OPEN) -> Json:
    """Give a page of a person's timeline as JSON. Raises as `timeline`."""
    return timeline_as_json(await timeline(hub, id_, asked, gaze), language)


def timeline_as_json(found: Timeline, language: str) -> Json:
    """Give a page of a timeline: whose, how much there is, and its entries."""
    linked = found.person.linked
    return {
        "person": str(linked.head),
        "patients": [str(key) for key in linked.patients if key != linked.golden],
        "total": found.total,
        "records": found.records,
        "entries": [entry(fact, found, language) for fact in found.facts],
        "next": found.following,
    }


def entry(fact: Fact, found: Timeline, language: str) -> Json:
    """Give one entry: when, what, where, its value, and who says so."""
    shown = fact.shown
    made: Json = {
        "kind": shown.kind,
        "record": str(shown.key),
        "start": shown.start or None,
        "end": shown.end or period_end(shown.content),
        "title": title(shown, language),
        "codes": [_coding(code) for code in sorted(shown.codes)],
        "status": shown.status or None,
        "place": {"id": shown.place.id or None, "name": shown.place.name or None},
        **_findings(shown, found.units),
    }
    text = detail(shown)
    if text:
        made["detail"] = text
    others = {one.key: one for one in fact.statements[1:]}
    made["sources"] = [_source(one, fact, others, language) for one in found.told[shown.key]]
    return made


def title(shown: Statement, language: str) -> str:
    """Give what happened, in words."""
    if shown.type != "Encounter":
        return shown.title or next((code.rpartition("|")[2] for code in sorted(shown.codes)), shown.type)
    names = _classes().get(shown.class_)
    return names[language] if names else shown.class_ or shown.type


def detail(shown: Statement) -> str:
    """Give what else is worth reading: the department, how a medicine is taken, how an allergy shows."""
    content = shown.content
    match shown.kind:
        case "visit":
            return name_of_concept(content.get("serviceType"))
        case "medicine":
            doses = objects(content.get("dosageInstruction") or content.get("dosage"))
            return "; ".join(str(dose["text"]) for dose in doses if dose.get("text"))
        case "allergy":
            shows = [
                w
                for r in objects(content.get("reaction"))
                for m in objects(r.get("manifestation"))
                if (w := name_of_concept(m))
            ]
            return "; ".join(dict.fromkeys(shows))
        case "report":
            return str(content.get("conclusion") or "")
        case "document" | "image":
            return str(content.get("description") or content.get("title") or "")
        case _:
            return ""


def _findings(shown: Statement, units: Mapping[str, str]) -> Json:
    if shown.kind != "result":
        return {}
    made: Json = {}
    if shown.value is not None:
        made["value"] = measured(shown, shown.content, units)
    if shown.parts:
        components = objects(shown.content.get("component"))
        made["parts"] = [
            {"title": part.title, **({"value": measured(part, raw, units)} if part.value else {})}
            for part, raw in zip(shown.parts, components, strict=True)
        ]
    return made


def measured(part: Statement | Part, raw: Json, units: Mapping[str, str]) -> Json:
    """Give a value in its series' unit, with the flag and reference range that came with it."""
    value = unified(part, units)
    sent = part.value
    assert value is not None and sent is not None  # noqa: S101, PT018 - asked before
    made: Json = {"text": value.shown}
    if value.number is not None:
        made |= {"number": value.number, "unit": value.unit or None}
        if value.comparator:
            made["comparator"] = value.comparator
    if value is not sent:
        made["sent"] = sent.shown
    bounds = _range(part, raw, value)
    if bounds:
        made["range"] = bounds
    flag = _flag(raw)
    if flag:
        made["flag"] = flag
    elif bounds and value.number is not None and not value.comparator:
        made |= _judged(value.number, bounds)
    return made


def _judged(number: Decimal, bounds: Mapping[str, Any]) -> Json:
    """Flag a value that the sender didn't, by the sender's own range."""
    if "low" in bounds and number < bounds["low"]:
        return {"flag": "L", "flagged_by": "range"}
    if "high" in bounds and number > bounds["high"]:
        return {"flag": "H", "flagged_by": "range"}
    return {}


def _flag(raw: Json) -> str:
    for concept in objects(raw.get("interpretation")):
        for coding in objects(concept.get("coding")):
            if coding.get("code"):
                return str(coding["code"])
        if concept.get("text"):
            return str(concept["text"])
    return ""


def _range(part: Statement | Part, raw: Json, value: Value) -> Json:
    ranges = objects(raw.get("referenceRange"))
    if not ranges:
        return {}
    made: Json = {}
    for name in ("low", "high"):
        number = _bound(part, member(ranges[0].get(name)), value)
        if number is not None:
            made[name] = number
    if not made and ranges[0].get("text"):
        made["text"] = str(ranges[0]["text"])
    return made


def _bound(part: Statement | Part, bound: Json, value: Value) -> Decimal | None:
    """Give a bound in the value's unit; a bound without a unit is in the unit the value was sent in."""
    number = bound.get("value")
    if isinstance(number, bool) or not isinstance(number, int | Decimal) or part.value is None:
        return None
    unit = str(bound.get("code") or bound.get("unit") or part.value.unit)
    found = converted(Value(Decimal(number), unit), value.unit, item_of(part.codes))
    return found.number if found else None


def _source(one: Told, fact: Fact, others: Mapping[Any, Statement], language: str) -> Json:
    made: Json = {
        "record": str(one.key),
        "source": one.sender.source or None,
        "institution": one.sender.institution or None,
        "name": one.sender.name or None,
        "delivery": one.sender.delivery or None,
    }
    if one.earlier:
        made["earlier"] = True
    other = others.get(one.key)
    if other is not None and fact.rule is not None and not one.earlier:
        made["why"] = [reason.text(language) for reason in reasons(fact.shown, other, fact.rule)]
    return made


def _coding(code: str) -> Json:
    system, _, symbol = code.rpartition("|")
    return {"system": system, "code": symbol} if system else {"code": symbol}


@cache
def _classes() -> Mapping[str, Mapping[str, str]]:
    return {row["code"]: {"zh": row["name_zh"], "en": row["name_en"]} for row in rows("visit_classes.csv")}
