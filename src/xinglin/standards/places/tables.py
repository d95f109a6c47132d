"""The tables of townships and villages, of names without a code, and of codes that became others."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from xinglin.core.tables import rows_of
from xinglin.standards.places.model import Level, Place


def rows(name: str) -> Iterator[dict[str, str]]:
    """Read a table of this package."""
    return rows_of("xinglin.standards.places", "data", name)


@cache
def townships() -> Mapping[str, Mapping[str, Place]]:
    """Give townships by code, under the code of their county."""
    found: dict[str, dict[str, Place]] = {}
    for row in rows("townships.csv"):
        place = Place(
            row["code"], row["name"], Level.TOWNSHIP, source=row["source"], confidence=row["confidence"]
        )
        found.setdefault(row["code"][:6], {})[row["code"]] = place
    return found


@cache
def _village_rows() -> Mapping[str, dict[str, str]]:
    return {row["township"]: row for row in rows("villages.csv")}


@cache
def villages(township: str) -> Mapping[str, Place]:
    """Give the villages of a township by code; none where no table has them."""
    row = _village_rows().get(township)
    if row is None:
        return {}
    pairs = [one.split(" ", 1) for one in row["villages"].split(";") if one]
    made = (
        Place(township + number, name, Level.VILLAGE, source=row["source"], confidence=row["confidence"])
        for number, name in pairs
    )
    return {place.code: place for place in made}


@cache
def uncoded() -> Mapping[str, Sequence[str]]:
    """Give names of townships for which no code is known, by county: former names, farms, estates."""
    found: dict[str, list[str]] = {}
    for row in rows("names.csv"):
        found.setdefault(row["county"], []).append(row["name"])
    return found


@cache
def changes() -> Mapping[str, tuple[str, int]]:
    """Give, by a code that isn't used any more, which code it became and in which year."""
    return {row["code"]: (row["became"], int(row["year"])) for row in rows("changes.csv")}
