"""What becomes of a record when facts about it arrive: the source's time decides, and every state is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from xinglin.core.exact_json import dumps, loads
from xinglin.hub.intake.order import Stamp, said, stamp_of, stamped
from xinglin.hub.intake.settle import State, needs_past, take
from xinglin.hub.records import Key, Record
from xinglin.hub.records import stamped as stored
from xinglin.standards.conversion import Fact, Mode

START = datetime(2026, 1, 1, tzinfo=UTC)
KEY = Key("Basic", "b")


def at(hour: int | None) -> datetime | None:
    return None if hour is None else START + timedelta(hours=hour)


def full(text: str, hour: int | None = None, mode: Mode = Mode.FULL, **other: Any) -> Fact:
    resource = {"resourceType": "Basic", "id": "b", "code": {"text": text}} | other
    return Fact(resource, at(hour), mode)


def mention(text: str, hour: int | None = None) -> Fact:
    return full(text, hour, Mode.MENTION)


def part(hour: int | None = None, **elements: Any) -> Fact:
    return Fact({"resourceType": "Basic", "id": "b"} | elements, at(hour), Mode.MERGE, ("identifier",))


def gone(hour: int | None = None) -> Fact:
    return Fact({"resourceType": "Basic", "id": "b"}, at(hour), Mode.DELETE)


@dataclass
class Past:
    """A record with its versions, kept in memory as the database keeps them."""

    versions: list[Record] = field(default_factory=list[Record])
    restated: datetime | None = None
    deliveries: int = 0
    arrived: datetime = START + timedelta(days=365)

    def deliver(self, *facts: Fact, source: str = "his") -> list[bool]:
        """Take facts as the items of one delivery; tell which brought a version."""
        self.deliveries += 1
        stamps = [Stamp(source, self.deliveries, 0, number).of(fact) for number, fact in enumerate(facts, 1)]
        state = State.of(KEY, self.versions[-1] if self.versions else None, self.restated)
        if any(needs_past(state, fact, stamp) for fact, stamp in zip(facts, stamps, strict=True)):
            for version in self.versions[:-1]:
                if not version.deleted:
                    state.remember(version.content)
        made = [take(state, fact, stamp, {}) for fact, stamp in zip(facts, stamps, strict=True)]
        for content in state.writes:
            self.write(content)
        if state.newly_restated:
            self.restated = max(filter(None, (self.restated, state.restated)))
        return made

    def write(self, content: dict | None) -> None:
        version = len(self.versions) + 1
        self.arrived += timedelta(seconds=1)
        text = None
        if content is not None:
            text = dumps(stored(content, KEY, version, self.arrived))
        self.versions.append(Record(KEY, version, self.arrived, version, text))

    @property
    def present(self) -> str | None:
        last = self.versions[-1] if self.versions else None
        return None if last is None or last.deleted else last.content["code"]["text"]

    @property
    def texts(self) -> list[str | None]:
        return [None if v.deleted else v.content.get("code", {}).get("text") for v in self.versions]


def told(*deliveries: Sequence[Fact] | Fact) -> Past:
    past = Past()
    for facts in deliveries:
        past.deliver(*([facts] if isinstance(facts, Fact) else facts))
    return past


@pytest.mark.parametrize(
    ("facts", "versions"),
    [
        ([full("a", 1), full("b", 2)], ["a", "b"]),
        ([full("b", 2), full("a", 1)], ["b", "a", "b"]),
        ([full("a"), full("b")], ["a", "b"]),
        ([full("a", 1), full("b", 1)], ["a", "b"]),
        ([full("a", 1), full("b")], ["a", "b"]),
        ([full("c", 3), full("b", 2), full("a", 1)], ["c", "b", "c", "a", "c"]),
        ([full("b", 2), full("a", 1), full("a", 1)], ["b", "a", "b"]),
        ([full("b", 2), full("a", 1), full("b", 2), full("a", 1)], ["b", "a", "b"]),
        ([full("a", 1), full("b", 1), full("a", 1)], ["a", "b"]),
        ([full("a", 1), full("a", 5), full("b", 3)], ["a", "b", "a"]),
        ([full("a", 1), full("a", 5), full("b", 3), full("b", 3)], ["a", "b", "a"]),
        ([full("a", 1), full("a", 5), full("a", 3), full("b", 4)], ["a", "b", "a"]),
        ([full("a", 1), full("b", 2), full("a", 3)], ["a", "b", "a"]),
        ([mention("m"), full("a", 1)], ["m", "a"]),
        ([mention("m", 9), full("a", 1)], ["m", "a"]),
        ([full("a", 1), mention("m", 9)], ["a"]),
        ([mention("m"), mention("n")], ["m"]),
        ([full("a", 1), gone(2)], ["a", None]),
        ([full("a", 2), gone(1)], ["a"]),
        ([full("a"), gone()], ["a", None]),
        ([mention("m", 2), gone(1)], ["m", None]),
    ],
)
def test_versions(facts: list[Fact], versions: list[str | None]) -> None:
    assert told(*facts).texts == versions, "one delivery after the other"


@pytest.mark.parametrize(
    "facts",
    [
        [full("a", 1), full("b", 2)],
        [full("b", 2), full("a", 1)],
        [full("b", 2), full("a", 1), full("b", 2), full("a", 1)],
        [full("a", 1), full("a", 5), full("b", 3), full("b", 3)],
        [mention("m"), full("a", 1)],
        [full("a", 1), gone(2), full("b", 3)],
    ],
)
def test_one_delivery_or_many(facts: list[Fact]) -> None:
    assert told(facts).texts == told(*facts).texts


def test_deleted_and_made_again_at_the_source() -> None:
    """The hub hears of it long after; what counts is when the source deleted it."""
    assert told(full("a", 1), gone(2), full("b", 3)).texts == ["a", None, "b"]


def test_what_comes_late_after_a_deletion_is_kept_and_stays_deleted() -> None:
    past = told(full("b", 2), gone(3), full("a", 1))
    assert past.texts == ["b", None, "a", None]
    assert past.deliver(full("a", 1)) == [False], "once"
    assert past.deliver(full("b", 2)) == [False]
    assert past.deliver(full("b", 4)) == [True]
    assert past.present == "b"


def test_deletion_without_a_time_counts_from_its_arrival() -> None:
    past = told(full("a", 1), gone())
    assert past.deliver(full("a", 1)) == [False], "the same file once more doesn't bring it back"
    assert past.deliver(full("b", 2)) == [True]
    assert past.present is None
    assert past.deliver(full("c", 24 * 366)) == [True]
    assert past.present == "c"


def test_a_mention_never_brings_back_what_was_deleted() -> None:
    past = told(full("a", 1), gone(2), mention("m", 3), mention("n"))
    assert past.texts == ["a", None]


def test_a_deletion_that_comes_before_the_record() -> None:
    past = told(gone(2), full("a", 1))
    assert past.present is None
    assert "a" in past.texts, "kept as a version"
    assert past.deliver(full("b", 3)) == [True]
    assert past.present == "b"


def test_parts() -> None:
    past = told(full("a", 1), part(2, author={"reference": "Practitioner/p"}))
    assert past.versions[-1].content["author"] == {"reference": "Practitioner/p"}
    assert past.present == "a"
    assert past.deliver(part(2, author={"reference": "Practitioner/p"})) == [False]
    assert past.deliver(part(1, author={"reference": "Practitioner/q"}, created="2026-01-01")) == [True]
    last = past.versions[-1].content
    assert (last["author"]["reference"], last["created"]) == ("Practitioner/p", "2026-01-01")
    assert stamp_of(last).time == at(2), "an older part doesn't make the record older"


def test_a_later_full_state_takes_the_place_of_parts() -> None:
    past = told(full("a", 1), part(2, created="2026-01-01"), full("b", 3))
    assert "created" not in past.versions[-1].content


def test_where_the_order_of_arrival_shows() -> None:
    """Times are kept for records, not for elements: a full state older than a part is only kept as a version.

    So parts and full states of different times end differently when they come in another order.
    """
    in_order = told(full("a", 1, created="2026"), part(2, author={"reference": "Practitioner/p"}))
    other = told(part(2, author={"reference": "Practitioner/p"}), full("a", 1, created="2026"))
    assert in_order.versions[-1].content["created"] == "2026"
    assert "created" not in other.versions[-1].content
    assert "a" in other.texts, "but nothing is lost"


def edited(past: Past, text: str, hours_after: int) -> None:
    """Have somebody write the record by FHIR's own interactions: without a stamp."""
    past.arrived = START + timedelta(hours=hours_after)
    past.write({"resourceType": "Basic", "id": "b", "code": {"text": text}})


def test_edited_by_hand_in_between() -> None:
    """An edit counts by the hub's clock: later news from the source win, older ones don't."""
    past = told(full("a", 1))
    edited(past, "edited", 10)
    assert past.deliver(full("a", 1)) == [False], "the same again doesn't undo the edit"
    assert past.deliver(full("b", 5)) == [True]
    assert past.present == "edited"
    assert past.deliver(full("c", 11)) == [True]
    assert past.present == "c"
    assert past.texts == ["a", "edited", "b", "edited", "c"]


def test_edited_by_hand_and_the_source_gives_no_time() -> None:
    past = told(full("a"))
    edited(past, "edited", 10)
    past.deliver(full("b"))
    assert past.present == "b", "the order of arrival is all there is"


def test_an_edit_that_kept_the_stamp() -> None:
    """A program that reads, changes and writes back sends `meta` along."""
    past = told(full("a", 1))
    past.write(past.versions[-1].content | {"code": {"text": "edited"}})
    assert past.deliver(full("a", 1)) == [False], "what was known before the edit doesn't undo it"
    assert past.present == "edited"
    past.deliver(full("b", 2))
    assert past.present == "b"


def test_times_are_told_apart_to_the_microsecond() -> None:
    first = replace(full("a"), time=START + timedelta(microseconds=100))
    second = replace(full("b"), time=START + timedelta(microseconds=900))
    assert told(second, first).present == "b"


STAMPS = [
    Stamp("his", 7, 0, 3, at(2)),
    Stamp("his", 7, 2, 3, at(2), mentioned=True),
    Stamp("lis-2", 7, 2, 3),
    Stamp("his", 1, 0, 1, START.replace(microsecond=123456)),
]


@pytest.mark.parametrize("stamp", STAMPS)
def test_stamps_are_read_as_written(stamp: Stamp) -> None:
    record = {"resourceType": "Basic", "id": "b", "meta": {"tag": [{"code": "x"}], "profile": ["urn:p"]}}
    made = loads(dumps(stamped(record, stamp)))
    assert stamp_of(made) == stamp
    assert made["meta"]["profile"] == ["urn:p"]
    assert {"code": "x"} in made["meta"]["tag"]
    assert said(made) == said(record)
    assert stamp_of(stamped(made, STAMPS[0])) == STAMPS[0], "the last stamp stands"


def test_what_a_record_says_leaves_out_where_it_came_from_only() -> None:
    one = {"resourceType": "Basic", "id": "b", "meta": {"versionId": "7", "source": "urn:x"}}
    assert said(one) == said({"resourceType": "Basic", "id": "b"})
    assert said(one) != said({"resourceType": "Basic", "id": "b", "language": "zh"})
    other = {"resourceType": "Basic", "id": "b", "meta": {"security": [{"code": "R"}]}}
    assert said(other) != said(one)


@pytest.mark.parametrize(
    "meta",
    [
        {"extension": 5}, {"extension": [5, None]}, {"extension": {"url": "x"}}, {"tag": "x"}, {"tag": {}},
        {"source": 7}, {"source": None}, {"extension": [{"url": "urn:xinglin:source-time"}]},
        {"extension": [{"url": "urn:xinglin:source-time", "valueInstant": "yesterday"}]},
        {"extension": [{"url": "urn:xinglin:source-time", "valueInstant": "2026-01-01T00:00:00"}]},
        {"source": "urn:xinglin:source:his:" + "9" * 30 + "#1"},
    ],
)  # fmt: skip
def test_meta_of_any_shape(meta: dict) -> None:
    """A source may have the check of its records switched off."""
    record = {"resourceType": "Basic", "id": "b", "code": {"text": "a"}, "meta": meta}
    assert stamp_of(stamped(record, STAMPS[0])) == STAMPS[0]
    stamp = stamp_of(record)
    assert stamp.time is None or stamp.time.tzinfo is not None
    assert said(record)
    assert told(Fact(record, at(1)), full("b", 2), Fact(record, at(3))).texts == ["a", "b", "a"]
