"""AL1, IAM, DG1, PRB and PR1: allergies, diagnoses, problems and procedures."""

from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Mode
from xinglin.standards.hl7v2.context import Context, reference
from xinglin.standards.hl7v2.datatypes import positive, split, string
from xinglin.standards.hl7v2.mapping import apply
from xinglin.standards.hl7v2.message import Segment
from xinglin.standards.hl7v2.naming import translated
from xinglin.standards.hl7v2.segments.common import about, append, code_key, coded, number_key, patient_id
from xinglin.standards.hl7v2.times import moment

_REACTION: Final = {"SV": "severe", "MO": "moderate", "MI": "mild"}
"""V2-to-FHIR: HL7 Concept Map: AllergySeverity[AllergyIntolerance.reaction.severity]."""
_CERTAINTY: Final = {"F": "confirmed", "W": "provisional"}
"""HL7 table 0052: final and working diagnosis."""


def al1(ctx: Context, segment: Segment) -> None:
    """Read an allergy."""
    _allergy(ctx, segment, "AL1", deleted=False)


def iam(ctx: Context, segment: Segment) -> None:
    """Read an allergy, its number and what is to be done with it."""
    _allergy(ctx, segment, "IAM", deleted=segment.part(6).upper() in ("D", "X"))


def _allergy(ctx: Context, segment: Segment, name: str, *, deleted: bool) -> None:
    what = code_key(ctx, segment.first(3))
    if ctx.patient is None or not what:
        ctx.keep_segment(segment)
        return
    record = ctx.make("AllergyIntolerance", ctx.patient["id"], what)
    record["patient"] = reference(ctx.patient)
    apply(f"{name}[AllergyIntolerance]", segment, record, ctx)
    _none_known(ctx, segment, record)
    severity = _REACTION.get(segment.part(4).upper())
    if severity and "reaction" in record:
        record["reaction"][0]["severity"] = severity
    elif severity == "moderate":
        ctx.keep_field(record, f"{name}-4", segment.field(4))
    _state(record, "allergyintolerance", deleted=deleted)
    ctx.owner = record


def _none_known(ctx: Context, segment: Segment, record: Json) -> None:
    """Say in SNOMED's words that no allergy is known, where that was sent in the place of an allergen.

    Such a statement has no category: what kind of allergy isn't known is in its code, as in IPS.
    """
    said = [translated("no-known-allergy", one) for one in split(segment.first(3), ctx)[:2] if one]
    known = next((one for one in said if one), None)
    if known is None:
        return
    code: Json = record.setdefault("code", {})
    code["coding"] = [{"system": known[0], "code": known[1]}, *code.get("coding", [])]
    if record.pop("category", None):
        ctx.keep_field(record, f"{segment.name}-2", segment.field(2))


def _state(record: Json, system: str, *, deleted: bool, clinical: str = "active") -> None:
    if deleted:
        record["verificationStatus"] = coded(
            f"{system}-ver{'ification' if 'all' in system else '-status'}", "entered-in-error"
        )
    else:
        record["clinicalStatus"] = coded(f"{system}-clinical", clinical)


def dg1(ctx: Context, segment: Segment) -> None:
    """Read a diagnosis."""
    what = code_key(ctx, segment.first(3)) or ctx.text(segment.first(4))
    if ctx.patient is None or not what:
        ctx.keep_segment(segment)
        return
    known = ctx.encounter or ctx.patient
    key = number_key(ctx, segment.first(20)) or (known["id"], what, segment.part(6))
    record = ctx.make("Condition", *key)
    about(ctx, record)
    record["category"] = [coded("condition-category", "encounter-diagnosis")]
    apply("DG1[Condition]", segment, record, ctx)
    _coding_method(ctx, segment, record)
    _described(ctx, segment, record)
    certainty = "entered-in-error" if segment.part(21) == "D" else _CERTAINTY.get(segment.part(6).upper())
    if certainty:
        record["verificationStatus"] = coded("condition-ver-status", certainty)
    elif segment.part(6).upper() != "A":
        ctx.keep_field(record, "DG1-6", segment.field(6))
    if ctx.encounter is not None and certainty != "entered-in-error":
        _into_visit(ctx, segment, record, ctx.encounter)
    ctx.owner = record


def _coding_method(ctx: Context, segment: Segment, record: Json) -> None:
    """Until v2.3 the coding system stood in DG1-2."""
    method = segment.part(2)
    parts = segment.first(3).split("^")
    if method and (len(parts) < 3 or not parts[2].strip()):
        whole = Segment(f"DG1|||{'^'.join([*parts, '', ''][:2])}^{method}")
        record.pop("code", None)
        apply("DG1[Condition]", whole, record, ctx)
    elif method:
        ctx.keep_field(record, "DG1-2", segment.field(2))


def _described(ctx: Context, segment: Segment, record: Json) -> None:
    """Take the description (DG1-4, PR1-4) as the text: it has the side and the doubt that codes leave out."""
    text = string(segment.first(4), ctx, "") if segment.field(4) else None
    code: Json = record.setdefault("code", {})
    known = str(code.get("text", ""))
    if text and text not in known:
        if known and all(known not in (one.get("display"), one["code"]) for one in code.get("coding", [])):
            ctx.keep_field(record, f"{segment.name}-3", segment.field(3))
        code["text"] = text
    if "~" in segment.field(4):
        ctx.keep_field(record, f"{segment.name}-4", segment.field(4))


def _into_visit(ctx: Context, segment: Segment, record: Json, visit: Json) -> None:
    entry: Json = {"condition": reference(record)}
    if segment.part(6).upper() == "A":
        entry["use"] = coded("diagnosis-role", "AD")
    rank = positive(segment.first(15), ctx, "") if segment.field(15) else None
    append(visit, "diagnosis", {**entry, "rank": rank} if rank else entry)


def prb(ctx: Context, segment: Segment) -> None:
    """Read a problem."""
    what = code_key(ctx, segment.first(3))
    if ctx.patient is None or not what:
        ctx.keep_segment(segment)
        return
    key = number_key(ctx, segment.first(4)) or (what,)
    record = ctx.make("Condition", ctx.patient["id"], "problem", *key)
    about(ctx, record)
    record["category"] = [coded("condition-category", "problem-list-item")]
    apply("PRB[Condition]", segment, record, ctx)
    for number in (13, 14, 16):
        ctx.keep_field(record, f"PRB-{number}", segment.field(number))
    deleted = segment.part(1).upper() in ("DE", "D")
    if deleted:
        record.pop("abatementDateTime", None)
    _state(record, "condition", deleted=deleted, clinical="resolved" if segment.field(9) else "active")
    ctx.owner = record


def pr1(ctx: Context, segment: Segment) -> None:
    """Read a procedure."""
    what = code_key(ctx, segment.first(3)) or ctx.text(segment.first(4))
    if ctx.patient is None or not what:
        ctx.keep_segment(segment)
        return
    known = ctx.encounter["id"] if ctx.encounter else patient_id(ctx)
    key = number_key(ctx, segment.first(19)) or (known, what, segment.part(5))
    record = ctx.make("Procedure", *key, mode=Mode.FULL)
    about(ctx, record)
    apply("PR1[Procedure]", segment, record, ctx)
    _described(ctx, segment, record)
    record["status"] = "entered-in-error" if segment.part(20) == "D" else _done(ctx, segment)
    ctx.owner = record


def _done(ctx: Context, segment: Segment) -> str:
    """Tell from its time whether it was done when the message was sent; without one nobody knows."""
    at = moment(segment.part(5), ctx.origin.zone)
    if at is None or ctx.sent is None:
        return "unknown"
    return "preparation" if at.at > ctx.sent else "completed"
