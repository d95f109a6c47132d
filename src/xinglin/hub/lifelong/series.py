"""Results as series: every result of one code in one unit, oldest first, with ranges and flags."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.hub.hub import Hub
from xinglin.hub.lifelong.answers import measured
from xinglin.hub.lifelong.elements import objects
from xinglin.hub.lifelong.gathering import facts_of
from xinglin.hub.lifelong.gaze import OPEN, Gaze
from xinglin.hub.lifelong.same import Fact
from xinglin.hub.lifelong.statements import Part, Statement
from xinglin.hub.lifelong.timeline import Asked, filter_of, place_of
from xinglin.hub.lifelong.units import series_code, target_units, unified

MOST: Final = 5_000
"""Points in one answer at most; the newest are given."""


@dataclass(frozen=True, slots=True)
class Point:
    """A result in a series: the fact it belongs to, and the Observation or the component that holds it."""

    fact: Fact
    part: Statement | Part
    raw: Json


async def ask_series(hub: Hub, id_: str, asked: Asked, gaze: Gaze = OPEN) -> Json:
    """Give a person's numeric results as series, by code and unit. Raises as `timeline`.

    Of `asked` the time, the institution and the code count. A value that can't be brought to the unit of its
    code stands in a series of its own unit.
    """
    asked = replace(asked, kinds=("result",))
    # A code may be that of a component, which facts aren't filtered by.
    passes = filter_of(replace(asked, code=None), hub.zone)
    async with hub.database.connection() as connection:
        person, facts = await facts_of(hub, connection, id_, asked.types(), gaze)
    found = sorted(filter(passes, facts), key=place_of)
    units = target_units(one for fact in facts for one in fact.statements)
    points = [point for fact in found for point in _points(fact) if _is_asked(point.part, asked.code)]
    return {
        "person": str(person.linked.head),
        "points": min(len(points), MOST),
        "left_out": max(0, len(points) - MOST),
        "series": _series(points[-MOST:], units),
    }


def _points(fact: Fact) -> Iterator[Point]:
    shown = fact.shown
    if shown.value is not None and shown.value.number is not None:
        yield Point(fact, shown, shown.content)
    for part, raw in zip(shown.parts, objects(shown.content.get("component")), strict=True):
        if part.value is not None and part.value.number is not None:
            yield Point(fact, part, raw)


def _is_asked(part: Statement | Part, code: str | None) -> bool:
    return code is None or any(code in (one, one.rpartition("|")[2]) for one in part.codes)


def _series(points: Sequence[Point], units: Mapping[str, str]) -> list[Json]:
    found: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        value = unified(point.part, units)
        unit = value.unit if value else ""
        found.setdefault((series_code(point.part.codes, point.part.words), unit), []).append(point)
    return [_one(code, unit, several, units) for (code, unit), several in found.items()]


def _one(code: str, unit: str, points: Sequence[Point], units: Mapping[str, str]) -> Json:
    system, _, symbol = code.rpartition("|")
    return {
        "code": {"system": system, "code": symbol} if system else None,
        "title": points[-1].part.title or symbol,
        "unit": unit or None,
        "points": [_point(point, units) for point in points],
    }


def _point(point: Point, units: Mapping[str, str]) -> Json:
    shown = point.fact.shown
    value = measured(point.part, point.raw, units)
    value.pop("unit", None)
    return {
        "time": shown.start or None,
        **value,
        "place": shown.place.name or shown.place.id or None,
        "records": [str(one.key) for one in point.fact.statements],
    }
