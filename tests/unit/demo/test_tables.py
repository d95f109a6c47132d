"""Every row of every table says where it comes from, and what one table names another has."""

from importlib.resources import files

import pytest

from xinglin_demo.tables import rows_by, table

NAMES = sorted(path.name.removesuffix(".csv") for path in (files("xinglin_demo") / "tables").iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_every_row_has_a_source(name):
    for row in table(name):
        assert row["source"]
        if row["source"] != "invented":
            assert row["confidence"] in {"read", "unverified"}


def test_diseases_name_medicines_panels_and_effects_that_exist():
    effects = {row["effect"] for row in table("effects")}
    panels = {row["panel"] for row in table("items")}
    for row in table("diseases"):
        assert set(row["medicines"].split()) <= rows_by("medicines", "key").keys()
        assert set(row["panels"].split()) <= panels
        assert set(row["effects"].split()) <= effects


def test_what_is_done_and_avoided_exists():
    diseases, medicines = rows_by("diseases", "key"), rows_by("medicines", "key")
    assert {row["disease"] for row in table("procedures")} <= diseases.keys()
    assert {row["disease"] for row in table("prevalence")} <= diseases.keys()
    assert {code for row in table("allergens") for code in row["avoid"].split()} <= medicines.keys()


def test_effects_name_items_that_exist():
    assert {row["item"] for row in table("effects")} <= rows_by("items", "key").keys()


def test_ranges_have_their_low_end_below_their_high_end():
    for row in table("items"):
        for sex in ("male", "female"):
            low, high = row[f"low_{sex}"], row[f"high_{sex}"]
            if low and high:
                assert float(low) < float(high)
