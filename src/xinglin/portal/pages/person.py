"""A person on one screen: who it is, what matters, and which institution told each fact."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

from xinglin.core import clock
from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.hub.records import Key
from xinglin.portal.pages.person_find import SEXES, name_of, objects
from xinglin.trust.gate.rooms import lifelong as room
from xinglin.web.columns import Column, Table, arranged
from xinglin.web.declared import Declaration, Page, Tab
from xinglin.web.visit import Visit

FIRST: Final = ("problems", "medications", "allergies", "results", "vital_signs", "visits")
"""Sections that are shown whether or not there is anything in them; others only with something."""

TITLES: Final[Mapping[str, Phrase]] = {"visits": Phrase("Visits")}

KINDS: Final[Mapping[str, Phrase]] = {
    "visit": Phrase("visit"),
    "diagnosis": Phrase("diagnosis"),
    "medicine": Phrase("medicine"),
    "result": Phrase("test result"),
    "report": Phrase("report"),
    "procedure": Phrase("procedure"),
    "immunization": Phrase("immunization"),
    "image": Phrase("images"),
    "document": Phrase("document"),
    "allergy": Phrase("allergy"),
}
FLAGS: Final[Mapping[str, tuple[Phrase, str]]] = {
    "H": (Phrase("↑ high"), "warn"),
    "L": (Phrase("↓ low"), "warn"),
    "HH": (Phrase("↑↑ very high"), "bad"),
    "LL": (Phrase("↓↓ very low"), "bad"),
    "A": (Phrase("abnormal"), "warn"),
    "AA": (Phrase("very abnormal"), "bad"),
    "POS": (Phrase("positive"), "warn"),
    "NEG": (Phrase("negative"), "quiet"),
    "N": (Phrase("normal"), "good"),
}
"""Words and tones of flags of results (http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation)."""

INSTITUTIONS: Final = Table(
    "institutions",
    "Who told it",
    (Column("name", "Institution"), Column("facts", "Facts", "number")),
    empty="No institution has told anything yet.",
)


async def load(visit: Visit) -> Mapping[str, Any]:
    """Give a person on one screen. Raises Hidden."""
    id_ = visit.path["id"]
    found = await room.screen(visit.hub, id_, visit.language)
    parts = [_part(one) for one in found["sections"] if one["total"] or one["id"] in FIRST]
    told = [{"name": name, "facts": count} for name, count in found["institutions"].items()]
    return {
        "id": id_,
        "title": name_of(found["patient"]),
        "trail": TRAIL,
        "who": _who(found["patient"], today(visit)),
        "emergency": visit.purpose == "BTG",
        "records": found["records"],
        "patients": len(found["patients"]),
        "counts": [
            {"kind": kind, "word": KINDS[kind], "count": count, "href": f"/people/{id_}/timeline?kind={kind}"}
            for kind, count in found["counts"].items()
        ],
        "parts": parts,
        "institutions": arranged(visit, INSTITUTIONS, told),
    }


TRAIL: Final[Sequence[Mapping[str, Any]]] = ({"href": "/people", "title": Phrase("Find a person")},)


async def named(visit: Visit) -> Mapping[str, Any]:
    """Give what the pages about one person have in common: title and way back. Raises Hidden."""
    record = await visit.hub.read(Key("Patient", visit.path["id"]))
    return {
        "id": visit.path["id"],
        "title": name_of(record.content),
        "trail": TRAIL,
        "emergency": visit.purpose == "BTG",
    }


def today(visit: Visit) -> date:
    """Give the day it is where the hub is."""
    return clock.now().astimezone(ZoneInfo(visit.settings.time_zone)).date()


def _who(patient: Json, day: date) -> Mapping[str, Any]:
    born = str(patient.get("birthDate") or "")
    numbers = dict.fromkeys(str(one["value"]) for one in objects(patient, "identifier") if one.get("value"))
    phones = dict.fromkeys(str(one["value"]) for one in objects(patient, "telecom") if one.get("value"))
    return {
        "sex": SEXES.get(str(patient.get("gender"))),
        "born": born or None,
        "age": age(born, day),
        "numbers": list(numbers),
        "phones": list(phones),
        "address": next((one["text"] for one in objects(patient, "address") if one.get("text")), None),
        "died": patient.get("deceasedDateTime"),
        "dead": bool(patient.get("deceasedDateTime") or patient.get("deceasedBoolean")),
    }


def age(born: str, day: date) -> int | None:
    """Give whole years since a FHIR date; None where the day isn't known, or is masked."""
    if len(born) != 10:
        return None
    year, month, of = (int(one) for one in born.split("-"))
    return day.year - year - ((day.month, day.day) < (month, of))


def _part(section: Json) -> Mapping[str, Any]:
    return {
        "id": section["id"],
        "title": TITLES.get(section["id"], section["title"]),
        "total": section["total"],
        "more": max(0, section["total"] - sum(not one["contradicted"] for one in section["entries"])),
        "entries": [shown(one) for one in section["entries"]],
    }


def shown(entry: Json) -> Mapping[str, Any]:
    """Give an entry of the lifelong record as pages show it."""
    value: Json = entry.get("value") or {}
    flag = str(value.get("flag") or "")
    word, tone = FLAGS.get(flag, (flag, "warn" if flag else "quiet"))
    parts = [f"{one['title']} {one['value']['text']}" for one in entry.get("parts", ()) if one.get("value")]
    return {
        "record": entry["record"],
        "kind": entry["kind"],
        "kind_word": KINDS[entry["kind"]],
        "start": entry["start"],
        "end": entry["end"],
        "title": entry["title"],
        "detail": entry.get("detail"),
        "value": value.get("text") or "；".join(parts) or None,
        "range": range_of(value.get("range") or {}),
        "flag": word or None,
        "flag_tone": tone,
        "standing": None if entry.get("status") == "finished" else entry.get("standing"),
        "contradicted": entry.get("contradicted", False),
        "where": entry["place"]["name"] or None,
        "told_by": "、".join(tellers(entry)) or None,
        "times_told": len(entry["sources"]),
        "why": list(dict.fromkeys(why for one in entry["sources"] for why in one.get("why", ()))),
    }


def tellers(entry: Json) -> list[str]:
    """Give the institutions that told a fact, each once."""
    names = (one["name"] or one["institution"] for one in entry["sources"])
    return list(dict.fromkeys(str(one) for one in names if one))


def range_of(bounds: Json) -> str | None:
    """Write a reference range as it was sent."""
    low, high = bounds.get("low"), bounds.get("high")
    if low is not None and high is not None:
        return f"{low} – {high}"
    if low is not None:
        return f"≥ {low}"
    return f"≤ {high}" if high is not None else bounds.get("text")


DECLARED: Final = Declaration(
    room="person",
    pages=(
        Page(
            path="/people/{id}",
            name="person page",
            title="Person",
            load=load,
            template="people/person.html",
            place="person",
            tables=(INSTITUTIONS,),
            patient="id",
        ),
    ),
    tabs=(Tab(page="person page", title="Overview", order=10),),
)
