"""PID, PD1, NK1 and MRG: who the message is about, who belongs to them, and who turned out to be the same."""

from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Mode
from xinglin.standards.hl7v2.context import Context, reference
from xinglin.standards.hl7v2.datatypes import boolean, cx, split
from xinglin.standards.hl7v2.mapping import apply
from xinglin.standards.hl7v2.message import Segment
from xinglin.standards.hl7v2.segments.common import append, cx_key, ordered
from xinglin.standards.hl7v2.times import moment

_PREFERRED: Final = ("MR", "PI", "PT")
_BIRTH_TIME: Final = "http://hl7.org/fhir/StructureDefinition/patient-birthTime"


def chosen(value: str) -> str:
    """Choose the number that a patient is known by: a medical record or internal number, else the first."""
    numbers = [one for one in value.split("~") if one.split("^", 1)[0].strip() not in ("", '""')]
    kinds = {one: ([*one.split("^"), *[""] * 5][4]).strip().upper() for one in numbers}
    for kind in _PREFERRED:
        found = next((one for one in numbers if kinds[one] == kind), None)
        if found:
            return found
    return numbers[0] if numbers else ""


def known_patient(ctx: Context, segment: Segment) -> Json | None:
    """Begin the record of the patient of a PID; None where PID-3 is empty."""
    key = cx_key(ctx, chosen(segment.field(3)), "pi")
    if not key:
        return None
    return ctx.make("Patient", *key, mode=ctx.full)


def pid(ctx: Context, segment: Segment) -> None:
    """Read the patient."""
    record = known_patient(ctx, segment)
    if record is None:
        ctx.keep_segment(segment)
        return
    if ctx.patient is not record:
        ctx.encounter = None
    ctx.patient = ctx.owner = record
    apply("PID[Patient]", segment, record, ctx)
    if "deceasedDateTime" not in record and segment.field(30):
        deceased = boolean(segment.field(30), ctx, "")
        if deceased is not None:
            record["deceasedBoolean"] = deceased
    born = moment(segment.part(7), ctx.origin.zone)
    if born and born.has_time and "birthDate" in record:
        record["_birthDate"] = {"extension": [{"url": _BIRTH_TIME, "valueDateTime": born.text}]}
    if ctx.event["action"] == "delete":
        record["active"] = False


def pd1(ctx: Context, segment: Segment) -> None:
    """Read more about the patient."""
    if ctx.patient is None:
        ctx.keep_segment(segment)
    else:
        apply("PD1[Patient]", segment, ctx.patient, ctx)


def nk1(ctx: Context, segment: Segment) -> None:
    """Read somebody who belongs to the patient."""
    names = split(segment.first(2), ctx)
    if ctx.patient is None or not any(names):
        ctx.keep_segment(segment)
        return
    relation = split(segment.first(3), ctx)[0]
    record = ctx.make("RelatedPerson", ctx.patient["id"], *names[:3], relation, mode=ctx.full)
    record["patient"] = reference(ctx.patient)
    apply("NK1[RelatedPerson]", segment, record, ctx)
    ordered(ctx, record, "period")
    ctx.owner = record


def mrg(ctx: Context, segment: Segment) -> None:
    """Read what was merged into the patient, account or visit of this message."""
    if ctx.patient is None:
        ctx.keep_segment(segment)
        return
    action = ctx.event["action"]
    if action == "merge-account":
        _account(ctx, segment)
    elif action == "merge-visit":
        _visit(ctx, segment)
    else:
        _person(ctx, segment, ctx.patient)


def _person(ctx: Context, segment: Segment, survivor: Json) -> None:
    prior = chosen(segment.field(1))
    key = cx_key(ctx, prior, "pi")
    if not key or ctx.origin.id("Patient", *key) == survivor["id"]:
        ctx.keep_segment(segment)
        return
    record = ctx.make("Patient", *key, mode=Mode.MERGE, lists=("identifier", "link"))
    record["active"] = False
    for rep in segment.field(1).split("~"):
        number = cx(rep, ctx, "")
        if number:
            append(record, "identifier", number)
    append(record, "link", {"other": reference(survivor), "type": "replaced-by"})
    append(survivor, "link", {"other": reference(record), "type": "replaces"})


def _account(ctx: Context, segment: Segment) -> None:
    key = cx_key(ctx, segment.first(3), "an")
    if not key:
        ctx.keep_segment(segment)
        return
    record = ctx.make("Account", *key, mode=Mode.MERGE, lists=("identifier",))
    number = cx(segment.first(3), ctx, "AN")
    record |= {"status": "inactive", **({"identifier": [number]} if number else {})}


def _visit(ctx: Context, segment: Segment) -> None:
    # The visit itself follows as PV1, with its patient; a number given up is kept with it.
    ctx.merged_visit = segment
    if not segment.field(5):
        ctx.keep_segment(segment)
