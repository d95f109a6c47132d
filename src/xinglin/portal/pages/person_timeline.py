"""A person's timeline over all institutions: each fact once, newest first, filtered and page by page."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.portal.pages.person import KINDS, named, shown
from xinglin.trust.gate.rooms import lifelong as room
from xinglin.trust.gate.values import MOST_COUNT, AskedTimeline
from xinglin.web.columns import EXPORT_MOST, Column, Table, paged
from xinglin.web.declared import Declaration, Page, Tab
from xinglin.web.visit import Visit

COUNT: Final = 40
"""Entries on one page."""

TONES: Final[Mapping[str, str]] = {"visit": "good", "diagnosis": "warn", "allergy": "bad", "medicine": "info"}
"""Colours of the kinds that one looks for first."""

TIMELINE: Final = Table(
    "timeline",
    "Timeline",
    (
        Column("start", "Start", "moment", sorts=False),
        Column("end", "End", "moment", sorts=False),
        Column("kind_word", "Kind", sorts=False),
        Column("title", "What", sorts=False),
        Column("value", "Value", sorts=False),
        Column("flag", "Flag", sorts=False),
        Column("range", "Reference range", sorts=False),
        Column("detail", "Details", sorts=False),
        Column("where", "Where", sorts=False),
        Column("told_by", "Told by", sorts=False),
        Column("record", "Record", "code", sorts=False),
    ),
    empty="Nothing of this kind is known.",
)


async def load(visit: Visit) -> Mapping[str, Any]:
    """Give a page of a person's timeline; all of it for a file. Raises Hidden or WrongFilter."""
    head = await named(visit)
    asked = _asked(visit)
    found = await room.timeline(visit.hub, visit.path["id"], asked, visit.language)
    entries = [*found["entries"], *(await _rest(visit, asked, found["next"]) if visit.whole else ())]
    rows = [{**shown(one), "tone": TONES.get(one["kind"], "quiet")} for one in entries]
    return {
        **head,
        "filters": {
            "kind": visit.text("kind"),
            "from": asked.first or "",
            "to": asked.last or "",
            "institution": asked.institution or "",
        },
        "kinds": [("", Phrase("everything")), *KINDS.items()],
        "records": found["records"],
        "first": asked.after is None,
        "next": found["next"],
        "timeline": paged(rows, total=found["total"]),
    }


def _asked(visit: Visit) -> AskedTimeline:
    kind = visit.text("kind")
    return AskedTimeline(
        kinds=(kind,) if kind else (),
        first=visit.text("from") or None,
        last=visit.text("to") or None,
        institution=visit.text("institution") or None,
        count=MOST_COUNT if visit.whole else COUNT,
        after=visit.text("after") or None,
    )


async def _rest(visit: Visit, asked: AskedTimeline, following: str | None) -> Sequence[Json]:
    """Read on to the end, as far as a file goes."""
    found: list[Json] = []
    while following is not None and len(found) < EXPORT_MOST:
        asked = replace(asked, after=following)
        page = await room.timeline(visit.hub, visit.path["id"], asked, visit.language)
        found += page["entries"]
        following = page["next"]
    return found


DECLARED: Final = Declaration(
    room="person_timeline",
    pages=(
        Page(
            path="/people/{id}/timeline",
            name="person timeline page",
            title="Timeline",
            load=load,
            template="people/timeline.html",
            place="person",
            tables=(TIMELINE,),
            patient="id",
        ),
    ),
    tabs=(Tab(page="person timeline page", title="Timeline", order=20),),
)
