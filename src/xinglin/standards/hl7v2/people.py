"""Names, addresses, telephones, and who or what they belong to: practitioners, organisations, locations."""

import re
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Mode
from xinglin.standards.hl7v2.context import Context, reference
from xinglin.standards.hl7v2.datatypes import concept, split
from xinglin.standards.hl7v2.naming import identifier, translated

_CHINESE: Final = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff·]+")
PARTICIPATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
PHYSICAL: Final = "http://terminology.hl7.org/CodeSystem/location-physical-type"


def _at(parts: list[str], number: int) -> str:
    return parts[number - 1] if number <= len(parts) else ""


def human_name(rep: str, ctx: Context, arg: str) -> Json | None:
    """XPN as a HumanName; `arg` is the use where none is given. A Chinese name is written without a space."""
    parts = split(rep, ctx)
    family, given = _at(parts, 1), [one for one in (_at(parts, 2), _at(parts, 3)) if one]
    found: Json = {"family": family} if family else {}
    if given:
        found["given"] = given
    for key, at in (("suffix", (4, 6)), ("prefix", (5,))):
        words = [_at(parts, one) for one in at if _at(parts, one)]
        if words:
            found[key] = words
    if not found:
        return None
    use = translated("0200", _at(parts, 7)) or translated("0200", arg)
    if use:
        found["use"] = use[1]
    whole = family + "".join(given)
    found["text"] = (
        whole if _CHINESE.fullmatch(whole) else " ".join([*found.get("prefix", []), *given, family]).strip()
    )
    return found if found["text"] else None


def address(rep: str, ctx: Context, _arg: str) -> Json | None:
    """XAD as an Address."""
    raw = rep.split("^")
    parts = split(rep, ctx)
    street = " ".join(one for one in (ctx.text(one) for one in raw[0].split("&")[:3]) if one)
    lines = [one for one in (street, _at(parts, 2), _at(parts, 8)) if one]
    found: Json = {"line": lines} if lines else {}
    for key, at in (("city", 3), ("district", 9), ("state", 4), ("postalCode", 5), ("country", 6)):
        if _at(parts, at):
            found[key] = _at(parts, at)
    use = translated("0190", _at(parts, 7))
    if found and use:
        found["type" if use[1] in ("postal", "physical") else "use"] = use[1]
    return found or None


def contact_point(rep: str, ctx: Context, _arg: str) -> Json | None:
    """XTN as a ContactPoint: the number as it was written, or put together from its parts."""
    parts = split(rep, ctx)
    equipment = _at(parts, 3) or ("Internet" if _at(parts, 2) in ("NET", "Internet") else "")
    value = _at(parts, 4) if equipment in ("Internet", "X.400") else ""
    value = value or _at(parts, 12) or _at(parts, 1)
    if not value and _at(parts, 7):
        area = [f"+{_at(parts, 5)}" if _at(parts, 5) else "", _at(parts, 6), _at(parts, 7)]
        value = "-".join(one for one in area if one)
        value += f"-{_at(parts, 8)}" if _at(parts, 8) else ""
    value = value or _at(parts, 4)
    if not value:
        return None
    system = translated("0202", equipment)
    found: Json = {"system": system[1] if system else "email" if "@" in value else "phone", "value": value}
    use = translated("0201", _at(parts, 2))
    if equipment == "CP":
        found["use"] = "mobile"
    elif use:
        found["use"] = use[1]
    return found


def practitioner(rep: str, ctx: Context, arg: str) -> Json | None:
    """XCN as a Reference to a practitioner mentioned; by name alone, only its name. `arg`: number first."""
    key = ("XCN", rep)
    if key not in ctx.references:
        ctx.references[key] = _practitioner(rep, ctx, arg)
    known = ctx.references[key]
    return dict(known) if known else None


def _practitioner(rep: str, ctx: Context, _arg: str) -> Json | None:
    raw = [*rep.split("^"), *[""] * 13]
    named = "^".join(raw[1:7])
    name = human_name(named, ctx, "")
    number = identifier(ctx, raw[0].split("&", 1)[0], raw[8], "practitioner", ctx.text(raw[12]))
    if number is None:
        return {"display": name["text"]} if name else None
    record = ctx.make("Practitioner", number["system"], number["value"], mode=Mode.MENTION)
    record["identifier"] = [number]
    if name is None:
        return reference(record)
    record["name"] = [name]
    return {**reference(record), "display": name["text"]}


def ndl_practitioner(rep: str, ctx: Context, _arg: str) -> Json | None:
    """NDL (OBR-32 and the like) as a Reference to a practitioner: its first component is CNN or XCN."""
    return practitioner(rep.split("^", 1)[0].replace("&", "^"), ctx, "")


def actor(rep: str, ctx: Context, _arg: str) -> Json | None:
    """Give a practitioner as an element with `actor`."""
    found = practitioner(rep, ctx, "")
    return {"actor": found} if found else None


def participant(rep: str, ctx: Context, arg: str) -> Json | None:
    """XCN as a participant of an encounter with the participation type `arg`."""
    found = practitioner(rep, ctx, "")
    return (
        {"type": [{"coding": [{"system": PARTICIPATION, "code": arg}]}], "individual": found}
        if found
        else None
    )


def function_performer(rep: str, ctx: Context, arg: str) -> Json | None:
    """XCN as a performer with the function `arg` (system|code)."""
    found = practitioner(rep, ctx, "")
    if not found:
        return None
    system, _, code = arg.partition("|")
    return {"function": {"coding": [{"system": system, "code": code}]}, "actor": found}


def organization(rep: str, ctx: Context, _arg: str) -> Json | None:
    """XON as a Reference to an organisation mentioned; by name alone, only its name."""
    raw = [*rep.split("^"), *[""] * 10]
    name = ctx.text(raw[0].split("&", 1)[0])
    number = identifier(ctx, raw[9] or raw[2], raw[5], "organization", ctx.text(raw[6]))
    if number is None:
        return {"display": name} if name else None
    record = ctx.make("Organization", number["system"], number["value"], mode=Mode.MENTION)
    record["identifier"] = [number]
    if name:
        record["name"] = name
    # An organisation must have an identifier or a name, and a name reads better.
    return {**reference(record), "display": name} if name else reference(record)


def named_organization(rep: str, ctx: Context, _arg: str) -> Json | None:
    """Give an organisation by its name alone."""
    text = concept(rep, ctx, "")
    display = (text or {}).get("text") or (text or {}).get("coding", [{}])[0].get("code")
    return {"display": display} if display else None


_LEVELS: Final = ((3, "bd"), (2, "ro"), (1, "wa"), (8, "lvl"), (7, "bu"), (4, "si"))
"""Components of PL from the smallest place up, with its physical type."""


def location(rep: str, ctx: Context, _arg: str) -> Json | None:
    """PL as a Reference to a location mentioned, of the smallest place it names."""
    key = ("PL", rep)
    if key not in ctx.references:
        ctx.references[key] = _location(rep, ctx)
    known = ctx.references[key]
    return dict(known) if known else None


def _location(rep: str, ctx: Context) -> Json | None:
    parts = split(rep, ctx)
    # Sub-components matter here: a ward is sometimes written as one.
    parts[0] = " ".join(ctx.text(one) for one in rep.split("^", 1)[0].split("&")[:2]).strip()
    named = [_at(parts, at) for at in (4, 7, 8, 1, 2, 3)]
    name = " ".join(one for one in [_at(parts, 9) if not any(named) else "", *named] if one)
    if not name:
        return None
    record = ctx.make("Location", *named, *([name] if not any(named) else []), mode=Mode.MENTION)
    record["name"] = name
    code = next((code for at, code in _LEVELS if _at(parts, at)), None)
    if code:
        record["physicalType"] = {"coding": [{"system": PHYSICAL, "code": code}]}
    return {**reference(record), "display": name}


def visit_location(rep: str, ctx: Context, arg: str) -> Json | None:
    """PL as a location of an encounter with the status `arg`."""
    found = location(rep, ctx, "")
    return {"location": found, "status": arg} if found else None


def work_contact(rep: str, ctx: Context, _arg: str) -> Json | None:
    """XTN of a place of work."""
    found = contact_point(rep, ctx, "")
    return {**found, "use": found.get("use", "work")} if found else None


def scheduled(rep: str, ctx: Context, _arg: str) -> Json | None:
    """XCN as a participant of an appointment."""
    return _booked(practitioner(rep, ctx, ""))


def place_booked(rep: str, ctx: Context, _arg: str) -> Json | None:
    """PL as a participant of an appointment."""
    return _booked(location(rep, ctx, ""))


def resource_booked(rep: str, ctx: Context, _arg: str) -> Json | None:
    """CWE of equipment or the like as a participant of an appointment."""
    found = concept(rep, ctx, "resource") or {}
    display = found.get("text") or next((one["code"] for one in found.get("coding", [])), None)
    return _booked({"display": display} if display else None)


def _booked(actor: Json | None) -> Json | None:
    # Whether they accepted isn't said.
    return {"actor": actor, "status": "needs-action"} if actor else None
