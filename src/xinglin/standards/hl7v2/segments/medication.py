"""RXO, RXE, RXD, RXR and RXA: medicines ordered, dispensed and given."""

from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Mode
from xinglin.standards.hl7v2.context import Context, reference
from xinglin.standards.hl7v2.datatypes import date_time, number, unit
from xinglin.standards.hl7v2.mapping import apply
from xinglin.standards.hl7v2.message import Segment
from xinglin.standards.hl7v2.segments.common import about, append, code_key, number_key
from xinglin.standards.hl7v2.segments.orders import identify, numbers, status, timed, timing


def rxo(ctx: Context, segment: Segment) -> None:
    """Read the medicine that was ordered."""
    _prescribed(ctx, segment, field=1, dose=2, mode=Mode.FULL)


def rxe(ctx: Context, segment: Segment) -> None:
    """Read the medicine as the pharmacy understood the order; based on the order where that is there too."""
    mode = Mode.MENTION if ctx.event["message"] == "RDS" else Mode.FULL
    before = ctx.order if ctx.order and ctx.order["resourceType"] == "MedicationRequest" else None
    record = _prescribed(ctx, segment, field=2, dose=3, mode=mode, encoded=before is not None)
    if record and before:
        record["intent"] = "filler-order"
        append(record, "basedOn", reference(before))
    if record and segment.field(1):
        timing(ctx, segment.first(1), record)


def _prescribed(
    ctx: Context, segment: Segment, *, field: int, dose: int, mode: Mode, encoded: bool = False
) -> Json | None:
    if ctx.patient is None or not code_key(ctx, segment.first(field)):
        ctx.keep_segment(segment)
        return None
    placer, filler = numbers(ctx.common, None)
    key = number_key(ctx, placer) or number_key(ctx, filler) or (ctx.control, str(ctx.groups))
    record = ctx.make("MedicationRequest", *key, *(["encoded"] if encoded else []), mode=mode)
    ctx.order = ctx.owner = record
    about(ctx, record)
    identify(ctx, record, placer, filler)
    record |= {"status": status(ctx.common, "m") or "unknown", "intent": "order"}
    apply(f"{segment.name}[MedicationRequest]", segment, record, ctx)
    if ctx.common:
        _ordered(ctx, ctx.common, record)
    _dose(ctx, segment, dose, record)
    for one in ctx.pending:
        timed(ctx, one, record)
    ctx.pending.clear()
    return record


def _ordered(ctx: Context, common: Segment, record: Json) -> None:
    at = date_time(common.first(9), ctx, "") if common.field(9) else None
    if at:
        record["authoredOn"] = at
    if "requester" not in record and common.field(12):
        named = {"resourceType": "ServiceRequest"}
        apply("ORC[ServiceRequest]", Segment("ORC" + "|" * 12 + common.first(12)), named, ctx)
        if "requester" in named:
            record["requester"] = named["requester"]
    timing(ctx, common.first(7), record)


def _dose(ctx: Context, segment: Segment, at: int, record: Json) -> None:
    """Least and most amount, and their unit, stand in three fields in a row."""
    least, most = (number(segment.part(one)) for one in (at, at + 1))
    units = unit(segment.first(at + 2), ctx)
    if least is None:
        for one in (at, at + 1, at + 2):
            ctx.keep_field(record, f"{segment.name}-{one}", segment.field(one))
        return
    low = {"value": least, **units}
    amount = {"doseRange": {"low": low, "high": {"value": most, **units}}} if most and most > least else None
    dosage: list[Json] = record.setdefault("dosageInstruction", [{}])
    dosage[0].setdefault("doseAndRate", [amount or {"doseQuantity": low}])


def rxr(ctx: Context, segment: Segment) -> None:
    """Read the route of what stands before it."""
    record = ctx.order
    if record is None or record["resourceType"] not in (
        "MedicationRequest",
        "MedicationDispense",
        "Immunization",
    ):
        ctx.keep_segment(segment)
    else:
        apply(f"RXR[{record['resourceType']}]", segment, record, ctx)


def rxd(ctx: Context, segment: Segment) -> None:
    """Read what was dispensed."""
    if ctx.patient is None or not code_key(ctx, segment.first(2)):
        ctx.keep_segment(segment)
        return
    placer, filler = numbers(ctx.common, None)
    number_ = number_key(ctx, placer) or number_key(ctx, filler) or (ctx.control, str(ctx.groups))
    record = ctx.make("MedicationDispense", *number_, segment.part(7), segment.part(1), segment.part(3))
    before = ctx.order if ctx.order and ctx.order["resourceType"] == "MedicationRequest" else None
    ctx.order = ctx.owner = record
    about(ctx, record, visit="context")
    identify(ctx, record, "", filler)
    record["status"] = "completed"
    apply("RXD[MedicationDispense]", segment, record, ctx)
    if before:
        record["authorizingPrescription"] = [reference(before)]


def rxa(ctx: Context, segment: Segment) -> None:
    """Read what was given: vaccines."""
    what = code_key(ctx, segment.first(5))
    if ctx.patient is None or not what:
        ctx.keep_segment(segment)
        return
    placer, filler = numbers(ctx.common, None)
    key = number_key(ctx, filler) or number_key(ctx, placer)
    record = ctx.make("Immunization", ctx.patient["id"], *(key or (what, segment.part(3))))
    ctx.order = ctx.owner = record
    about(ctx, record, who="patient")
    identify(ctx, record, placer, filler)
    apply("RXA[Immunization]", segment, record, ctx)
    record["status"] = _given(segment)
    if "occurrenceDateTime" not in record:
        record["occurrenceString"] = segment.part(3) or "unknown"
    if segment.part(6) == "999":
        # HL7's way to write that the amount isn't known (4A.7.1).
        record.pop("doseQuantity", None)
    history = segment.part(9) if segment.part(9, 3) == "NIP001" else ""
    if history:
        record["primarySource"] = history == "00"


def _given(segment: Segment) -> str:
    if segment.part(21) == "D":
        return "entered-in-error"
    return "not-done" if segment.part(20) in ("RE", "NA") else "completed"
