"""Which place an address is in.

An address is read from its front: province, prefecture, county, township, village; levels may be left out
and names shortened (江西南昌东湖区). A shortened name counts only where the next name follows or the text
ends, so that 上海路 isn't Shanghai. Where two places fit equally well, what they have in common is given:
never a guess.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from xinglin.standards.identifiers.divisions import history
from xinglin.standards.places.model import Level, Place, is_below
from xinglin.standards.places.tables import changes, townships, uncoded, villages
from xinglin.standards.places.tree import became, children, path, place, provinces

LONGEST_TEXT = 500
"""Characters of an address that are looked at."""

_BLANK = re.compile(r"[\s,，、;；.。·\-—_/|]+")
_ENDING = re.compile(
    r"(?:特别行政区|维吾尔自治区|壮族自治区|回族自治区|自治区|[^\s]{1,8}族自治[州县]|地区|省|市|盟|县|区)$"
)
_COMMITTEE = re.compile(r"(?:居民委员会|村民委员会|居委会|委会|委员会)$")
_SHORTEST, _LONGEST_NAME = 2, 20


@dataclass(frozen=True, slots=True)
class Found:
    """What an address says of its place.

    `place` is the lowest place that is certain (None: none is). `rest` is what stands after the names.
    `former` is the place that the address names, where it became another. `alternatives` are places that
    fit equally well, `uncoded` is a township named for which no code is known.
    """

    place: Place | None
    rest: str
    former: Place | None = None
    alternatives: tuple[Place, ...] = ()
    uncoded: str = ""


@dataclass(frozen=True, slots=True)
class _Name:
    place: Place
    former: Place | None = None
    short: bool = False


@dataclass(frozen=True, slots=True)
class _Reading:
    """One way to read the front of a text, up to `end`."""

    place: Place
    end: int
    former: Place | None


def find(text: str, within: str = "") -> Found:
    """Give the place that an address lies in; `within` is the code of a place known to contain it.

    With `within` an address may begin anywhere below it, such as at a township. The first call makes the
    index of names, which takes about a second; later ones take about a millisecond.
    """
    text = _clean(text)
    base = place(within) if within else None
    readings = list(_read(text, 0, base))
    if not readings:
        return Found(base, text)
    end = max(one.end for one in readings)
    best = [one for one in readings if one.end == end]
    places = {one.place.code: one.place for one in best}
    if len(places) > 1:
        return Found(_common(list(places.values())), text[end:], alternatives=tuple(places.values()))
    found, rest = best[0].place, text[end:]
    named = next((name for name in uncoded().get(found.code, ()) if rest.startswith(name)), "")
    return Found(found, rest[len(named) :], former=best[0].former, uncoded=named)


def _clean(text: str) -> str:
    return _BLANK.sub("", unicodedata.normalize("NFKC", text[:LONGEST_TEXT]))


def _read(text: str, start: int, above: Place | None) -> Iterator[_Reading]:
    for name, one in _fitting(text, start, above):
        end = start + len(name)
        deeper = list(_read(text, end, one.place))
        yield from (_Reading(d.place, d.end, d.former or one.former) for d in deeper)
        if not deeper and (not one.short or end == len(text)):
            yield _Reading(one.place, end, one.former)


def _fitting(text: str, start: int, above: Place | None) -> Iterator[tuple[str, _Name]]:
    """Give the names that stand at `start` and lie below `above`."""
    tables = _tables(above)
    for size in range(min(_LONGEST_NAME, len(text) - start), _SHORTEST - 1, -1):
        name = text[start : start + size]
        for table in tables:
            for one in table.get(name, ()):
                if above is None or (one.place.code != above.code and is_below(one.place.code, above.code)):
                    yield name, one


def _tables(above: Place | None) -> Sequence[Mapping[str, Sequence[_Name]]]:
    if above is None:
        return (_divisions(),)
    if above.level is Level.VILLAGE:
        return ()
    if above.level is Level.TOWNSHIP:
        return (_villages(above.code),)
    if above.level is Level.COUNTY:
        return (_townships(above.code[:2]),)
    return (_divisions(), _townships(above.code[:2]))


@cache
def _divisions() -> Mapping[str, Sequence[_Name]]:
    """Give provinces, prefectures and counties by their names of today and before, whole and shortened."""
    found: dict[str, list[_Name]] = {}

    def add(name: str, one: _Name) -> None:
        known = found.setdefault(name, [])
        if all(other.place.code != one.place.code for other in known):
            known.append(one)

    for one in _all_divisions():
        add(one.name, _Name(one))
        short = _ENDING.sub("", one.name)
        if len(short) >= _SHORTEST:
            add(short, _Name(one, short=True))
        for name in history(one.code):
            add(name.name, _Name(one))
    for code in changes():
        before, after = place(code), became(code)
        if before is not None and after:
            add(before.name, _Name(after[-1], former=before))
    return found


def _all_divisions() -> Iterator[Place]:
    for province in provinces():
        yield province
        for upper in children(province.code):
            yield upper
            if upper.level is Level.PREFECTURE:
                yield from children(upper.code)


@cache
def _townships(province: str) -> Mapping[str, Sequence[_Name]]:
    found: dict[str, list[_Name]] = {}
    for county, inner in townships().items():
        if county.startswith(province):
            for one in inner.values():
                found.setdefault(one.name, []).append(_Name(one))
    return found


@cache
def _villages(township: str) -> Mapping[str, Sequence[_Name]]:
    """Give villages by name; `X村委会` is X村, `X社区居委会` X社区."""
    found: dict[str, list[_Name]] = {}
    for one in villages(township).values():
        for name in {one.name, _COMMITTEE.sub("", one.name)}:
            found.setdefault(name, []).append(_Name(one))
    return found


def _common(places: Sequence[Place]) -> Place | None:
    """Give the lowest place that contains them all."""
    lines = [path(one.code) for one in places]
    shared: Place | None = None
    for steps in zip(*lines, strict=False):
        if len({step.code for step in steps}) > 1:
            break
        shared = steps[0]
    return shared
