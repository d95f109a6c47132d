"""A person's results over the years as charts with reference bands, and medicines as bars in time."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from xinglin.core import clock
from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.portal.charts import drawn
from xinglin.portal.pages.person import FLAGS, named, range_of, shown
from xinglin.trust.gate.rooms import lifelong as room
from xinglin.trust.gate.values import MOST_COUNT, AskedTimeline
from xinglin.web.columns import Column, Table, arranged
from xinglin.web.declared import Declaration, Page, Tab
from xinglin.web.visit import Visit

CHARTS: Final = 6
"""Charts on the page where no item is chosen: of those measured most often."""

BARS: Final = 20
"""Medicines in the chart, the latest; the table has them all."""

SERIES: Final = Table(
    "series",
    "Everything measured",
    (
        Column("title", "Item", link="href"),
        Column("count", "Times", "number"),
        Column("value", "Latest value"),
        Column("flag", "Flag", "badge"),
        Column("range", "Reference range"),
        Column("time", "Latest", "moment"),
        Column("place", "Where"),
    ),
    empty="No result with a number is known.",
)
MEDICINES: Final = Table(
    "medicines",
    "Medicines",
    (
        Column("title", "Medicine"),
        Column("detail", "How it is taken"),
        Column("start", "Start", "moment"),
        Column("end", "End", "moment"),
        Column("where", "Where"),
        Column("told_by", "Told by"),
    ),
    empty="No medicine is known.",
)


async def results(visit: Visit) -> Mapping[str, Any]:
    """Give a person's series of results, the latest first, and charts of those chosen. Raises Hidden."""
    head = await named(visit)
    found = await room.series(visit.hub, visit.path["id"], AskedTimeline())
    every = sorted(found["series"], key=lambda one: one["points"][-1]["time"] or "", reverse=True)
    chosen = visit.text("item")
    often = sorted((one for one in every if len(one["points"]) > 1), key=lambda one: -len(one["points"]))
    drawn_ = [one for one in every if _key(one) == chosen] if chosen else often[:CHARTS]
    zone = ZoneInfo(visit.settings.time_zone)
    return {
        **head,
        "item": chosen or None,
        "charts": [_chart(one, zone) for one in drawn_],
        "banded": any(_bounds(one) for one in drawn_),
        "left_out": found["left_out"],
        "series": arranged(visit, SERIES, [_row(visit, one) for one in every]),
    }


def _key(series: Json) -> str:
    """Give what tells a series in an address: its code, or words where it has none, and its unit."""
    code = series["code"]
    return f"{code['code'] if code else series['title']} {series['unit'] or ''}".strip()


def _row(visit: Visit, series: Json) -> Mapping[str, Any]:
    latest = series["points"][-1]
    flag = latest.get("flag") or ""
    word, tone = FLAGS.get(flag, (flag, "warn" if flag else "quiet"))
    return {
        "title": series["title"],
        "code": series["code"],
        "unit": series["unit"],
        "href": visit.url(f"/people/{visit.path['id']}/results", item=_key(series)),
        "count": len(series["points"]),
        "value": latest["text"],
        "flag": word or None,
        "flag_tone": tone,
        "range": range_of(latest.get("range") or {}),
        "time": latest["time"],
        "place": latest["place"],
    }


def _chart(series: Json, zone: ZoneInfo) -> Mapping[str, Any]:
    """Draw a series with the reference range that came last, which the table tells for each point."""
    points = [one for one in series["points"] if one["time"]]
    line = {
        "type": "line",
        "name": series["title"],
        "data": [[_local(one["time"], zone), one["number"]] for one in points],
        "symbolSize": 7,
        **_band(_bounds(series)),
    }
    options = {
        "xAxis": {"type": "time"},
        "yAxis": {"type": "value", "name": series["unit"] or "", "scale": True},
        "series": [line],
    }
    unit = f"({series['unit']})" if series["unit"] else ""
    heads = [
        "",
        Phrase("Value {unit}", unit=unit),
        Phrase("Reference range"),
        Phrase("Flag"),
        Phrase("Where"),
    ]
    rows = [
        [
            _local(one["time"], zone).replace("T", " "),
            one["text"],
            range_of(one.get("range") or {}),
            _flag(one),
            one["place"],
        ]
        for one in reversed(points)
    ]
    return drawn(Phrase("{item} in time {unit}", item=series["title"], unit=unit), options, [heads, *rows])


def _bounds(series: Json) -> Json:
    """Give the reference range that came last; empty where none came."""
    none: Json = {}
    return next((one["range"] for one in reversed(series["points"]) if one.get("range")), none)


def _flag(point: Json) -> Phrase | str | None:
    flag = point.get("flag")
    return None if not flag else FLAGS.get(flag, (flag, ""))[0]


def _band(bounds: Json) -> Mapping[str, Any]:
    """Mark the reference range; a side without a bound goes on to the chart's edge."""
    low, high = bounds.get("low"), bounds.get("high")
    if low is None and high is None:
        return {}
    edges = [{} if low is None else {"yAxis": low}, {} if high is None else {"yAxis": high}]
    return {"markArea": {"silent": True, "itemStyle": {"opacity": 0.25}, "data": [edges]}}


def _local(time: str, zone: ZoneInfo) -> str:
    """Write a FHIR time as it is on the hub's clocks; a date stays a date."""
    if len(time) <= 10:
        return time
    return f"{datetime.fromisoformat(time).astimezone(zone):%Y-%m-%dT%H:%M}"


async def medicines(visit: Visit) -> Mapping[str, Any]:
    """Give all medicines that a person was given or ordered, as bars in time. Raises Hidden."""
    head = await named(visit)
    asked = AskedTimeline(kinds=("medicine",), count=MOST_COUNT)
    found = await room.timeline(visit.hub, visit.path["id"], asked, visit.language)
    rows = [shown(one) for one in found["entries"]]
    zone = ZoneInfo(visit.settings.time_zone)
    return {
        **head,
        "left_out": found["total"] - len(rows),
        "bars": _bars([one for one in rows if one["start"]], zone),
        "medicines": arranged(visit, MEDICINES, rows),
    }


def _bars(rows: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> Mapping[str, Any] | None:
    """Draw from when to when each medicine went; one without an end is a point."""
    names = list(dict.fromkeys(str(one["title"]) for one in rows))[:BARS]
    taken = [one for one in rows if one["title"] in names]
    spans = [(one, _local(one["start"], zone), _local(one["end"] or one["start"], zone)) for one in taken]
    data: list[list[Any]] = []
    for one, start, end in reversed(spans):
        data += [[start, one["title"]], [end, one["title"]], [end, None]]
    line = {
        "type": "line",
        "name": Phrase("Medicines"),
        "data": data,
        "symbolSize": 10,
        "symbol": "roundRect",
        "lineStyle": {"width": 10, "cap": "round"},
    }
    options = {
        "xAxis": {"type": "time", "max": f"{clock.now().astimezone(zone):%Y-%m-%d}"},
        "yAxis": {"type": "category", "data": names, "inverse": True},
        "series": [line],
    }
    heads = ["", Phrase("Start"), Phrase("End"), Phrase("How it is taken")]
    table = [
        [one["title"], start.replace("T", " "), end.replace("T", " "), one["detail"]]
        for one, start, end in spans
    ]
    return drawn(Phrase("Medicines in time"), options, [heads, *table]) if spans else None


DECLARED: Final = Declaration(
    room="person_results",
    pages=(
        Page(
            path="/people/{id}/results",
            name="person results page",
            title="Results",
            load=results,
            template="people/results.html",
            place="person",
            tables=(SERIES,),
            patient="id",
            charts=True,
        ),
        Page(
            path="/people/{id}/medicines",
            name="person medicines page",
            title="Medicines",
            load=medicines,
            template="people/medicines.html",
            place="person",
            tables=(MEDICINES,),
            patient="id",
            charts=True,
        ),
    ),
    tabs=(
        Tab(page="person results page", title="Results", order=30),
        Tab(page="person medicines page", title="Medicines", order=40),
    ),
)
