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
_PERSON_EVENTS: Final = ("person", "delete")


def pv1(ctx: Context, segment: Segment) -> None:
    """Read the visit; one without any number or time to know it by is kept as it is."""
    key = _key(ctx, segment)
    if ctx.patient is None or not key:
        ctx.keep_segment(segment)
        return
    merging = ctx.event["action"] == "merge-visit"
    record = ctx.make("Encounter", *key, mode=Mode.FULL if merging else ctx.full)
    ctx.encounter = ctx.owner = record
    record["subject"] = reference(ctx.patient)
    apply("PV1[Encounter]", segment, record, ctx)
    record.setdefault("class", dict(_UNKNOWN_CLASS))
    record["status"] = _status(ctx, segment)
    ordered(ctx, record, "period")
    if merging and ctx.merged_visit:
        _give_up(ctx, ctx.merged_visit, record)


def _key(ctx: Context, segment: Segment) -> tuple[str, ...]:
    found = cx_key(ctx, segment.first(19), "vn") or cx_key(ctx, segment.first(50), "vn")
    if found or ctx.event["action"] in _PERSON_EVENTS:
        return found
    admitted = segment.part(44)
    if admitted:
        return (patient_id(ctx), admitted)
    return (patient_id(ctx), ctx.control) if ctx.event["action"] == "visit" else ()


def _status(ctx: Context, segment: Segment) -> str:
    """Tell the status by the event, else by what the visit says of itself."""
    forced = ctx.event["status"] if ctx.event["action"] == "visit" else ""
    if forced:
        return forced
    if segment.field(45):
        return "finished"
    if segment.part(2).upper() == "P":
        return "planned"
    return "in-progress" if ctx.full is Mode.FULL else "unknown"


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
