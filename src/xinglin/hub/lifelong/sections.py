"""Which facts a summary names, section by section (`tables/sections.csv`)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, cast

from xinglin.core.exact_json import Json
from xinglin.hub.lifelong.periods import period_end
from xinglin.hub.lifelong.same import Fact
from xinglin.hub.lifelong.statements import codes_of
from xinglin.hub.lifelong.tables import rows
from xinglin.hub.lifelong.timeline import place_of
from xinglin.hub.lifelong.units import series_code

_OVER: Final = frozenset({"inactive", "remission", "resolved"})
"""Clinical statuses of what isn't so any more (http://hl7.org/fhir/R4/valueset-condition-clinical.html)."""
_TAKEN: Final = frozenset({"active", "on-hold", "unknown", "intended", ""})
"""Statuses of medicines that may be taken at present."""
_NOT_ORDERED: Final = frozenset({"proposal", "plan", "option"})
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
    """Give the facts that belong into a section, newest first, all of them; `today` is a FHIR date."""
    mine = [one for one in facts if one.shown.type in section.types]
    mine.sort(key=place_of, reverse=True)
    if section.which in ("latest", "latest_vital"):
        return _latest([one for one in mine if _is_vital(one) == (section.which == "latest_vital")])
    test = _TESTS[section.which]
    return [one for one in mine if test(one.shown.content, today)]


def _latest(facts: Sequence[Fact]) -> list[Fact]:
    """Give the newest result of each series."""
    found: dict[str, Fact] = {}
    for fact in facts:
        if fact.shown.value is not None or fact.shown.parts:
            found.setdefault(series_code(fact.shown.codes, fact.shown.words), fact)
    return list(found.values())


def _is_vital(fact: Fact) -> bool:
    return any(
        code.endswith("|vital-signs") for one in _concepts(fact.shown.content) for code in codes_of(one)
    )


def _concepts(content: Json) -> list[Json]:
    found = content.get("category")
    every = cast("list[Any]", found) if isinstance(found, list) else []
    return [cast("Json", one) for one in every if isinstance(one, dict)]


def _is_present(content: Json, today: str) -> bool:
    if content["resourceType"] == "Condition":
        return not _is_refuted(content) and not _is_over(content)
    end = _end_of(content)
    return (
        str(content.get("status") or "") in _TAKEN
        and str(content.get("intent") or "") not in _NOT_ORDERED
        and content.get("doNotPerform") is not True
        and (end is None or end[:10] >= today[: len(end[:10])])
    )


def _end_of(content: Json) -> str | None:
    """Give until when a medicine goes, where that is said."""
    for name in ("effectivePeriod", "dispenseRequest"):
        period = content.get(name)
        if name == "dispenseRequest" and isinstance(period, dict):
            period = cast("Json", period).get("validityPeriod")
        if isinstance(period, dict) and cast("Json", period).get("end"):
            return str(cast("Json", period)["end"])
    return period_end(content)


def _is_over(content: Json) -> bool:
    clinical = content.get("clinicalStatus")
    codes = codes_of(cast("Json", clinical)) if isinstance(clinical, dict) else ()
    return any(code.rpartition("|")[2] in _OVER for code in codes) or any(
        name.startswith("abatement") for name in content
    )


def _is_refuted(content: Json) -> bool:
    found = content.get("verificationStatus")
    codes = codes_of(cast("Json", found)) if isinstance(found, dict) else ()
    return any(code.rpartition("|")[2] == "refuted" for code in codes)


def _is_past(content: Json, _today: str) -> bool:
    return _is_over(content) and not _is_refuted(content)


def _is_done(content: Json, _today: str) -> bool:
    return str(content.get("status") or "") in _DONE


def _is_any(content: Json, _today: str) -> bool:
    return not _is_refuted(content)


_TESTS: Final[Mapping[str, Callable[[Json, str], bool]]] = {
    "present": _is_present,
    "past": _is_past,
    "done": _is_done,
    "all": _is_any,
}
