"""What was found a moment ago: for how long, how much of it, and never beyond what was forgotten."""

import time

from xinglin.trust.kept import Kept


def test_what_was_found_is_used_until_its_time_is_over():
    kept = Kept[str, int](0.05, 10)
    kept.keep("a", 1, kept.begin())
    assert kept.get("a") == 1
    assert kept.get("b") is None
    time.sleep(0.06)
    assert kept.get("a") is None


def test_time_counts_from_when_a_look_began():
    kept = Kept[str, int](0.05, 10)
    begun = kept.begin()
    time.sleep(0.06)
    kept.keep("a", 1, begun)
    assert kept.get("a") is None


def test_what_was_looked_for_while_all_was_forgotten_is_not_kept():
    kept = Kept[str, int](60, 10)
    kept.keep("a", 1, kept.begin())
    begun = kept.begin()
    kept.forget()
    kept.keep("a", 1, begun)
    assert kept.get("a") is None


def test_nothing_found_takes_the_place_of_something():
    kept = Kept[str, int](60, 10)
    kept.keep("a", 1, kept.begin())
    kept.keep("a", None, kept.begin())
    assert kept.get("a") is None


def test_the_oldest_go_first():
    kept = Kept[int, int](60, 3)
    for number in range(5):
        kept.keep(number, number, kept.begin())
    assert [kept.get(number) for number in range(5)] == [None, None, 2, 3, 4]
