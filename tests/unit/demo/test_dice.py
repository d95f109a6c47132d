"""Chance is the same everywhere; these values were drawn once and must never change."""

from xinglin_demo.dice import Dice


def test_same_subject_same_chance():
    dice = Dice(20261121, "person", 0)
    drawn = [dice.integer(1, 1000), dice.normal(100, 10), dice.pick("abcdef"), dice.uuid()]
    assert drawn == [394, 115.53857689101334, "a", "3507f472-4920-45f5-a31c-e9d87144f369"]


def test_another_subject_another_chance():
    assert Dice(1, "person", 0).uuid() != Dice(1, "person", 1).uuid()


def test_integers_reach_both_ends():
    dice = Dice("ends")
    assert {dice.integer(1, 3) for _ in range(200)} == {1, 2, 3}


def test_weights_are_followed():
    dice = Dice("weights")
    drawn = [dice.weighted("ab", (9, 1)) for _ in range(2000)]
    assert 0.87 < drawn.count("a") / 2000 < 0.93


def test_normal_keeps_mean_and_bounds():
    dice = Dice("normal")
    drawn = [dice.normal(50, 2) for _ in range(2000)]
    assert abs(sum(drawn) / 2000 - 50) < 0.2
    assert 38 <= min(drawn) <= max(drawn) <= 62


def test_uuid_is_of_version_four():
    text = Dice("uuid").uuid()
    assert text[14] == "4"
    assert text[19] in "89ab"
