"""TXA, and the OBX behind it: documents."""

import base64

from xinglin.core.exact_json import Json
from xinglin.standards.hl7v2.context import Context, reference
from xinglin.standards.hl7v2.datatypes import date_time, ei, string
from xinglin.standards.hl7v2.mapping import apply
from xinglin.standards.hl7v2.message import Segment
from xinglin.standards.hl7v2.segments.common import append, number_key
from xinglin.standards.hl7v2.values import attachment, plain


def txa(ctx: Context, segment: Segment) -> None:
    """Read what is known of a document; its content follows."""
    if ctx.patient is None:
        ctx.keep_segment(segment)
        return
    key = number_key(ctx, segment.first(12)) or (ctx.control,)
    record = ctx.make("DocumentReference", *key)
    ctx.document = ctx.owner = record
    record["subject"] = reference(ctx.patient)
    if ctx.encounter:
        record["context"] = {"encounter": [reference(ctx.encounter)]}
    record["status"] = "entered-in-error" if ctx.event["status"] == "entered-in-error" else "current"
    unique = ei(segment.first(12), ctx, "") if segment.field(12) else None
    if unique:
        record["masterIdentifier"] = unique
    for number, kind in ((14, "PLAC"), (15, "FILL")):
        found = ei(segment.first(number), ctx, kind) if segment.field(number) else None
        if found:
            append(record, "identifier", found)
    apply("TXA[DocumentReference]", segment, record, ctx)
    record["content"] = [{"attachment": _described(ctx, segment)}]
    _parent(ctx, segment, record)


def _described(ctx: Context, segment: Segment) -> Json:
    """Say of the content what TXA says of it; the content itself may come later or never."""
    found: Json = {"title": ctx.text(segment.first(16)) or segment.part(2, 2) or segment.part(2)}
    created = (
        date_time(segment.first(6) or segment.first(4), ctx, "")
        if segment.field(6) or segment.field(4)
        else None
    )
    if created:
        found["creation"] = created
    return {name: one for name, one in found.items() if one} or {"title": ctx.control}


def _parent(ctx: Context, segment: Segment, record: Json) -> None:
    key = number_key(ctx, segment.first(13))
    relation = ctx.event["status"]
    if key and relation in ("replaces", "appends"):
        target = ctx.origin.reference("DocumentReference", *key)
        append(record, "relatesTo", {"code": relation, "target": target})
    elif segment.field(13):
        ctx.keep_field(record, "TXA-13", segment.field(13))


def content(ctx: Context, segment: Segment, record: Json) -> None:
    """Read a part of the document's content: lines of text are joined, files stand each alone."""
    kind, raw = segment.field(2).strip().upper(), segment.field(5)
    if kind in ("ED", "RP"):
        found = attachment(kind, raw, ctx)
        if found is None:
            ctx.keep_segment(segment)
            return
    else:
        lines = [string(one, ctx, "") or "" for one in raw.split("~")] if raw else []
        found = plain("\n".join(lines)) if lines else None
    if found:
        _add(record, found)


def _add(record: Json, found: Json) -> None:
    last: Json = record["content"][-1]["attachment"]
    text = found.get("contentType", "").startswith("text/plain")
    if text and last.get("contentType") == found["contentType"]:
        lines = [base64.b64decode(one["data"]).decode() for one in (last, found)]
        last["data"] = plain("\n".join(lines))["data"]
    elif "data" in last or "url" in last:
        shared = {name: last[name] for name in ("title", "creation") if name in last}
        record["content"].append({"attachment": {**found, **shared}})
    else:
        last |= found
