"""Find a person: by name, pinyin, a number or a phone, among those who may be seen, then among everybody."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.hub.identity.golden import TAG
from xinglin.portal.filters import NONE as NO_NAME
from xinglin.portal.filters import person_name
from xinglin.trust.gate.values import Asked
from xinglin.web.columns import Column, Table, arranged
from xinglin.web.declared import Declaration, Page
from xinglin.web.visit import Visit

MOST: Final = 100
"""Persons that one search gives."""

FIND: Final = "people find"
"""The door by which somebody is found who isn't in one's care."""

HIDDEN_PARAMETER: Final = "XL6020"
VAGUE: Final = "XL9509"
"""What the gate says to a search by a masked field, and to one that tells no person."""

TREATING: Final = ("TREAT", "BTG")
GOLDEN: Final = (("_tag", f"{TAG['system']}|{TAG['code']}"), ("active", "true"))
"""The record that identity made of all records of one person."""

NONE: Final = [("_summary", "count")]
"""A search that gives nobody, so that it is decided and written down that somebody looked."""

SHOWN_NUMBERS: Final = 2
SEXES: Final[Mapping[str, Phrase]] = {
    "male": Phrase("male"),
    "female": Phrase("female"),
    "other": Phrase("other"),
    "unknown": Phrase("unknown"),
}

_DAY: Final = re.compile(r"(\d{4})[-/.年]?(\d{2})[-/.月]?(\d{2})日?")
_MOBILE: Final = re.compile(r"1\d{10}")
_PINYIN: Final = re.compile(r"[A-Za-zÀ-ɏ'’·.-]+")

PEOPLE: Final = Table(
    "people",
    "Persons found",
    (
        Column("name", "Name", link="href"),
        Column("sex", "Sex"),
        Column("born", "Born", "date"),
        Column("numbers", "Numbers", "code", sorts=False),
        Column("phone", "Phone", "code", sorts=False),
        Column("access", "Record", "badge"),
    ),
    empty="Nobody was found.",
)


@dataclass(frozen=True, slots=True)
class Sought:
    """What was typed, read: each of `searches` is one way to take it, all together find the person."""

    searches: Sequence[Sequence[tuple[str, str]]]


def sought(text: str) -> Sought:
    """Read what was typed: a day is a birth date, signs with digits are a number, letters are pinyin."""
    words = text.split()
    born = [found for word in words if (found := _day(word))]
    others = [word for word in words if not _day(word)]
    numbers = [word for word in others if any(sign.isdigit() for sign in word)]
    names = [word for word in others if word not in numbers]
    date = [("birthdate", born[0])] if born else []
    if numbers:
        number = numbers[0].upper() if numbers[0][:-1].isdigit() else numbers[0]
        ways = ["identifier", "phone"] if _MOBILE.fullmatch(number) else ["identifier"]
        return Sought([[(way, number), *date] for way in ways])
    if names:
        return Sought([[*_named(names), *date]])
    return Sought([date] if date else [])


def _named(names: Sequence[str]) -> list[tuple[str, str]]:
    if all(_PINYIN.fullmatch(one) for one in names):
        return [("name:pinyin", "".join(names).lower())]
    return [("name", one) for one in names]


def _day(word: str) -> str:
    found = _DAY.fullmatch(word)
    return "-".join(found.groups()) if found and found[1] > "1850" and found[2] <= "12" else ""


async def load(visit: Visit) -> Mapping[str, Any]:
    """Give the persons that what was typed finds, masked as the policies say, and whose record is open."""
    typed = visit.text("q")
    asked = sought(typed)
    own, blind = await _own(visit, asked)
    others, vague = await _others(visit, asked)
    open_ = {one["id"] for one in own}
    rows = [_row(one, open_=True) for one in own]
    rows += [_row(one, open_=False) for one in others if one["id"] not in open_]
    return {
        "typed": typed,
        "asked": bool(asked.searches),
        "blind": blind,
        "vague": vague,
        "care": visit.purpose in TREATING,
        "anybody": await visit.opens(FIND),
        "full": len(rows) >= MOST,
        "people": arranged(visit, PEOPLE, rows),
    }


async def _own(visit: Visit, asked: Sought) -> tuple[list[Json], bool]:
    """Search those whose records are open; with nothing typed, give those in one's care, the latest first.

    Tell too whether it would search by what is masked for the reader, which can't be.
    """
    if not asked.searches:
        care = [[("_sort", "-_lastUpdated")]] if visit.purpose in TREATING else [NONE]
        return await _searched(visit, care, "search"), False
    try:
        return await _searched(visit, asked.searches, "search"), False
    except XinglinError as error:
        if error.code != HIDDEN_PARAMETER:
            raise
    return await _searched(visit, [NONE], "search"), True


async def _others(visit: Visit, asked: Sought) -> tuple[list[Json], bool]:
    """Find who isn't in one's care, where the role may; tell too whether more has to be told for that."""
    if not asked.searches or not await visit.opens(FIND):
        return [], False
    await visit.enter_also(FIND)
    try:
        return await _searched(visit, asked.searches, "person.find"), False
    except XinglinError as error:
        if error.code != VAGUE:
            raise
    return [], True


async def _searched(visit: Visit, ways: Sequence[Sequence[tuple[str, str]]], action: str) -> list[Json]:
    """Search in several ways; give each person once, by the record that stands for all of theirs."""
    found: dict[str, Json] = {}
    for pairs in ways:
        limits = [] if pairs == NONE else [*GOLDEN, ("_count", str(MOST))]
        answer = await visit.hub.search(Asked([*pairs, *limits], "Patient"), action=action)
        found |= {hit.record.key.id: hit.record.content for hit in answer.matches}
    return list(found.values())


def _row(patient: Json, *, open_: bool) -> Mapping[str, Any]:
    numbers = {str(one["value"]) for one in objects(patient, "identifier") if one.get("value")}
    phones = {str(one["value"]) for one in objects(patient, "telecom") if one.get("value")}
    return {
        "id": patient["id"],
        "href": f"/people/{patient['id']}",
        "name": name_of(patient),
        "sex": SEXES.get(str(patient.get("gender"))),
        "born": patient.get("birthDate"),
        "numbers": " ".join(sorted(numbers, key=len, reverse=True)[:SHOWN_NUMBERS]),
        "phone": min(phones, key=len, default=""),
        "access": Phrase("open to you") if open_ else Phrase("not in your care"),
        "access_tone": "good" if open_ else "quiet",
    }


def name_of(patient: Json) -> Phrase | str:
    """Give a Patient's name as it may be seen; one that is masked is said to be."""
    written = person_name(patient.get("name"))
    return Phrase("(name masked)") if written == NO_NAME else written


def objects(content: Json, name: str) -> list[Json]:
    """Give the objects of an element that may be missing."""
    found: Any = content.get(name)
    return (
        [one for one in cast("list[Any]", found) if isinstance(one, dict)] if isinstance(found, list) else []
    )


DECLARED: Final = Declaration(
    room="people",
    pages=(
        Page(
            path="/people",
            name="people page",
            title="Find a person",
            load=load,
            template="people/find.html",
            place="person",
            menu=True,
            order=10,
            tables=(PEOPLE,),
        ),
    ),
)
