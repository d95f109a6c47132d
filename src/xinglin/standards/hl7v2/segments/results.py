"""OBX, NTE, SPM and SAC: results, remarks and specimens."""

from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.hl7v2.context import FIELD, LONGEST_STRING, Context, reference
from xinglin.standards.hl7v2.datatypes import UCUM, date_time, ei, split, unit
from xinglin.standards.hl7v2.mapping import apply
from xinglin.standards.hl7v2.message import Segment
from xinglin.standards.hl7v2.segments import documents
from xinglin.standards.hl7v2.segments.common import about, absent, append, code_key, number_key, ordered
from xinglin.standards.hl7v2.values import attachment, reference_range, value
from xinglin.standards.hl7v2.vitals import conform
from xinglin.standards.units import read_unit

_ATTACHED: Final = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Observation.value"
"""R4 has no Observation.valueAttachment; the guide takes R5's."""
_TEXTS: Final = ("ST", "TX", "FT", "")
_NOTED: Final = frozenset(
    (
        "Observation",
        "ServiceRequest",
        "Specimen",
        "Procedure",
        "MedicationRequest",
        "MedicationDispense",
        "Immunization",
        "Condition",
        "AllergyIntolerance",
        "ChargeItem",
    )
)


def obx(ctx: Context, segment: Segment) -> None:
    """Read a result, or a part of a document."""
    if ctx.document is not None:
        documents.content(ctx, segment, ctx.document)
        return
    what = code_key(ctx, segment.first(3))
    if ctx.patient is None or not (what or segment.field(5)):
        ctx.keep_segment(segment)
        return
    if ctx.report is not None and _presented(ctx, segment, ctx.report):
        return
    record = ctx.make("Observation", *_key(ctx, segment, what))
    about(ctx, record)
    apply("OBX[Observation]", segment, record, ctx)
    record.setdefault("status", "unknown")
    record.setdefault("code", absent())
    if segment.field(4):
        append(record, "extension", {"url": FIELD + "OBX-4", "valueString": ctx.text(segment.field(4))})
    _value(ctx, segment, record)
    _relate(ctx, record)
    conform(ctx, segment, record)
    ctx.owner = record


def _key(ctx: Context, segment: Segment, what: str) -> tuple[str, ...]:
    """Know a result by what it belongs to, its code and sub-id; repeated ones by their order too."""
    holder = ctx.report or ctx.order or ctx.encounter or ctx.patient or {}
    loose = ctx.report is None and ctx.order is None
    key = (holder["id"], what, segment.field(4), *([ctx.control] if loose else []))
    ctx.results[key] = count = ctx.results.get(key, 0) + 1
    return key if count == 1 else (*key, str(count))


def _presented(ctx: Context, segment: Segment, report: Json) -> bool:
    """Put a report that came as a PDF file where readers look for it."""
    if segment.field(2) != "ED":
        return False
    found = attachment("ED", segment.field(5), ctx)
    if not found or found.get("contentType") != "application/pdf":
        return False
    title = split(segment.first(3), ctx)
    append(report, "presentedForm", {**found, **({"title": title[1]} if len(title) > 1 and title[1] else {})})
    return True


def _value(ctx: Context, segment: Segment, record: Json) -> None:
    kind, raw = segment.field(2).strip().upper(), segment.field(5)
    units = _measured(unit(segment.first(6), ctx)) if segment.field(6) else {}
    if segment.field(7):
        record["referenceRange"] = [reference_range(ctx.text(segment.field(7)), units)]
    if not raw:
        return
    if kind in ("ED", "RP"):
        found = attachment(kind, raw, ctx)
        if found:
            append(record, "extension", {"url": _ATTACHED, "valueAttachment": found})
        else:
            ctx.keep_field(record, "OBX-5", raw)
        return
    _plain_value(ctx, record, kind, raw, units)


def _measured(units: Json) -> Json:
    """Give a unit its UCUM code where it is known how laboratories write it."""
    known = read_unit(str(units.get("unit", ""))) if "code" not in units else None
    return {**units, "system": UCUM, "code": known} if known else units


def _plain_value(ctx: Context, record: Json, kind: str, raw: str, units: Json) -> None:
    reps = [one for one in raw.split("~") if one and one != '""']
    if kind in _TEXTS:
        text = "\n".join(ctx.text(one) for one in reps)
        if len(text) > LONGEST_STRING:
            ctx.keep_field(record, "OBX-5", text)
        elif text:
            record["valueString"] = text
        return
    values = [value(kind, one, units, ctx) for one in reps]
    if None in values:
        # What isn't of its declared type is a text, and said to be one.
        ctx.note(f"OBX-5 ({kind})")
        record["valueString"] = ctx.text(raw)
        if units:
            ctx.keep_field(record, "OBX-6", units.get("unit", ""))
    elif len(values) == 1 and values[0]:
        record[values[0][0]] = values[0][1]
    elif values:
        record["component"] = [{"code": record["code"], one[0]: one[1]} for one in values if one]


def _relate(ctx: Context, record: Json) -> None:
    order = ctx.order
    if ctx.report is not None:
        append(ctx.report, "result", reference(record))
        if "effectiveDateTime" not in record:
            name = "effectivePeriod" if "effectivePeriod" in ctx.report else "effectiveDateTime"
            if name in ctx.report:
                record[name] = ctx.report[name]
    elif order is not None and order["resourceType"] == "ServiceRequest":
        append(order, "supportingInfo", reference(record))
    elif order is not None and order["resourceType"] == "Immunization":
        append(record, "partOf", reference(order))
    if ctx.request is not None and ctx.report is not None:
        append(record, "basedOn", reference(ctx.request))
    if ctx.specimen is not None and ctx.report is not None:
        record["specimen"] = reference(ctx.specimen)


def nte(ctx: Context, segment: Segment) -> None:
    """Read a remark on what stands before it."""
    text = "\n".join(ctx.text(one) for one in segment.field(3).split("~")).strip()
    record = ctx.owner
    if record is None or not text:
        if any(segment.fields[2:]):
            ctx.keep_segment(segment)
        return
    if record["resourceType"] in _NOTED:
        append(record, "note", {"text": text})
    elif record["resourceType"] == "Appointment":
        record["comment"] = "\n".join(one for one in (record.get("comment"), text) if one)
    else:
        append(record, "extension", {"url": FIELD + "NTE-3", "valueString": text})


def spm(ctx: Context, segment: Segment) -> None:
    """Read a specimen."""
    if ctx.patient is None:
        ctx.keep_segment(segment)
        return
    pair = [one.replace("&", "^") for one in [*segment.first(2).split("^"), ""][:2]]
    number = number_key(ctx, pair[1]) or number_key(ctx, pair[0])
    holder = ctx.report or ctx.request or {"id": ctx.control}
    record = ctx.make("Specimen", *(number or (holder["id"], segment.part(1))))
    record["subject"] = reference(ctx.patient)
    for value_, kind in zip(pair, ("PLAC", "FILL"), strict=True):
        found = ei(value_, ctx, kind) if value_ else None
        if found:
            append(record, "identifier", found)
    apply("SPM[Specimen]", segment, record, ctx)
    _collected(ctx, segment, record)
    ctx.specimen = ctx.owner = record
    for one in (ctx.report, ctx.request):
        if one is not None:
            append(one, "specimen", reference(record))


def _collected(ctx: Context, segment: Segment, record: Json) -> None:
    start, _, end = segment.first(17).partition("^")
    times = {"start": date_time(start, ctx, ""), "end": date_time(end, ctx, "") if end else None}
    period = {name: one for name, one in times.items() if one}
    if not period:
        return
    collection: Json = record.setdefault("collection", {})
    if list(period) == ["start"]:
        collection["collectedDateTime"] = period["start"]
    else:
        collection["collectedPeriod"] = period
        ordered(ctx, collection, "collectedPeriod")


def sac(ctx: Context, segment: Segment) -> None:
    """Read the container of the specimen before it."""
    if ctx.specimen is None:
        ctx.keep_segment(segment)
    else:
        apply("SAC[Specimen]", segment, ctx.specimen, ctx)
