"""Observation values: OBX-5 by its type in OBX-2, with units and reference ranges."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from xinglin.core.exact_json import Json
from xinglin.standards.conversion.comparators import compared
from xinglin.standards.hl7v2 import datatypes
from xinglin.standards.hl7v2.context import Context

_RANGE: Final = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(?:-{1,2}|~|～|—|–|－)\s*([+-]?\d+(?:\.\d+)?)")
_BOUND: Final = re.compile(r"(<=|>=|≤|≥)\s*([+-]?\d+(?:\.\d+)?)")
_MIME: Final = {
    "PDF": "application/pdf",
    "RTF": "application/rtf",
    "HTML": "text/html",
    "XML": "text/xml",
    "JPEG": "image/jpeg",
    "JPG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "DICOM": "application/dicom",
    "MP4": "video/mp4",
    "WAV": "audio/wav",
}
"""HL7 table 0291 (subtype of referenced data) as media types (RFC 2046)."""

Value = tuple[str, Any]
"""Element of Observation, and its value."""


def value(kind: str, rep: str, units: Json, ctx: Context) -> Value | None:
    """Give a repetition of OBX-5 as an element; None where it isn't of the type it claims."""
    reader = _READERS.get(kind, _string)
    return reader(rep, units, ctx)


def _string(rep: str, _: Json, ctx: Context) -> Value | None:
    text = datatypes.string(rep, ctx, "")
    return ("valueString", text) if text else None


def _number(rep: str, units: Json, ctx: Context) -> Value | None:
    sign, text = compared(ctx.text(rep))
    found = datatypes.number(text)
    if found is None:
        return None
    return "valueQuantity", {"value": found, **({"comparator": sign} if sign else {}), **units}


def _structured(rep: str, units: Json, ctx: Context) -> Value | None:
    """SN: comparator, number, separator, number (v2.8.2, 2A.70)."""
    parts = [*datatypes.split(rep, ctx), "", "", "", ""]
    low, high = datatypes.number(parts[1]), datatypes.number(parts[3])
    sign, separator = parts[0], parts[2]
    if low is not None and high is not None and not sign:
        if separator == "-" and low <= high:
            return "valueRange", {"low": {"value": low, **units}, "high": {"value": high, **units}}
        if separator in (":", "/"):
            return "valueRatio", {
                "numerator": {"value": low, **units},
                "denominator": {"value": high, **units},
            }
    if low is not None and not parts[3] and not separator and sign in ("", "=", "<", ">", "<=", ">="):
        comparator = {"comparator": sign} if sign not in ("", "=") else {}
        return "valueQuantity", {"value": low, **comparator, **units}
    text = " ".join(one for one in parts if one)
    return ("valueString", text) if text else None


def _range(rep: str, units: Json, ctx: Context) -> Value | None:
    """NR: from and to."""
    low, _, high = rep.partition("^")
    ends = {"low": datatypes.number(ctx.text(low)), "high": datatypes.number(ctx.text(high))}
    found = {name: {"value": one, **units} for name, one in ends.items() if one is not None}
    return ("valueRange", found) if found else None


def _simple(name: str, convert: datatypes.Converter) -> Callable[[str, Json, Context], Value | None]:
    def reader(rep: str, _: Json, ctx: Context) -> Value | None:
        found = convert(rep, ctx, "result")
        return (name, found) if found is not None else None

    return reader


def attachment(kind: str, rep: str, ctx: Context) -> Json | None:
    """ED or RP as an Attachment; None where its content can't be read."""
    parts = [*rep.split("^"), "", "", "", ""]
    if kind == "RP":
        url = ctx.text(parts[0])
        found: Json = {"url": url} if url and not re.search(r"\s", url) else {}
        return {**_media(ctx, parts[2], parts[3]), **found} if found else None
    encoding, body = ctx.text(parts[3]).upper(), parts[4]
    if encoding == "BASE64":
        data = re.sub(r"\s|\\\.br\\", "", body)
        try:
            base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            return None
        return {**_media(ctx, parts[1], parts[2]), "data": data} if data else None
    text = ctx.text("^".join(parts[4:]).rstrip("^"))
    return plain(text) if text and encoding in ("", "A") else None


def _media(ctx: Context, major: str, minor: str) -> Json:
    kind = _MIME.get(ctx.text(minor).upper()) or _MIME.get(ctx.text(major).upper())
    return {"contentType": kind} if kind else {}


def plain(text: str) -> Json:
    """Give a text as an Attachment."""
    data = base64.b64encode(text.encode()).decode()
    return {"contentType": "text/plain; charset=utf-8", "data": data}


_READERS: Final[Mapping[str, Callable[[str, Json, Context], Value | None]]] = {
    "NM": _number,
    "SN": _structured,
    "NR": _range,
    "CE": _simple("valueCodeableConcept", datatypes.concept),
    "CWE": _simple("valueCodeableConcept", datatypes.concept),
    "CNE": _simple("valueCodeableConcept", datatypes.concept),
    "CF": _simple("valueCodeableConcept", datatypes.concept),
    "IS": _simple("valueCodeableConcept", datatypes.concept),
    "DT": _simple("valueDateTime", datatypes.date_time),
    "TS": _simple("valueDateTime", datatypes.date_time),
    "DTM": _simple("valueDateTime", datatypes.date_time),
    "TM": _simple("valueTime", datatypes.time_of_day),
    "DR": _simple("valuePeriod", datatypes.period_range),
    "CQ": _simple("valueQuantity", datatypes.quantity),
}


def reference_range(text: str, units: Json) -> Json:
    """Give OBX-7 as it was written, with low and high where they are plain (`3.5-5.5`, `≤1.0`)."""
    found: Json = {"text": text}
    both, one = _RANGE.fullmatch(text), _BOUND.fullmatch(text)
    if both:
        low, high = datatypes.number(both[1]), datatypes.number(both[2])
        if low is not None and high is not None and low <= high:
            found |= {"low": {"value": low, **units}, "high": {"value": high, **units}}
    elif one:
        name = "high" if one[1] in ("<=", "≤") else "low"
        found[name] = {"value": datatypes.number(one[2]), **units}
    return found
