"""PV1 and PV2: the visit."""

from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Mode
from xinglin.standards.hl7v2.context import Context, reference
from xinglin.standards.hl7v2.datatypes import cx
from xinglin.standards.hl7v2.mapping import apply
from xinglin.standards.hl7v2.message import Segment
from xinglin.standards.hl7v2.segments.common import TERMS, cx_key, ordered, patient_id

_UNKNOWN_CLASS: Final = {"system": TERMS + "v3-NullFlavor", "code": "UNK"}
_DISCHARGE_CANCELLED: Final = ("ADT", "A13")


def pv1(ctx: Context, segment: Segment) -> None:
    """Read the visit; one without any number or time to know it by is kept as it is."""
    key = _key(ctx, segment)
    if ctx.patient is None or not key:
        ctx.keep_segment(segment)
        return
    merging = ctx.event["action"] == "merge-visit"
    record = ctx.make("Encounter", *key, mode=Mode.MERGE if merging else ctx.full)
    ctx.encounter = ctx.owner = record
    record["subject"] = reference(ctx.patient)
    apply("PV1[Encounter]", segment, record, ctx)
    if "class" not in record:
        record["class"] = dict(_UNKNOWN_CLASS)
        ctx.guess(record, "class")
    record["status"], stated = _status(ctx, segment)
    if not stated:
        ctx.guess(record, "status")
    if (ctx.event["message"], ctx.event["trigger"]) == _DISCHARGE_CANCELLED:
        ctx.remove(record, "period.end", "hospitalization.dischargeDisposition")
    ordered(ctx, record, "period")
    if merging and ctx.merged_visit:
        _give_up(ctx, ctx.merged_visit, record)


def _key(ctx: Context, segment: Segment) -> tuple[str, ...]:
    """Know a visit by its number, else by patient and admission, else (if it must be one) by its message."""
    found = cx_key(ctx, segment.first(19), "vn") or cx_key(ctx, segment.first(50), "vn")
    admitted = segment.part(44)
    if found or not admitted:
        by_message = not found and ctx.event["action"] == "visit"
        if by_message:
            ctx.note("PV1-19")
        return (patient_id(ctx), ctx.control) if by_message else found
    return (patient_id(ctx), admitted)


def _status(ctx: Context, segment: Segment) -> tuple[str, bool]:
    """Tell the status by the event, else by what the visit says of itself; and whether that was stated."""
    forced = ctx.event["status"] if ctx.event["action"] == "visit" else ""
    if forced:
        return forced, True
    if segment.field(45):
        return "finished", True
    if segment.part(2).upper() == "P":
        return "planned", False
    return "in-progress" if ctx.full is Mode.MERGE else "unknown", False


def _give_up(ctx: Context, merged: Segment, record: Json) -> None:
    """Mark the visit under the number that was given up."""
    key = cx_key(ctx, merged.first(5), "vn")
    number = cx(merged.first(5), ctx, "VN")
    if not key or ctx.origin.id("Encounter", *key) == record["id"]:
        return
    prior = ctx.make("Encounter", *key, mode=Mode.MERGE, lists=("identifier",))
    prior |= {"status": "entered-in-error", "class": record["class"]}
    if number:
        prior["identifier"] = [number]
    if ctx.patient:
        prior["subject"] = reference(ctx.patient)


def pv2(ctx: Context, segment: Segment) -> None:
    """Read more about the visit."""
    if ctx.encounter is None:
        ctx.keep_segment(segment)
    else:
        apply("PV2[Encounter]", segment, ctx.encounter, ctx)
