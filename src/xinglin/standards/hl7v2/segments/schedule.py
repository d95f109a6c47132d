"""SCH, AIS, AIG, AIL and AIP: appointments."""

from datetime import datetime, timedelta
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.hl7v2.context import Context, reference
from xinglin.standards.hl7v2.datatypes import concept, ei, instant, number
from xinglin.standards.hl7v2.errors import SegmentMissing
from xinglin.standards.hl7v2.mapping import apply
from xinglin.standards.hl7v2.message import Segment
from xinglin.standards.hl7v2.naming import translated
from xinglin.standards.hl7v2.segments.common import append, number_key, unpunctuated
from xinglin.standards.hl7v2.times import moment

_MINUTES: Final = {"S": 60, "SEC": 60, "M": 1, "MIN": 1, "": 1, "H": -60, "HR": -60}
"""Units of SCH-10: seconds to divide by, hours (negative) to multiply by."""
_ENDED: Final = ("cancelled", "entered-in-error", "noshow")


def sch(ctx: Context, segment: Segment) -> None:
    """Begin an appointment: the filler's number knows it, else the placer's."""
    settle(ctx)
    key = number_key(ctx, segment.first(2)) or number_key(ctx, segment.first(1)) or (ctx.control,)
    record = ctx.make("Appointment", *key)
    ctx.appointment = ctx.owner = record
    for at, kind in ((1, "PLAC"), (2, "FILL")):
        found = ei(segment.first(at), ctx, kind) if segment.field(at) else None
        if found:
            append(record, "identifier", found)
    stated = translated("0278", segment.part(25))
    forced = ctx.event["status"]
    record["status"] = forced if forced in _ENDED or not stated else stated[1]
    if segment.field(25) and (not stated or stated[1] != record["status"]):
        ctx.keep_field(record, "SCH-25", segment.field(25))
    if ctx.patient is not None:
        append(record, "participant", {"actor": reference(ctx.patient), "status": "needs-action"})
    apply("SCH[Appointment]", segment, record, ctx)
    _reason(ctx, segment, record)
    _duration(segment, record)
    _quantity_timing(ctx, segment, record)


def _reason(ctx: Context, segment: Segment, record: Json) -> None:
    why = concept(segment.first(6), ctx, "appointment-event-reason") if segment.field(6) else None
    if why and record["status"] == "cancelled":
        record["cancelationReason"] = why
    elif why:
        ctx.keep_field(record, "SCH-6", segment.field(6))


def _duration(segment: Segment, record: Json) -> None:
    length, factor = number(segment.part(9)), _MINUTES.get(segment.part(10).upper())
    if length is None or factor is None:
        return
    minutes = length * -factor if factor < 0 else length / factor
    if minutes == int(minutes) and minutes > 0:
        record["minutesDuration"] = int(minutes)


def _quantity_timing(ctx: Context, segment: Segment, record: Json) -> None:
    parts = [*segment.first(11).split("^"), *[""] * 5]
    for name, at in (("start", 3), ("end", 4)):
        found = instant(parts[at], ctx, "") if parts[at] else None
        if found:
            record.setdefault(name, found)


def booked(ctx: Context, segment: Segment) -> None:
    """Read what is booked: a service, equipment, a place or somebody."""
    if ctx.appointment is None:
        ctx.keep_segment(segment)
        return
    ctx.owner = ctx.appointment
    apply(f"{segment.name}[Appointment]", segment, ctx.appointment, ctx)


def settle(ctx: Context) -> None:
    """Refuse an appointment of nobody, and make start and end agree.

    FHIR wants both or none, and only proposals lack them (app-2, app-3).
    """
    record = ctx.appointment
    if record is None:
        return
    if not record.get("participant"):
        raise SegmentMissing(expression="PID", segment="PID", event="SIU")
    start, end = (_moment(ctx, record.get(one)) for one in ("start", "end"))
    if start and end is None and record.get("minutesDuration"):
        end = start + timedelta(minutes=record["minutesDuration"])
        record["end"] = end.isoformat()
    if start and end and end >= start:
        return
    for name in ("start", "end"):
        if name in record:
            ctx.keep_field(record, f"appointment-{name}", record.pop(name))
    if record["status"] not in ("proposed", "cancelled", "waitlist"):
        ctx.keep_field(record, "appointment-status", record["status"])
        record["status"] = "cancelled" if record["status"] in _ENDED else "proposed"


def _moment(ctx: Context, text: str | None) -> datetime | None:
    found = moment(unpunctuated(text), ctx.origin.zone) if text else None
    return found.at if found else None
