"""Joining parts of a record: what stays, what is replaced, what is added."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.core.exact_json import Json
from xinglin.standards.conversion.merge import merge

SERIES = ("identifier", "series[uid].instance[uid]")


def study(**series: list[Json]) -> Json:
    return {
        "resourceType": "ImagingStudy",
        "id": "s",
        "series": [{"uid": uid, "instance": found} for uid, found in series.items()],
    }


def test_elements_replace_and_the_rest_stays():
    stored = {"resourceType": "Patient", "id": "1", "gender": "male", "birthDate": "1980"}
    part = {"resourceType": "Patient", "id": "1", "birthDate": "1980-01-02", "active": True}
    assert merge(stored, part, (), older=False) == {**stored, "birthDate": "1980-01-02", "active": True}


def test_an_older_part_only_adds():
    stored = {"resourceType": "Patient", "id": "1", "gender": "male", "birthDate": "1980"}
    part = {"resourceType": "Patient", "id": "1", "birthDate": "1980-01-02", "active": True}
    assert merge(stored, part, (), older=True) == {**stored, "active": True}


@pytest.mark.parametrize(
    ("stored", "part", "newer", "older"),
    [
        ({"deceasedBoolean": True}, {"deceasedDateTime": "2024"}, {"deceasedDateTime": "2024"}, None),
        ({"_birthDate": {"id": "x"}}, {"birthDate": "1980"}, {"birthDate": "1980"}, None),
        (
            {"birthDate": "1979"},
            {"birthDate": "1980", "_birthDate": {"id": "x"}},
            {"birthDate": "1980", "_birthDate": {"id": "x"}},
            None,
        ),
        ({"name": [{"text": "a"}]}, {"name": [{"text": "b"}]}, {"name": [{"text": "b"}]}, None),
        ({}, {"deceasedBoolean": True}, {"deceasedBoolean": True}, {"deceasedBoolean": True}),
    ],
)
def test_a_choice_and_its_companion_are_one_element(
    stored: Json, part: Json, newer: Json, older: Json | None
):
    base = {"resourceType": "Patient", "id": "1"}
    assert merge(base | stored, base | part, (), older=False) == base | newer
    assert merge(base | stored, base | part, (), older=True) == base | (stored if older is None else older)


def test_equal_elements_are_joined_once():
    a, b = {"system": "x", "value": "1"}, {"system": "x", "value": "2"}
    stored, part = {"identifier": [a]}, {"identifier": [b, a]}
    assert merge(stored, part, ("identifier",), older=False)["identifier"] == [a, b]
    assert merge(stored, part, ("identifier",), older=True)["identifier"] == [a, b]
    assert merge(stored, {"identifier": []}, ("identifier",), older=False)["identifier"] == [a]


def test_several_keys_make_one_element():
    stored = {"identifier": [{"system": "x", "value": "1"}, {"value": "1"}]}
    part = {"identifier": [{"system": "x", "value": "1", "use": "old"}, {"value": "1"}]}
    joined = merge(stored, part, ("identifier[system,value]",), older=False)["identifier"]
    assert joined == [{"system": "x", "value": "1", "use": "old"}, {"value": "1"}]


def test_instances_meet_in_their_series():
    one, two, three = ({"uid": uid, "number": n} for n, uid in enumerate("abc"))
    stored = study(s1=[one], s2=[three])
    joined = merge(stored, study(s1=[two], s3=[one]), SERIES, older=False)
    assert joined == study(s1=[one, two], s2=[three], s3=[one])


def test_an_older_instance_changes_nothing_known():
    stored, part = study(s1=[{"uid": "a", "number": 2}]), study(s1=[{"uid": "a", "number": 1, "title": "t"}])
    assert merge(stored, part, SERIES, older=True) == study(s1=[{"uid": "a", "number": 2, "title": "t"}])
    assert merge(stored, part, SERIES, older=False) == study(s1=[{"uid": "a", "number": 1, "title": "t"}])


def test_a_choice_inside_a_joined_element():
    stored = {"resourceType": "Observation", "component": [{"id": "a", "valueString": "1"}]}
    part = {"resourceType": "Observation", "component": [{"id": "a", "valueInteger": 1}]}
    joined = merge(stored, part, ("component[id]",), older=False)
    assert joined["component"] == [{"id": "a", "valueInteger": 1}]


@pytest.mark.parametrize("path", ["", "series[", "series[uid].", "series[uid,]", "a b"])
def test_paths_that_name_nothing(path: str):
    with pytest.raises(ValueError, match="names no array"):
        merge({}, {}, (path,), older=False)


uids = st.sampled_from("abc")
instances = st.lists(st.fixed_dictionaries({"uid": uids}, optional={"title": st.just("t")}), max_size=3)
studies = st.builds(study, s1=instances, s2=instances)
records = st.fixed_dictionaries(
    {"resourceType": st.just("Patient"), "id": st.just("1")},
    optional={
        "gender": st.sampled_from(["male", "female"]),
        "deceasedBoolean": st.booleans(),
        "identifier": st.lists(st.fixed_dictionaries({"value": uids}), max_size=3),
    },
)


@given(records | studies, records | studies, st.booleans())
def test_the_same_part_again_changes_nothing(stored: Json, part: Json, older: bool):
    before = deepcopy((stored, part))
    once = merge(stored, part, SERIES, older=older)
    assert merge(once, part, SERIES, older=older) == once
    assert (stored, part) == before


@given(studies, studies)
def test_nothing_that_a_list_holds_is_lost_whatever_the_order(one: Json, other: Json):
    def content(record: Json) -> dict[str, set[str]]:
        return {s["uid"]: {i["uid"] for i in s["instance"]} for s in record["series"]}

    for older in (False, True):
        forth, back = merge(one, other, SERIES, older=older), merge(other, one, SERIES, older=older)
        assert content(forth) == content(back)
        assert content(forth) == {
            uid: content(one)[uid] | content(other)[uid] for uid in content(one) | content(other)
        }


@given(records, records)
def test_the_later_state_is_the_same_in_whatever_order_parts_come(first: Json, later: Json):
    def content(record: Json) -> dict[str, Any]:
        return {
            name: sorted({str(one) for one in value}) if isinstance(value, list) else value
            for name, value in record.items()
        }

    in_order = merge(first, later, SERIES, older=False)
    late = merge(later, first, SERIES, older=True)
    assert content(in_order) == content(late)


def test_groups_are_told_whole_and_stay_in_their_place():
    stored = {"extension": [{"url": "a", "v": 1}, {"url": "b", "v": 1}, {"url": "a", "v": 2}]}
    part = {"extension": [{"url": "c", "v": 9}, {"url": "a", "v": 3}]}
    joined = merge(stored, part, ("extension{url}",), older=False)
    assert joined["extension"] == [{"url": "a", "v": 3}, {"url": "b", "v": 1}, {"url": "c", "v": 9}]
    assert merge(joined, part, ("extension{url}",), older=False) == joined
    late = merge(stored, part, ("extension{url}",), older=True)
    assert late["extension"] == [*stored["extension"], {"url": "c", "v": 9}]


def test_elements_are_taken_away_by_a_later_part_only():
    stored = {"resourceType": "Patient", "deceasedDateTime": "2026", "_birthDate": {}, "period": {"end": "1"}}
    removed = ("deceasedBoolean", "birthDate", "period.end", "name")
    assert merge(stored, {}, (), older=False, removed=removed) == {"resourceType": "Patient"}
    assert merge(stored, {}, (), older=True, removed=removed) == stored


def test_a_guess_only_fills_gaps():
    part = {"status": "in-progress"}
    for status, left in ((None, "in-progress"), ("unknown", "in-progress"), ("finished", "finished")):
        stored = {"status": status} if status else {}
        assert merge(stored, part, (), older=False, gaps=("status",)) == {"status": left}
