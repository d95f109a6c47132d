"""Observations in standard codes, and back."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.core.exact_json import Json, dumps
from xinglin.standards.labitems import table
from xinglin.standards.labitems.standard import restored, standardised
from xinglin.standards.validation import validator

SYSTEM = "urn:xinglin:code:county-1:lab-item"
MAPS = {"017": table()["1700104A"], "HB": table()["0100401A"], "DD": table()["0501703A"]}


def find(system: str, code: str) -> Any:
    return MAPS.get(code) if system == SYSTEM else None


def part(code: str, value: str, unit: str, **more: Any) -> Json:
    quantity = {"value": Decimal(value), "unit": unit}
    return {"code": {"coding": [{"system": SYSTEM, "code": code}]}, "valueQuantity": quantity, **more}


def observation(**elements: Any) -> Json:
    return {"resourceType": "Observation", "id": "o", "status": "final", **elements}


def test_components_are_standardised_each_by_itself() -> None:
    sent = observation(
        code={"text": "血常规"},
        component=[part("HB", "13.5", "g/dL"), part("X", "1", "NCU"), part("017", "5", "mmol/l")],
    )
    made, seen = standardised(sent, find)
    first, second, third = made["component"]
    assert str(first["valueQuantity"]["value"]) == "135"
    assert second == sent["component"][1]
    assert third["valueQuantity"]["code"] == "mmol/L"
    assert "extension" not in third["valueQuantity"]
    assert [(one.code, one.item is not None) for one in seen] == [("HB", True), ("X", False), ("017", True)]
    assert made["meta"]["tag"] == [{"system": "urn:xinglin:tag", "code": "unmapped"}]
    assert not [f for f in validator().validate(made) if f.severity == "error"]


def test_comparators_and_foreign_tags_stay() -> None:
    sent = observation(meta={"tag": [{"system": "s", "code": "c"}]}, **part("017", "18", "mg/dL"))
    sent["valueQuantity"]["comparator"] = "<"
    made, _ = standardised(sent, find)
    assert made["valueQuantity"]["comparator"] == "<"
    assert made["meta"] == sent["meta"]
    assert restored(made) == sent


def test_a_bound_without_unit_is_in_the_values_unit() -> None:
    sent = observation(
        **part("017", "90", "mg/dL", referenceRange=[{"low": {"value": Decimal(70)}, "text": "70-"}])
    )
    made, _ = standardised(sent, find)
    assert str(made["referenceRange"][0]["low"]["value"]) == "3.89"
    assert made["referenceRange"][0]["text"] == "70-"
    assert restored(made) == sent


def test_a_dimer_without_its_unit_named_isnt_converted() -> None:
    made, seen = standardised(observation(**part("DD", "0.5", "mg/L")), find)
    assert seen[0].strange_unit
    assert made["meta"]["tag"][0]["code"] == "unmapped-unit"
    assert made["valueQuantity"] == {"value": Decimal("0.5"), "unit": "mg/L"}


def test_standard_codes_are_left_alone() -> None:
    sent = observation(**part("017", "90", "mg/dL"))
    sent["code"]["coding"].append({"system": "http://loinc.org", "code": "2345-7"})
    assert standardised(sent, find) == (sent, [])


def test_an_unread_loinc_code_stays_out_of_records() -> None:
    unread = next(one for one in table().values() if one.loinc_confidence == "unverified" and one.unit)
    made, _ = standardised(observation(**part("u", "1", unread.unit)), lambda _s, _c: unread)
    assert [one["code"] for one in made["code"]["coding"]] == [unread.code, "u"]


def mutations(value: Any) -> Iterator[Any]:
    """Give the record with each of its parts replaced by something of the wrong type."""
    yield from (None, 1, "x", [], {}, [1], [{"system": 1}])
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from ({**value, name: one} for one in mutations(inner))
    if isinstance(value, list):
        for place, inner in enumerate(value):
            yield from ([*value[:place], one, *value[place + 1 :]] for one in mutations(inner))


def test_misshapen_records_are_left_as_they_are() -> None:
    whole = observation(
        meta={"tag": [{"system": "s", "code": "c"}]},
        specimen={"display": "血清"},
        component=[part("HB", "13.5", "g/dL")],
        **part(
            "017",
            "90",
            "mg/dL",
            referenceRange=[{"low": {"value": Decimal(70)}, "high": {"value": Decimal(110)}}],
        ),
    )
    for one in mutations(whole):
        if isinstance(one, dict) and one.get("resourceType") == "Observation":
            before = dumps(one)
            made, _ = standardised(one, find)
            assert dumps(one) == before
            restored(made)


@pytest.mark.parametrize("code", ["017", "HB", "X"])
@given(
    value=st.decimals(min_value=0, max_value=10000, places=2),
    unit=st.sampled_from(["mg/dL", "mmol/L", "毫摩尔/升", "g/L", "克/升", "g/dL", "NCU", "%"]),
)
def test_back_again(code: str, value: Decimal, unit: str) -> None:
    sent = observation(**part(code, str(value), unit))
    made, seen = standardised(sent, find)
    assert len(seen) == 1
    back = restored(made)
    for name in ("system", "code"):  # a unit that was merely written out stays coded: that is no mapping
        if made["valueQuantity"].get("extension") is None:
            back["valueQuantity"] = {k: v for k, v in back["valueQuantity"].items() if k != name}
    assert back == sent
    again, _ = standardised(made, find)
    assert again == made or "tag" in made.get("meta", {})
