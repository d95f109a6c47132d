"""One message: checked, walked through, and told as facts."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from xinglin.standards.conversion import Fact, Origin
from xinglin.standards.hl7v2.context import Context
from xinglin.standards.hl7v2.errors import (
    FieldMissing,
    NoMessageType,
    SegmentMissing,
    TimeMissing,
    UnknownEvent,
)
from xinglin.standards.hl7v2.message import Message
from xinglin.standards.hl7v2.segments import HANDLERS, SAYS_NOTHING, dosage
from xinglin.standards.hl7v2.segments.finance import account
from xinglin.standards.hl7v2.segments.orders import close
from xinglin.standards.hl7v2.segments.patient import known_patient
from xinglin.standards.hl7v2.segments.schedule import settle
from xinglin.standards.hl7v2.tables import events
from xinglin.standards.hl7v2.times import moment


def read(message: Message, origin: Origin, codec: str) -> tuple[Sequence[Fact], Sequence[str]]:
    """Give what a message says, and what of it isn't understood. Raises the errors of this package."""
    event, name = _event(message)
    _require(message, event, name)
    time, doubt = _time(message, origin)
    ctx = Context(origin, event, time=time, control=message.header.part(10), codec=codec)
    sent = moment(message.header.part(7), origin.zone)
    ctx.sent = sent.at if sent else time
    if doubt:
        ctx.note(doubt)
    ctx.person = message.first("PID")
    if ctx.person:
        ctx.patient = known_patient(ctx, ctx.person)
        if ctx.patient is None:
            raise FieldMissing(expression="PID-3", place="PID-3", event=name)
    _walk(message, ctx)
    return ctx.facts(), list(ctx.unknown)


def _walk(message: Message, ctx: Context) -> None:
    for segment in message.segments[1:]:
        handler = HANDLERS.get(segment.name)
        if handler:
            handler(ctx, segment)
            if segment.name == "PID":
                ctx.person = segment
        elif segment.name not in SAYS_NOTHING:
            ctx.keep_segment(segment)
    close(ctx)
    for one in ctx.pending:
        ctx.keep_segment(one)
    dosage.complete(ctx)
    settle(ctx)
    account(ctx)
    ctx.house()


def _event(message: Message) -> tuple[Mapping[str, str], str]:
    kind = message.header
    code, trigger = kind.part(9).upper(), kind.part(9, 2).upper()
    if not trigger and code == "ADT" and (evn := message.first("EVN")):
        # Until v2.3 some systems named the event in EVN-1 alone.
        trigger = evn.part(1).upper()
    if not code:
        raise NoMessageType(expression="MSH-9")
    name = f"{code}^{trigger}" if trigger else code
    found = events().get((code, trigger))
    if found is None:
        raise UnknownEvent(expression="MSH-9", event=name[:40])
    return found, name


def _require(message: Message, event: Mapping[str, str], name: str) -> None:
    present = {one.name for one in message.segments}
    for segment in event["needs"].split():
        if present.isdisjoint(segment.split("|")):
            wanted = segment.split("|")[0]
            raise SegmentMissing(expression=wanted, segment=wanted, event=name)
    if event["action"] == "merge-patient":
        merged = message.first("MRG")
        if merged and not merged.part(1):
            raise FieldMissing(expression="MRG-1", place="MRG-1", event=name)


def _time(message: Message, origin: Origin) -> tuple[datetime | None, str | None]:
    """Take the time at which the event was recorded, else at which the message was made.

    An event recorded after its message was made is a contradiction: then the message's time counts.
    """
    evn = message.first("EVN")
    sent, recorded = message.header.part(7), evn.part(2) if evn else ""
    made, noted = (moment(one, origin.zone) if one else None for one in (sent, recorded))
    if sent and made is None:
        raise TimeMissing(expression="MSH-7", place="MSH-7", found=sent[:40])
    doubt = "EVN-2" if recorded and (noted is None or (made and noted.at > made.at)) else None
    at = noted.at if noted and not doubt else made.at if made else None
    return at, doubt
