"""Data types of HL7 v2 as FHIR elements: one repetition in, one element out, None where it says nothing.

Each function takes the repetition as written, the message's context and an argument of the mapping table.
Source: the data type maps of the V2-to-FHIR guide (https://build.fhir.org/ig/HL7/v2-to-fhir/).
"""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from xinglin.core.exact_json import ExactDecimal, Json
from xinglin.standards.hl7v2.context import Context
from xinglin.standards.hl7v2.naming import V2, coding, identifier, translated
from xinglin.standards.hl7v2.times import clock, moment

Converter = Callable[[str, Context, str], Any]

_NUMBER: Final = re.compile(r"[+-]?(\d{1,30})(\.\d{1,30})?")
_TEN: Final = re.compile(r"[x×*]?10")
_POWER: Final = re.compile(r"-?\d{1,2}(/|$)")
UCUM: Final = "http://unitsofmeasure.org"


def split(rep: str, ctx: Context) -> list[str]:
    """Give the components, each its first sub-component, without escape sequences."""
    if "\\" in rep or "&" in rep or '"' in rep:
        return [ctx.text(one.split("&", 1)[0]) for one in rep.split("^")]
    return [one.strip() for one in rep.split("^")]


def string(rep: str, ctx: Context, _arg: str) -> str | None:
    """ST, TX, FT, ID as a string."""
    return ctx.text(rep.replace("^", " ").replace("&", " ") if "^" in rep or "&" in rep else rep) or None


def first(rep: str, ctx: Context, _arg: str) -> str | None:
    """Take the first component as a string."""
    return split(rep, ctx)[0] or None


def second(rep: str, ctx: Context, _arg: str) -> str | None:
    """Take the text of a coded value: its second component, else its first."""
    parts = split(rep, ctx)
    return (parts[1] if len(parts) > 1 else "") or parts[0] or None


def date(rep: str, ctx: Context, _arg: str) -> str | None:
    """Give a FHIR date."""
    found = moment(split(rep, ctx)[0], ctx.origin.zone)
    return found.text[:10] if found else None


def date_time(rep: str, ctx: Context, _arg: str) -> str | None:
    """Give a FHIR dateTime in the precision that is there."""
    found = moment(split(rep, ctx)[0], ctx.origin.zone)
    return found.text if found else None


def instant(rep: str, ctx: Context, _arg: str) -> str | None:
    """Give a FHIR instant; None where no time of day is known."""
    found = moment(split(rep, ctx)[0], ctx.origin.zone)
    return found.text if found and found.has_time else None


def time_of_day(rep: str, ctx: Context, _arg: str) -> str | None:
    """Give a FHIR time."""
    return clock(split(rep, ctx)[0])


def number(text: str) -> Decimal | None:
    """Read a number (NM, 2A.47) with its digits as written."""
    found = _NUMBER.fullmatch(text)
    if not found:
        return None
    sign = "-" if text[0] == "-" else ""
    return ExactDecimal(sign + (found[1].lstrip("0") or "0") + (found[2] or ""))


def decimal(rep: str, ctx: Context, _arg: str) -> Decimal | None:
    """Give a FHIR decimal."""
    return number(split(rep, ctx)[0])


def positive(rep: str, ctx: Context, _arg: str) -> int | None:
    """Give a FHIR positiveInt."""
    text = split(rep, ctx)[0]
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:12]) < 2**31 else None


def boolean(rep: str, ctx: Context, _arg: str) -> bool | None:
    """Give Y or N (HL7 table 0136) as a boolean."""
    return {"Y": True, "N": False}.get(split(rep, ctx)[0].upper())


def concept(rep: str, ctx: Context, arg: str) -> Json | None:
    """CE, CWE, CNE, IS as a CodeableConcept: both codings, and the original text."""
    parts = split(rep, ctx)
    if len(parts) == 1:
        return _plain(parts[0], ctx, arg)
    parts += [""] * (9 - len(parts))
    if parts[2].upper() == "L" and "^" not in rep[1:]:
        return _plain(parts[0], ctx, arg)
    sort = arg or "code"
    codings = [
        coding(ctx, parts[0], parts[1], parts[2], sort),
        coding(ctx, parts[3], parts[4], parts[5], sort),
    ]
    text = parts[8] or parts[1] or parts[4]
    found: Json = {}
    known = [one for one in codings if one and "code" in one]
    if known:
        found["coding"] = known
    if text:
        found["text"] = text
    return found or None


def _plain(code: str, ctx: Context, arg: str) -> Json | None:
    one = coding(ctx, code, "", "", arg or "code")
    return {"coding": [one], "text": code} if one else None


def mapped(rep: str, ctx: Context, arg: str) -> str | None:
    """Give FHIR's code for a coded value by the vocabulary table `arg`."""
    found = translated(arg, split(rep, ctx)[0])
    return found[1] if found else None


def mapped_concept(rep: str, ctx: Context, arg: str) -> Json | None:
    """Give a CodeableConcept with FHIR's code by the vocabulary table `arg`, and the original beside it."""
    original = concept(rep, ctx, f"v2-{arg}")
    found = translated(arg, split(rep, ctx)[0])
    if original is None or found is None:
        return original
    system, code = found
    own = ctx.origin.code_system(f"v2-{arg}")
    for one in original.get("coding", []):
        if one["system"] == own and one["code"].isascii():
            # A code that the table knows, in a field with this table, is HL7's own.
            one["system"] = V2 + arg
    codings = [one for one in original.get("coding", []) if (one["system"], one["code"]) != found]
    return {**original, "coding": [{"system": system, "code": code}, *codings]}


def mapped_coding(rep: str, ctx: Context, arg: str) -> Json | None:
    """Give a Coding with FHIR's code by the vocabulary table `arg`, else the original."""
    found = translated(arg, split(rep, ctx)[0])
    if found:
        return {"system": found[0], "code": found[1]}
    original = concept(rep, ctx, f"v2-{arg}")
    return original["coding"][0] if original and "coding" in original else None


def quantity(rep: str, ctx: Context, _arg: str) -> Json | None:
    """CQ (number and unit) as a Quantity."""
    parts = split(rep.replace("&", "^"), ctx)
    value = number(parts[0])
    if value is None:
        return None
    return {"value": value, **unit("^".join(parts[1:4]), ctx)}


def unit(rep: str, ctx: Context) -> Json:
    """Give unit, and system and code where they are UCUM's or the sender's own coding system."""
    if not rep:
        return {}
    parts = [*split(rep, ctx), "", ""]
    code, text, system = parts[0], parts[1], parts[2]
    # 10^9/L is often sent without escaping the sign that separates components; 9/L would be another unit.
    if _TEN.fullmatch(code) and _POWER.match(text):
        return {"unit": f"{code}^{text}"}
    found: Json = {"unit": text or code} if text or code else {}
    if code and system.upper() == "UCUM":
        found |= {"system": UCUM, "code": code}
    return found


def money(rep: str, ctx: Context, _arg: str) -> Json | None:
    """CP, MO, NM as Money; the currency only where it is an ISO 4217 code."""
    amount, _, currency = rep.split("^", 1)[0].partition("&")
    value = number(ctx.text(amount))
    if value is None:
        return None
    code = ctx.text(currency)
    known = len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()
    return {"value": value, "currency": code} if known else {"value": value}


def cx(rep: str, ctx: Context, arg: str) -> Json | None:
    """CX as an Identifier; `arg` is the type where none is given, and names local numbers."""
    parts = [*rep.split("^"), "", "", "", "", "", "", "", ""]
    kind = ctx.text(parts[4]) or arg
    found = identifier(ctx, parts[0].split("&", 1)[0], parts[3], kind.lower() or "number", kind)
    if found is None:
        return None
    start, end = (moment(ctx.text(one), ctx.origin.zone) for one in parts[6:8])
    period = _period(start.text if start else None, end.text if end else None)
    return {**found, "period": period} if period else found


def ei(rep: str, ctx: Context, arg: str) -> Json | None:
    """EI (and v2.3's number^application) as an Identifier of type `arg`."""
    parts = rep.split("^")
    own = "&".join(parts[1:3])
    return identifier(ctx, parts[0].split("&", 1)[0], own, arg.lower() or "number", arg)


def plain_number(rep: str, ctx: Context, arg: str) -> Json | None:
    """Give a bare number as an Identifier of type `arg`."""
    return identifier(ctx, rep.split("^", 1)[0], "", arg.lower(), arg)


def period_range(rep: str, ctx: Context, _arg: str) -> Json | None:
    """DR as a Period."""
    start, _, end = rep.partition("^")
    return _period(date_time(start, ctx, ""), date_time(end, ctx, "") if end else None)


def _period(start: str | None, end: str | None) -> Json:
    if start and end and start > end and start[: len(end)] != end:
        return {"start": start}
    return {key: value for key, value in (("start", start), ("end", end)) if value}


def annotation(rep: str, ctx: Context, _arg: str) -> Json | None:
    """Give a text as an Annotation."""
    text = second(rep, ctx, "")
    return {"text": text} if text else None


def wrapped(rep: str, ctx: Context, _arg: str) -> Json | None:
    """Give a text as a concept without a code."""
    text = second(rep, ctx, "")
    return {"text": text} if text else None


def language(rep: str, ctx: Context, _arg: str) -> Json | None:
    """Give a language as a patient's way to communicate; FHIR demands BCP 47 codes."""
    parts = split(rep, ctx)
    found = translated("0296", parts[0]) or translated("0296", parts[0].lower())
    if not found:
        return None
    concept_: Json = {"coding": [{"system": found[0], "code": found[1]}]}
    return {"language": {**concept_, "text": parts[1]} if len(parts) > 1 and parts[1] else concept_}


def mothers_name(rep: str, ctx: Context, _arg: str) -> Json | None:
    """Give the mother's name before marriage as FHIR's extension."""
    url = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
    text = string(rep.split("^", 2)[0], ctx, "")
    return {"url": url, "valueString": text} if text else None


def count(rep: str, ctx: Context, _arg: str) -> int | None:
    """Give a FHIR unsignedInt."""
    text = split(rep, ctx)[0]
    return int(text) if text.isascii() and text.isdigit() and int(text[:12]) < 2**31 else None
