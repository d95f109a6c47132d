"""IN1, GT1 and FT1: who pays, and what was charged."""

from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Mode
from xinglin.standards.hl7v2.context import Context, reference
from xinglin.standards.hl7v2.datatypes import concept, cx, split
from xinglin.standards.hl7v2.mapping import apply
from xinglin.standards.hl7v2.message import Segment
from xinglin.standards.hl7v2.naming import translated
from xinglin.standards.hl7v2.people import human_name
from xinglin.standards.hl7v2.segments.common import about, append, code_key, coded, cx_key, ordered

_CLASSES = ((2, "plan", 1, 2), (8, "group", 1, 0), (9, "group", 0, 1))


def account(ctx: Context) -> Json | None:
    """Begin the account of an accounting message: by PID-18, else by the visit's number."""
    if ctx.event["action"] != "account" or ctx.patient is None:
        return None
    patient = ctx.person
    number = patient.first(18) if patient else ""
    key = cx_key(ctx, number, "an") or ((ctx.encounter["id"],) if ctx.encounter else (ctx.patient["id"],))
    mode = Mode.FULL if ctx.event["message"] == "BAR" else Mode.MENTION
    record = ctx.make("Account", *key, mode=mode)
    record |= {"status": ctx.event["status"], "subject": [reference(ctx.patient)]}
    identifier = cx(number, ctx, "AN") if number else None
    if identifier:
        record["identifier"] = [identifier]
    return record


def in1(ctx: Context, segment: Segment) -> None:
    """Read who insures the patient."""
    company = segment.first(4) or segment.first(3)
    payor = _payor(ctx, segment)
    if ctx.patient is None or not company or not payor:
        ctx.keep_segment(segment)
        return
    member = segment.part(36) or segment.part(49) or segment.part(1)
    key = (ctx.patient["id"], member, code_key(ctx, segment.first(2)), company.split("^", 1)[0])
    record = ctx.make("Coverage", *key, mode=Mode.FULL if ctx.event["action"] == "account" else ctx.full)
    record["status"] = "active"
    record["beneficiary"] = reference(ctx.patient)
    apply("IN1[Coverage]", segment, record, ctx)
    record.setdefault("payor", []).extend([] if record.get("payor") else [payor])
    ordered(ctx, record, "period")
    _classes(ctx, segment, record)
    for number in (10, 18, 42):
        ctx.keep_field(record, f"IN1-{number}", segment.field(number))
    holder = human_name(segment.first(16), ctx, "") if segment.field(16) else None
    if holder:
        record["policyHolder"] = {"display": holder["text"]}
    bill = account(ctx)
    if bill is not None:
        append(bill, "coverage", {"coverage": reference(record)})
    ctx.owner = record


def _payor(ctx: Context, segment: Segment) -> Json | None:
    number = cx(segment.first(3), ctx, "") if segment.field(3) else None
    if number:
        return {"identifier": number}
    name = split(segment.first(4), ctx)[0] if segment.field(4) else ""
    return {"display": name} if name else None


def _classes(ctx: Context, segment: Segment, record: Json) -> None:
    for at, kind, value_at, name_at in _CLASSES:
        parts = ["", *split(segment.first(at), ctx), "", ""] if segment.field(at) else []
        if not parts:
            continue
        value = parts[value_at] if value_at else ""
        name = parts[name_at] if name_at else ""
        if value or name:
            entry = {"type": coded("coverage-class", kind), "value": value or name}
            append(record, "class", {**entry, "name": name} if name else entry)


def gt1(ctx: Context, segment: Segment) -> None:
    """Read who answers for the patient's bills."""
    names = split(segment.first(3), ctx) if segment.field(3) else []
    if ctx.patient is None or not any(names):
        ctx.keep_segment(segment)
        return
    record = ctx.make("RelatedPerson", ctx.patient["id"], "GT1", *names[:3], mode=ctx.full)
    record["patient"] = reference(ctx.patient)
    apply("GT1[RelatedPerson]", segment, record, ctx)
    ordered(ctx, record, "period")
    bill = account(ctx)
    if bill is not None:
        append(bill, "guarantor", {"party": reference(record)})
    ctx.owner = record


def ft1(ctx: Context, segment: Segment) -> None:
    """Read a charge."""
    code = next((segment.first(at) for at in (7, 25) if segment.field(at)), "")
    bill = account(ctx)
    if ctx.patient is None or not code_key(ctx, code):
        ctx.keep_segment(segment)
        return
    holder = (bill or ctx.encounter or ctx.patient)["id"]
    number = segment.part(2)
    record = ctx.make("ChargeItem", holder, *([number] if number else [ctx.control, segment.part(1)]))
    about(ctx, record, visit="context")
    if bill is not None:
        record["account"] = [reference(bill)]
    kind = translated("0017", segment.part(6))
    record["status"] = kind[1] if kind else "unknown"
    apply("FT1[ChargeItem]", segment, record, ctx)
    if segment.part(6) != "CG":
        ctx.keep_field(record, "FT1-6", segment.field(6))
    found = concept(code, ctx, "charge")
    if found:
        record.setdefault("code", found)
    ctx.owner = record
