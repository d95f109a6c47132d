"""ORC, OBR and TQ1: requests, and the reports that answer them."""

from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Mode
from xinglin.standards.hl7v2.context import Context, reference
from xinglin.standards.hl7v2.datatypes import concept, date_time, ei
from xinglin.standards.hl7v2.mapping import apply
from xinglin.standards.hl7v2.message import Segment
from xinglin.standards.hl7v2.naming import translated
from xinglin.standards.hl7v2.segments import dosage
from xinglin.standards.hl7v2.segments.common import about, absent, append, code_key, number_key, ordered

_REPORTING: Final = ("results", "referral", "visit", "person", "schedule", "immunisations")
"""Actions in which an OBR stands for a report; elsewhere it stands for a request."""


def orc(ctx: Context, segment: Segment) -> None:
    """Begin an order; what is ordered follows."""
    close(ctx)
    ctx.common = segment
    ctx.request = ctx.report = ctx.order = None
    ctx.groups += 1
    if ctx.event["message"] != "OUL":
        ctx.specimen = None


def close(ctx: Context) -> None:
    """Make a request of an ORC that nothing followed, as cancellations are sent."""
    segment, ctx.common = ctx.common, None
    if segment is None or ctx.order is not None:
        return
    if ctx.patient is None or not (segment.field(2) or segment.field(3)):
        ctx.keep_segment(segment)
        return
    record = request(ctx, segment, None, mode=Mode.FULL if ctx.event["action"] == "orders" else Mode.MENTION)
    ctx.owner = record


def numbers(common: Segment | None, detail: Segment | None) -> tuple[str, str]:
    """Give placer's and filler's number as written: from ORC, else from OBR."""
    placer = (common.first(2) if common else "") or (detail.first(2) if detail else "")
    filler = (common.first(3) if common else "") or (detail.first(3) if detail else "")
    return placer, filler


def status(common: Segment | None, suffix: str = "") -> str | None:
    """Tell an order's status: what the control code does, else what ORC-5 says of it."""
    if common is None:
        return None
    control = translated("0119" + suffix, common.part(1))
    stated = translated("0038" + suffix, common.part(5)) if common.field(5) else None
    if control and control[1] != "active":
        return control[1]
    return (stated or control or ("", None))[1]


def request(ctx: Context, common: Segment | None, detail: Segment | None, *, mode: Mode) -> Json:
    """Make the ServiceRequest of an order."""
    placer, filler = numbers(common, detail)
    record = ctx.make("ServiceRequest", *_request_key(ctx, placer, filler, detail), mode=mode)
    ctx.request = ctx.order = record
    if ctx.patient:
        about(ctx, record)
    identify(ctx, record, placer, filler)
    record |= {"status": status(common) or "unknown", "intent": "order"}
    if common:
        apply("ORC[ServiceRequest]", common, record, ctx)
        group = ei(common.first(4), ctx, "PGN") if common.field(4) else None
        if group:
            record["requisition"] = group
        timing(ctx, "ORC-7", common.field(7), record)
    if detail:
        apply("OBR[ServiceRequest]", detail, record, ctx)
        timing(ctx, "OBR-27", detail.field(27), record)
    return record


def _request_key(ctx: Context, placer: str, filler: str, detail: Segment | None) -> tuple[str, ...]:
    """Both sides know a request by the placer's number; several tests under one number by their codes too."""
    key = number_key(ctx, placer) or (("filler", *number_key(ctx, filler)) if filler else ())
    if not key:
        return (ctx.control, str(ctx.groups), code_key(ctx, detail.first(4)) if detail else "")
    if detail and ("ServiceRequest", ctx.origin.id("ServiceRequest", *key)) in ctx.made:
        return (*key, code_key(ctx, detail.first(4)))
    return key


def identify(ctx: Context, record: Json, placer: str, filler: str) -> None:
    """Give placer's and filler's number as identifiers."""
    for value, kind in ((placer, "PLAC"), (filler, "FILL")):
        found = ei(value, ctx, kind) if value else None
        if found:
            append(record, "identifier", found)


def timing(ctx: Context, place: str, value: str, record: Json) -> None:
    """Read priority and start of the older type TQ (ORC-7, OBR-27); the rest is kept as written."""
    if not value:
        return
    parts = [*value.split("~", 1)[0].split("^"), *[""] * 6]
    priority = translated("0485", ctx.text(parts[5]))
    if priority:
        record.setdefault("priority", priority[1])
    start = date_time(parts[3], ctx, "") if parts[3] else None
    if start:
        record.setdefault("occurrenceDateTime", start)
    read = {3: record.get("occurrenceDateTime") == start, 5: priority is not None}
    if "~" in value or any(one.strip("& ") and not read.get(at) for at, one in enumerate(parts)):
        ctx.keep_field(record, place, value)


def obr(ctx: Context, segment: Segment) -> None:
    """Read what is requested, or the report of what was done."""
    if ctx.patient is None:
        ctx.keep_segment(segment)
        return
    if ctx.common is None:
        ctx.groups += 1
    if ctx.event["message"] != "OUL":
        ctx.specimen = None
    reporting = ctx.event["action"] in _REPORTING
    placer, filler = numbers(ctx.common, segment)
    if not reporting:
        mode = Mode.FULL if ctx.event["action"] == "orders" else Mode.MENTION
        ctx.owner = request(ctx, ctx.common, segment, mode=mode)
        _specimen(ctx, segment, ctx.owner)
        return
    ctx.request = None
    if number_key(ctx, placer):
        request(ctx, None, _asked(segment, placer, filler), mode=Mode.MENTION)
    ctx.order = ctx.owner = ctx.report = _report(ctx, segment, placer, filler)
    _specimen(ctx, segment, ctx.report)


def _asked(segment: Segment, placer: str, filler: str) -> Segment:
    """Give of a report's OBR what it tells of the request, so that nothing of the report is said of it."""
    fields = [segment.field(at) if at in (4, 16) else "" for at in range(17)]
    fields[:4] = ["OBR", "", placer, filler]
    return Segment("|".join(fields))


def _report(ctx: Context, segment: Segment, placer: str, filler: str) -> Json:
    number = number_key(ctx, filler) or number_key(ctx, placer)
    key = number or (ctx.control, str(ctx.groups))
    # A correction often sends the results that it corrects only: those before stay with the report.
    record = ctx.make("DiagnosticReport", *key, code_key(ctx, segment.first(4)), mode=Mode.MERGE)
    about(ctx, record)
    identify(ctx, record, placer, filler)
    if ctx.request:
        append(record, "basedOn", reference(ctx.request))
    apply("OBR[DiagnosticReport]", segment, record, ctx)
    if ctx.common:
        for at in (10, 12, 16, 17, 21):
            ctx.keep_field(record, f"ORC-{at}", ctx.common.field(at))
    record.setdefault("status", "unknown")
    record.setdefault("code", absent())
    _span(ctx, segment, record)
    return record


def _span(ctx: Context, segment: Segment, record: Json) -> None:
    """OBR-7 with OBR-8 is the time from start to end."""
    start, end = (
        record.get("effectiveDateTime"),
        date_time(segment.first(8), ctx, "") if segment.field(8) else None,
    )
    if end and start and end != start:
        record["effectivePeriod"] = {"start": record.pop("effectiveDateTime"), "end": end}
        ordered(ctx, record, "effectivePeriod")


def _specimen(ctx: Context, segment: Segment, owner: Json) -> None:
    """Until v2.4 the specimen stood in OBR-15 (SPS); after that it is only read where it still is."""
    source = segment.first(15)
    if not source.strip("^& "):
        return
    record = ctx.make("Specimen", owner["id"], "OBR-15")
    if ctx.patient:
        record["subject"] = reference(ctx.patient)
    kind = concept(source.split("^", 1)[0].replace("&", "^"), ctx, "specimen-type")
    if kind:
        record["type"] = kind
    if "^" in source:
        ctx.keep_field(record, "OBR-15", source)
    append(owner, "specimen", reference(record))
    ctx.specimen = record


def tq1(ctx: Context, segment: Segment) -> None:
    """Read when what was ordered is to be done."""
    record = ctx.order if ctx.order is not None else ctx.appointment
    if record is None or record["resourceType"] not in ("ServiceRequest", "MedicationRequest", "Appointment"):
        ctx.pending.append(segment)
        return
    timed(ctx, segment, record)


def timed(ctx: Context, segment: Segment, record: Json) -> None:
    """Put a TQ1 into `record`, and settle what contradicts it."""
    if record["resourceType"] == "MedicationRequest":
        dosage.tq1(ctx, segment, record)
        return
    apply(f"TQ1[{record['resourceType']}]", segment, record, ctx)
    if "occurrencePeriod" in record:
        stated = record.pop("occurrenceDateTime", None)
        if stated:
            ctx.keep_field(record, "OBR-6", stated)
        ordered(ctx, record, "occurrencePeriod")
