"""Which facts a summary names, section by section (`tables/sections.csv`)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.hub.lifelong.concepts import codes_of
from xinglin.hub.lifelong.elements import member, objects
from xinglin.hub.lifelong.medicines import is_taken, unconfirmed_since
from xinglin.hub.lifelong.same import Fact
from xinglin.hub.lifelong.statuses import is_refuted
from xinglin.hub.lifelong.tables import rows
from xinglin.hub.lifelong.timeline import place_of
from xinglin.hub.lifelong.units import series_code

_OVER: Final = frozenset({"inactive", "remission", "resolved"})
"""Clinical statuses of what isn't so any more (http://hl7.org/fhir/R4/valueset-condition-clinical.html)."""
_DONE: Final = frozenset({"completed", "in-progress", "unknown", ""})


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the summary; `absent` is the code that says that nothing is known."""

    id: str
    loinc: str
    display: str
    title: Mapping[str, str]
    types: tuple[str, ...]
    which: str
    most: int
    absent: str
    need: str


@cache
def sections() -> tuple[Section, ...]:
    """Give the sections in their order."""
    return tuple(_section(row) for row in rows("sections.csv"))


def _section(row: Mapping[str, str]) -> Section:
    return Section(
        id=row["section"],
        loinc=row["loinc"],
        display=row["display"],
        title={"zh": row["title_zh"], "en": row["title_en"]},
        types=tuple(row["types"].split("|")),
        which=row["which"],
        most=int(row["most"]),
        absent=row["absent"],
        need=row["need"],
    )


def chosen(section: Section, facts: Iterable[Fact], today: str) -> list[Fact]:
    """Give the facts that belong into a section, all of them; `today` is a FHIR date.

    Newest first; medicines not confirmed for long and what somebody has refuted come last, but they come:
    something was said.
    """
    mine = [one for one in facts if one.shown.type in section.types]
    mine.sort(key=place_of, reverse=True)
    if section.which in ("latest", "latest_vital"):
        return _latest([one for one in mine if _is_vital(one) == (section.which == "latest_vital")])
    test = _TESTS[section.which]
    found = [one for one in mine if test(one.shown.content, today)]
    return sorted(found, key=lambda one: is_refuted(one.shown.content) or unconfirmed_since(one, today) != "")


def _latest(facts: Sequence[Fact]) -> list[Fact]:
    """Give the newest result of each series."""
    found: dict[str, Fact] = {}
    for fact in facts:
        if fact.shown.value is not None or fact.shown.parts:
            found.setdefault(series_code(fact.shown.codes, fact.shown.words), fact)
    return list(found.values())


def _is_vital(fact: Fact) -> bool:
    return any(
        code.endswith("|vital-signs")
        for one in objects(fact.shown.content.get("category"))
        for code in codes_of(one)
    )


def _is_present(content: Json, today: str) -> bool:
    if content["resourceType"] == "Condition":
        return is_refuted(content) or not _is_over(content)
    return is_taken(content, today)


def _is_over(content: Json) -> bool:
    return _has_status(content, "clinicalStatus", _OVER) or any(
        name.startswith("abatement") for name in content
    )


def _has_status(content: Json, name: str, codes: frozenset[str]) -> bool:
    return any(coding.get("code") in codes for coding in objects(member(content.get(name)).get("coding")))


def _is_past(content: Json, _today: str) -> bool:
    return _is_over(content) and not is_refuted(content)


def _is_done(content: Json, _today: str) -> bool:
    return str(content.get("status") or "") in _DONE


def _is_any(_content: Json, _today: str) -> bool:
    return True


_TESTS: Final[Mapping[str, Callable[[Json, str], bool]]] = {
    "present": _is_present,
    "past": _is_past,
    "done": _is_done,
    "all": _is_any,
}
