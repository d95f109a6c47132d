"""RF1 and PRD: referrals."""

from typing import Final

from xinglin.standards.conversion import Mode
from xinglin.standards.hl7v2.context import Context, reference
from xinglin.standards.hl7v2.datatypes import ei
from xinglin.standards.hl7v2.mapping import apply
from xinglin.standards.hl7v2.message import Segment
from xinglin.standards.hl7v2.naming import translated
from xinglin.standards.hl7v2.people import human_name
from xinglin.standards.hl7v2.segments.common import about, append, number_key, ordered

_ROLES: Final = {"RP": "requester", "RT": "performer"}
"""HL7 table 0286: referring and referred-to provider."""


def rf1(ctx: Context, segment: Segment) -> None:
    """Read a referral."""
    if ctx.patient is None:
        ctx.keep_segment(segment)
        return
    key = number_key(ctx, segment.first(6)) or number_key(ctx, segment.first(11)) or (ctx.control,)
    record = ctx.make("ServiceRequest", "referral", *key)
    ctx.referral = ctx.owner = record
    about(ctx, record)
    stated = translated("0283", segment.part(1))
    forced = ctx.event["status"] if ctx.event["action"] == "referral" else ""
    record |= {"status": forced or (stated[1] if stated else "unknown"), "intent": "order"}
    number = ei(segment.first(6), ctx, "PLAC") if segment.field(6) else None
    if number:
        append(record, "identifier", number)
    apply("RF1[ServiceRequest]", segment, record, ctx)
    ordered(ctx, record, "occurrencePeriod")
    for at in (4, 5, 9):
        ctx.keep_field(record, f"RF1-{at}", segment.field(at))


def prd(ctx: Context, segment: Segment) -> None:
    """Read who refers, or to whom."""
    role, referral = _ROLES.get(segment.part(1)), ctx.referral
    if referral is None or role is None:
        ctx.keep_segment(segment)
        return
    number, name = segment.part(7), human_name(segment.first(2), ctx, "")
    if not number:
        ctx.keep_segment(segment)
        whom = {"display": name["text"]} if name else None
    else:
        record = ctx.make("Practitioner", segment.part(7, 2), number, mode=Mode.MENTION)
        identifier = ei("^".join(segment.first(7).split("^")[:1]), ctx, "LN")
        record["identifier"] = [identifier]
        apply("PRD[Practitioner]", segment, record, ctx)
        whom = {**reference(record), **({"display": name["text"]} if name else {})}
    if whom and role == "requester":
        referral.setdefault("requester", whom)
    elif whom:
        append(referral, "performer", whom)
