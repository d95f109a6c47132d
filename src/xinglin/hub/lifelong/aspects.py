"""Where on the body, on what and how: what tells two records apart that bear one code and one time.

Left and right knee, two specimens, by mouth and into a vein: where both records say it and it differs they
are two facts. What can't be compared (a code beside a word) counts as different: showing twice harms nobody.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, Final

import msgspec

from xinglin.core.exact_json import Json
from xinglin.hub.lifelong.concepts import Codes, codes_of, contradict
from xinglin.hub.lifelong.elements import member, name_of_concept, objects
from xinglin.hub.lifelong.tables import rows
from xinglin.hub.lifelong.values import fold

_SIDED: Final = frozenset({"Condition", "Procedure", "Observation"})
"""Types whose code's words may name a side; in medicines 左 begins names (左氧氟沙星)."""
_HOLDERS: Final = frozenset(
    {*("bodySite", "site", "specimen", "route", "method", "extension", "dosage", "dosageInstruction")}
)
_DOSED: Final = ("dosage", "dosageInstruction")
_NONE: Final = frozenset[str]()
_BOTH: Final = frozenset({"left", "right"})


class Named(msgspec.Struct, frozen=True):
    """A concept or reference: its codings (a reference's target too) and its folded words."""

    codes: Codes
    words: str


Several = tuple[Named, ...]
"""All that a record names of one sort; empty where it says nothing."""


class Aspects(msgspec.Struct, frozen=True):
    """Body sites, sides, specimens, routes and methods that a record names."""

    sites: Several = ()
    sides: frozenset[str] = frozenset()
    specimens: Several = ()
    routes: Several = ()
    methods: Several = ()


NOTHING: Final = Aspects()


def aspects(content: Json) -> Aspects:
    """Read where on the body, on what and how."""
    kind = content["resourceType"]
    sides = _sides_in_code(content) if kind in _SIDED else _NONE
    if kind == "AllergyIntolerance" or _HOLDERS.isdisjoint(content):
        return Aspects(sides=sides) if sides else NOTHING
    doses = [dose for name in _DOSED for dose in objects(content.get(name))]
    sites = [*_members(content, "bodySite", "site"), *_members_of(doses, "site")]
    found = Aspects(
        sites=_several(sites),
        sides=sides | _sides_at(sites, content),
        specimens=_several(objects(content.get("specimen"))),
        routes=_several([*objects(content.get("route")), *_members_of(doses, "route")]),
        methods=_several([*objects(content.get("method")), *_members_of(doses, "method")]),
    )
    return NOTHING if found == NOTHING else found


def differ(one: Aspects, other: Aspects) -> bool:
    """Tell whether two records say something different about where, on what or how. Symmetric."""
    if one is NOTHING or other is NOTHING or one == other:
        return False
    return (
        bool(one.sides and other.sides and one.sides != other.sides)
        or _different(one.sites, other.sites)
        or _different(one.specimens, other.specimens)
        or _different(one.routes, other.routes)
        or _different(one.methods, other.methods)
    )


def _different(one: Several, other: Several) -> bool:
    if not one or not other or one == other:
        return False
    return not (
        all(any(_same(mine, theirs) for theirs in other) for mine in one)
        and all(any(_same(theirs, mine) for mine in one) for theirs in other)
    )


def _same(one: Named, other: Named) -> bool:
    if one.words and other.words and one.words != other.words:
        return False
    shared = one.codes & other.codes
    if contradict(one.codes, other.codes, shared):
        return False
    return bool(shared or (one.words and one.words == other.words))


def _members(content: Json, *names: str) -> list[Json]:
    return [one for name in names for one in objects(content.get(name))]


def _members_of(doses: Iterable[Json], name: str) -> list[Json]:
    return [one for dose in doses for one in objects(dose.get(name))]


def _several(concepts: Iterable[Json]) -> Several:
    found = (_named(one) for one in concepts)
    named = {one for one in found if one.codes or one.words}
    return tuple(sorted(named, key=lambda one: (sorted(one.codes), one.words)))


def _named(concept: Json) -> Named:
    number = member(concept.get("identifier"))
    codes = codes_of(concept)
    if concept.get("reference"):
        codes |= {f"reference|{concept['reference']}"}
    if number.get("value"):
        codes |= {f"{number.get('system', '')}|{number['value']}"}
    return Named(codes, fold(name_of_concept(concept) or str(concept.get("display") or "")))


def _sides_in_code(content: Json) -> frozenset[str]:
    concept = member(content.get("code"))
    found = _sides_in(str(concept["text"])) if "text" in concept else _NONE
    for coding in objects(concept.get("coding")):
        if "display" in coding:
            found |= _sides_in(str(coding["display"]))
    return found


def _sides_at(sites: Iterable[Json], content: Json) -> frozenset[str]:
    """Give the sides that body sites name, in words, by code or by extension, and the record's extensions."""
    found = _NONE
    for one in sites:
        found |= _sides_of(one)
        found |= _NONE.union(*(_sides_of(value) for value in _extended(one)))
    return found.union(*(_sides_of(value) for value in _extended(content)))


def _sides_of(concept: Json) -> frozenset[str]:
    found = _sides_in(str(concept["text"])) if concept.get("text") else _NONE
    for coding in objects(concept.get("coding")):
        if coding.get("display"):
            found |= _sides_in(str(coding["display"]))
        found |= _codes().get(f"{coding.get('system')}|{coding.get('code')}", _NONE)
    return found


def _extended(content: Json) -> Iterator[Json]:
    """Give what a record's or element's extensions say, as concepts."""
    for extension in objects(content.get("extension")):
        yield member(extension.get("valueCodeableConcept"))
        yield {"coding": [member(extension.get("valueCoding"))]}
        yield {"text": extension.get("valueString") or extension.get("valueCode")}


@lru_cache(maxsize=16_384)
def _sides_in(text: str) -> frozenset[str]:
    """Give the sides that words name; English ones as whole words."""
    return _NONE.union(*(_sides(_words()[one]) for one in _pattern().findall(text.casefold())))


def _sides(side: str) -> frozenset[str]:
    return _BOTH if side == "both" else frozenset({side})


@cache
def _words() -> Mapping[str, str]:
    return {row["word"]: row["side"] for row in rows("sides.csv") if row["word"]}


@cache
def _codes() -> Mapping[str, Any]:
    return {row["code"]: _sides(row["side"]) for row in rows("sides.csv") if row["code"]}


@cache
def _pattern() -> re.Pattern[str]:
    """Give a pattern of all words; next to Chinese no letter stands, so ASCII bounds are enough."""
    words = (rf"(?<![a-z]){one}(?![a-z])" if one.isascii() else one for one in _words())
    return re.compile("|".join(words))
