"""Which item of the table a hospital's code means: candidates in order, each with its reasons.

A candidate's score is the likeness of the names (characters, sounds, abbreviations; from 0 to 1), plus or
minus what unit, specimen, values and earlier decisions say. The weights stand in `data/weights.csv`.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from rapidfuzz import fuzz, process

from xinglin.core.i18n import Phrase
from xinglin.core.tables import rows_of
from xinglin.standards.labitems.local import Local
from xinglin.standards.labitems.names import Parts, pinyin, plain_text, specimen_of, squeeze, take_apart
from xinglin.standards.labitems.table import Item, items
from xinglin.standards.units import read_unit

ENOUGH_VALUES = 20
"""How many values say something about a code."""
CUT = 45.0
"""Likeness in percent below which a name isn't looked at."""
BLOOD = frozenset({"血清", "血浆", "全血", "动脉血", ""})
_MARKS = re.compile(r"[0-9a-z]+")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a candidate stands where it stands: what speaks for it (positive) or against it."""

    phrase: Phrase
    weight: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that a local code may mean; `score` is about 0 to 1.5, `proposed` that it is good enough."""

    item: Item
    score: float
    proposed: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Learned:
    """What officers have decided: how often a name was mapped to an item's code, and how often not."""

    accepted: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    rejected: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])

    def accept(self, name: str, code: str, times: int = 1) -> None:
        """Learn that `name` means the item `code`."""
        _count(self.accepted, name, code, times)

    def reject(self, name: str, code: str, times: int = 1) -> None:
        """Learn that `name` doesn't mean the item `code`."""
        _count(self.rejected, name, code, times)


def _count(into: dict[str, dict[str, int]], name: str, code: str, times: int) -> None:
    counts = into.setdefault(_key(name), {})
    counts[code] = counts.get(code, 0) + times


def _key(name: str) -> str:
    """Names count as the same only whole: what stands in brackets may be all that tells two apart."""
    return squeeze(plain_text(name))


class Ranker:
    """Ranks the items of a table for local codes. Making one takes a moment, asking it a millisecond."""

    def __init__(self, table: Iterable[Item] | None = None, learned: Learned | None = None) -> None:
        self._items = tuple(items() if table is None else table)
        self._learned = learned or Learned()
        self._parts = [[take_apart(name) for name in item.names] for item in self._items]
        self._abbreviations = [
            frozenset(squeeze(plain_text(a)) for a in item.abbreviations) for item in self._items
        ]
        self._known_abbreviations = frozenset(a for known in self._abbreviations for a in known)
        texts: dict[str, list[int]] = {}
        for place, names in enumerate(self._parts):
            english = squeeze(plain_text(self._items[place].english))
            for text in {t for parts in names for t in parts.texts} | {english}:
                texts.setdefault(text, []).append(place)
        self._texts = list(texts)
        self._places = list(texts.values())
        self._sounds = [pinyin(text) for text in self._texts]

    def candidates(self, local: Local, *, most: int = 5, without: Collection[str] = ()) -> list[Candidate]:
        """Give the best candidates, the best first; `without` are codes that were rejected for this one."""
        parts = take_apart(local.name)
        likeness = self._likeness(parts)
        latin = {*parts.latin, *parts.texts, squeeze(plain_text(local.code))}
        for place, known in enumerate(self._abbreviations):
            if latin & known:
                likeness.setdefault(place, 0.0)
        learned = self._learned.accepted.get(_key(local.name), {})
        for place, item in enumerate(self._items):
            if item.code in learned:
                likeness.setdefault(place, 0.0)
        judge = _Judge(local, parts, latin, self._learned, self._known_abbreviations)
        found = [
            judge.candidate(self._items[place], like, self._abbreviations[place])
            for place, like in likeness.items()
            if self._items[place].code not in without
        ]
        found.sort(key=lambda one: (-one.score, one.item.code))
        return found[:most]

    def _likeness(self, parts: Parts) -> dict[int, float]:
        """Give how like the name is to each item's, by the item's place; unlike ones are left out."""
        best: dict[int, float] = {}
        for text in parts.texts:
            by_text: dict[int, float] = {}
            for _, percent, place in process.extract(
                text, self._texts, scorer=fuzz.ratio, score_cutoff=CUT, limit=None
            ):
                by_text[place] = percent / 100
            sound = pinyin(text)
            sounds = (
                process.extract(sound, self._sounds, scorer=fuzz.ratio, score_cutoff=60, limit=None)
                if sound
                else []
            )
            for _, percent, place in sounds:
                shape = by_text.get(place, 0.0)
                by_text[place] = max(shape, 0.3 * shape + 0.68 * percent / 100)
            for place, like in by_text.items():
                value = like * _same_marks(text, self._texts[place])
                for item in self._places[place]:
                    best[item] = max(best.get(item, 0.0), value)
        return best


def _same_marks(text: str, other: str) -> float:
    """Tell numbers and letters apart: CA125 is nearly CA153 to the eye, and nothing of the kind."""
    mine, theirs = set(_MARKS.findall(text)), set(_MARKS.findall(other))
    if mine == theirs:
        return 1.0
    if not mine or not theirs:
        return 0.93
    return 0.85 if mine & theirs else 0.7


class _Judge:
    """Weighs the evidence about one local code."""

    def __init__(
        self, local: Local, parts: Parts, latin: set[str], learned: Learned, abbreviations: frozenset[str]
    ) -> None:
        self._local = local
        self._latin = latin
        self._texts = frozenset(parts.texts)
        self._has_name = any(not text.isascii() for text in parts.texts)
        self._unit = read_unit(local.unit)
        self._specimen = specimen_of(local.specimen) if local.specimen else parts.specimen
        if parts.specimen and self._specimen in BLOOD:
            self._specimen = parts.specimen  # the name is nearer than the container
        self._accepted = learned.accepted.get(_key(local.name), {})
        self._rejected = learned.rejected.get(_key(local.name), {})
        self._named = latin & abbreviations
        self._many = (
            local.values if local.values is not None and local.values.count >= ENOUGH_VALUES else None
        )

    def candidate(self, item: Item, like: float, abbreviations: frozenset[str]) -> Candidate:
        """Give the candidate with its score and reasons."""
        reasons = [
            *self._by_name(item, like, abbreviations),
            *self._by_unit(item),
            *self._by_specimen(item),
            *self._by_values(item),
            *self._by_rejections(item),
        ]
        score = sum(reason.weight for reason in reasons)
        # Of a measured substance without a specimen nobody knows that it wasn't measured in blood.
        elsewhere = not self._specimen and item.specimen not in BLOOD and item.unit not in {"", "1"}
        learned = item.code in self._accepted
        proposed = score >= weights()["threshold"] and (learned or not elsewhere)
        return Candidate(item, round(score, 4), proposed, tuple(reasons))

    def _by_name(self, item: Item, like: float, abbreviations: frozenset[str]) -> Iterable[Reason]:
        weight = weights()
        times = self._accepted.get(item.code, 0)
        if times:
            share = times / sum(self._accepted.values())
            like = max(like, weight["learned_alone"])
            yield Reason(Phrase("mapped so elsewhere: {times} times", times=times), weight["learned"] * share)
        shared = self._latin & abbreviations
        if shared:
            by_itself = not self._has_name or not self._texts.isdisjoint(shared)
            like = max(like, weight["abbreviation_alone"] if by_itself else weight["abbreviation_among"])
            if not by_itself:
                yield Reason(
                    Phrase("abbreviation {abbreviation}", abbreviation=min(shared).upper()),
                    weight["abbreviation"],
                )
        elif self._named:
            yield Reason(
                Phrase("{abbreviation} stands for another item", abbreviation=min(self._named).upper()),
                weight["abbreviation_other"],
            )
        yield Reason(
            Phrase("name is {percent} % like “{name}”", percent=round(like * 100), name=item.name),
            weight["name"] * like,
        )

    def _by_unit(self, item: Item) -> Iterable[Reason]:
        if self._unit is None:
            if not self._local.unit and item.unit not in {"", "1", "[pH]"}:
                yield Reason(Phrase("no unit, though the item has one"), weights()["unit_missing"])
            return
        if item.unit and item.conversion(self._unit) is not None:
            yield Reason(Phrase("unit {unit} fits", unit=self._local.unit), weights()["unit_same"])
        elif item.unit:
            yield Reason(
                Phrase("unit {unit} doesn't fit {standard}", unit=self._local.unit, standard=item.unit),
                weights()["unit_other"],
            )
        else:
            yield Reason(Phrase("has a unit, though the item has none"), weights()["unit_needless"])

    def _by_specimen(self, item: Item) -> Iterable[Reason]:
        weight = weights()
        mine = self._specimen
        if not mine:
            if item.specimen not in BLOOD:
                yield Reason(
                    Phrase("the item's specimen is {specimen}, none is named", specimen=item.specimen),
                    weight["specimen_missing"],
                )
        elif mine == item.specimen:
            yield Reason(Phrase("specimen {specimen}", specimen=mine), weight["specimen_same"])
        elif mine in BLOOD and item.specimen in BLOOD:
            yield Reason(Phrase("specimen {specimen}", specimen=mine), weight["specimen_near"])
        else:
            yield Reason(
                Phrase("specimen {specimen}, not {other}", specimen=mine, other=item.specimen),
                weight["specimen_other"],
            )

    def _by_values(self, item: Item) -> Iterable[Reason]:
        """Compare with the reference interval, widened five times: patients are ill."""
        interval, values = item.interval, self._many
        if interval is None or values is None:
            return
        conversion = item.conversion(self._unit) if self._unit else None
        if self._unit and conversion is None:
            return
        factor = float(conversion.factor) if conversion else 1.0
        share = values.between(interval[0] / 5 / factor, interval[1] * 5 / factor)
        if share >= 0.8:
            yield Reason(
                Phrase("values lie about the reference interval {interval}", interval=item.reference),
                weights()["values_fit"],
            )
        elif share <= 0.3:
            yield Reason(
                Phrase("values lie far from the reference interval {interval}", interval=item.reference),
                weights()["values_far"],
            )

    def _by_rejections(self, item: Item) -> Iterable[Reason]:
        times = self._rejected.get(item.code, 0)
        if times > self._accepted.get(item.code, 0):
            yield Reason(Phrase("rejected elsewhere: {times} times", times=times), weights()["rejected"])


@cache
def weights() -> Mapping[str, float]:
    """Give the weights by their names."""
    table = rows_of("xinglin.standards.labitems", "data", "weights.csv")
    return {row["name"]: float(row["value"]) for row in table}


def best(candidates: Sequence[Candidate]) -> Candidate | None:
    """Give the candidate to propose; None where none is good enough."""
    return candidates[0] if candidates and candidates[0].proposed else None
