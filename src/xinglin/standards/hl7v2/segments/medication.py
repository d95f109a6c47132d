"""RXO, RXE, RXD, RXR and RXA: medicines ordered, dispensed and given."""

from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Mode
from xinglin.standards.hl7v2.context import Context, reference
from xinglin.standards.hl7v2.datatypes import date_time, number, split, unit
from xinglin.standards.hl7v2.mapping import apply
from xinglin.standards.hl7v2.message import Segment
from xinglin.standards.hl7v2.naming import V2, translated
from xinglin.standards.hl7v2.segments import dosage
from xinglin.standards.hl7v2.segments.common import about, absent, append, code_key, number_key
from xinglin.standards.hl7v2.segments.orders import identify, numbers, status, timed


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
        dosage.older(ctx, "RXE-1", segment.field(1), record)


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
    _instructions(ctx, segment.field(7), record)
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
    dosage.older(ctx, "ORC-7", common.field(7), record)


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
    instructions: list[Json] = record.setdefault("dosageInstruction", [{}])
    instructions[0].setdefault("doseAndRate", [amount or {"doseQuantity": low}])


def _instructions(ctx: Context, value: str, record: Json) -> None:
    """Say how to take it in words too; a first component in Chinese is no code, but a part of them."""
    said = [_said(split(one, ctx)) for one in value.split("~")]
    text = "; ".join(one for one in said if one)
    if text:
        record.setdefault("dosageInstruction", [{}])[0]["text"] = text


def _said(parts: list[str]) -> str:
    code, text = parts[0], parts[1] if len(parts) > 1 else ""
    return " ".join(one for one in (code if not text or not code.isascii() else "", text) if one)


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
    _given(ctx, segment, record)
    if "occurrenceDateTime" not in record:
        record["occurrenceString"] = segment.part(3) or "unknown"
    if segment.part(6) == "999":
        # HL7's way to write that the amount isn't known (4A.7.1).
        record.pop("doseQuantity", None)
    history = segment.part(9) if segment.part(9, 3) == "NIP001" else ""
    if history:
        record["primarySource"] = history == "00"


def _given(ctx: Context, segment: Segment, record: Json) -> None:
    """Say whether it was given: a reason for not giving it (RXA-18) means that it wasn't.

    An empty RXA-20 means complete (HL7 table 0322); where the amount isn't known either, that is listed.
    """
    stated, refused = segment.part(20).upper(), segment.field(18).strip("^&~ ")
    known = translated("0322", stated)
    if refused and known and known[1] == "completed":
        ctx.keep_field(record, "RXA-20", segment.field(20))
    if segment.part(21) == "D":
        record["status"] = "entered-in-error"
    elif refused or (known and known[1] == "not-done"):
        record["status"] = "not-done"
        if stated and not refused:
            record["statusReason"] = {"coding": [{"system": f"{V2}0322", "code": stated}]}
    elif known or not stated:
        record["status"] = "completed"
        if not stated and segment.part(6) in ("", "0", "999"):
            ctx.note("RXA-20")
    else:
        record["_status"] = absent()
        ctx.keep_field(record, "RXA-20", segment.field(20))
