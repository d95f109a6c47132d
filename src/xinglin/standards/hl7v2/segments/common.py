"""What several segments need."""

from typing import Any

from xinglin.core.exact_json import Json
from xinglin.standards.hl7v2.context import Context, reference
from xinglin.standards.hl7v2.datatypes import split
from xinglin.standards.hl7v2.naming import system_of
from xinglin.standards.hl7v2.times import moment

TERMS = "http://terminology.hl7.org/CodeSystem/"


def coded(system: str, code: str) -> Json:
    """Make a CodeableConcept of one code of a system below terminology.hl7.org."""
    return {"coding": [{"system": TERMS + system, "code": code}]}


def number_key(ctx: Context, value: str) -> tuple[str, ...]:
    """Give the key of a number with its authority (EI, or number^application); () where there is none."""
    parts = value.split("^")
    number = ctx.text(parts[0].split("&", 1)[0])
    return (number, *(one for one in (ctx.text(one) for one in parts[1:3]) if one)) if number else ()


def cx_key(ctx: Context, value: str, sort: str) -> tuple[str, ...]:
    """Give the key of a number with its authority (CX); () where there is none."""
    parts = value.split("^")
    number = ctx.text(parts[0].split("&", 1)[0])
    return (system_of(ctx, parts[3] if len(parts) > 3 else "", sort), number) if number else ()


def patient_id(ctx: Context) -> str:
    """Give the id of the patient whom the message is about, "" where there is none."""
    return ctx.patient["id"] if ctx.patient else ""


def about(ctx: Context, record: Json, *, who: str = "subject", visit: str | None = "encounter") -> None:
    """Say whom `record` is about, and in which visit it arose."""
    if ctx.patient:
        record[who] = reference(ctx.patient)
    if visit and ctx.encounter:
        record[visit] = reference(ctx.encounter)


def append(record: Json, name: str, value: Any) -> None:
    """Append to a list of `record`, once."""
    known = record.setdefault(name, [])
    if value not in known:
        known.append(value)


def code_key(ctx: Context, value: str) -> str:
    """Give what a coded value is known by: its code, else its text."""
    parts = split(value, ctx)
    return next((one for one in parts[:2] if one), "")


def ordered(ctx: Context, record: Json, name: str) -> None:
    """Take the end out of a period that ends before it begins, and keep it as it was."""
    period = record.get(name)
    if not period or not (period.get("start") and period.get("end")):
        return
    start, end = (moment(unpunctuated(period[one]), ctx.origin.zone) for one in ("start", "end"))
    if start and end and end.at < start.at and end.text != start.text[: len(end.text)]:
        ctx.keep_field(record, f"{name}-end", period.pop("end"))


def unpunctuated(text: str) -> str:
    """Undo FHIR's punctuation of a date and time."""
    day, _, clock = text.partition("T")
    zone = "".join(clock[-6:].split(":")) if clock else ""
    return day.replace("-", "") + clock[:-6].replace(":", "") + zone


def absent() -> Json:
    """Give an element that FHIR demands and the sender left out."""
    url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
    return {"extension": [{"url": url, "valueCode": "unknown"}]}
