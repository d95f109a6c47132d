"""Rows of times (http://hl7.org/fhir/R4/search.html#date)."""

from collections.abc import Callable
from typing import Any

from xinglin.standards.search.convert.place import Emit, Json, Place
from xinglin.standards.search.dates import EVER, Range, date_range
from xinglin.standards.search.parts import DATES
from xinglin.standards.search.sinks import Sink


def period_range(period: Json, zone: str) -> Range:
    """Give the time a FHIR Period covers; without start or end it is open there. Raises ValueError."""
    start, end = period.get("start"), period.get("end")
    return Range(
        date_range(start, zone).low if start else EVER.low, date_range(end, zone).high if end else EVER.high
    )


def timing_range(timing: Json, zone: str) -> Range | None:
    """Give the outer limits of a FHIR Timing, which are all that count; None where it has none."""
    found = [date_range(one, zone) for one in timing.get("event") or () if one]
    repeat: Json = timing.get("repeat") or {}
    bounds: Json | None = repeat.get("boundsPeriod")
    if bounds:
        found.append(period_range(bounds, zone))
    return Range(min(one.low for one in found), max(one.high for one in found)) if found else None


def date_converter(type_name: str, place: Place, zone: str) -> Emit | None:
    """Make the closure of a date parameter; None where `type_name` is no time."""
    place_id, present = place.id, place.present
    if type_name in DATES:
        read: Callable[[Any, str], Range | None] = date_range
    elif type_name == "Period":
        read = period_range
    elif type_name == "Timing":
        read = timing_range
    else:
        return None

    def emit(value: Any, sink: Sink) -> None:
        sink.keys.add(present)
        found = read(value, zone)
        if found is not None:
            sink.dates.append((place_id, found[0], found[1]))

    return emit
