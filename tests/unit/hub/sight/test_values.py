"""Sights as values, and the small parts that they are judged by."""

import struct

import pytest

from xinglin.hub.arrays import Bigints
from xinglin.hub.copying import int8
from xinglin.hub.search.sql import FALSE, TRUE, Sql
from xinglin.hub.sight import EVERYTHING, NOTHING, Sight, View, Without
from xinglin.hub.sight.arrays import packed_patients
from xinglin.hub.sight.blind import elements
from xinglin.hub.sight.logic import both, either, negated
from xinglin.hub.sight.membership import named, nobodys, salts, self_keys, told_by
from xinglin.hub.sight.origins import origin_key, origin_of
from xinglin.standards.search import Extractor, keys, r4

EXTRACTOR = Extractor(r4())
ONE, OTHER = Sql("a = %s", (1,)), Sql("b = %s", ([2, 3],))


def test_only_what_hides_nothing_is_whole() -> None:
    assert EVERYTHING.whole
    assert Sight((View(types=frozenset({"Patient"})), View())).whole
    assert not NOTHING.whole
    assert not Sight((View(),), (Without(patients=frozenset({"a"})),)).whole
    assert not Sight((View(without_labels=frozenset({("", "x")})),)).whole


def test_hidden_parameters_are_of_a_type_or_of_all() -> None:
    sight = Sight((View(),), blind={"Patient": frozenset({"name"}), "*": frozenset({"_source"})})
    assert sight.hidden_parameters("Patient") == {"name", "_source"}
    assert sight.hidden_parameters("Observation") == {"_source"}


@pytest.mark.parametrize(
    ("source", "origin"),
    [
        ("urn:xinglin:source:his:17#0.3", "source:his"),
        ("urn:xinglin:source:his", "source:his"),
        ("urn:xinglin:client:app-7", "client:app-7"),
        ("urn:xinglin:client:app-7#x\ny", "client:app-7"),
        ("urn:xinglin:source::1", None),
        ("urn:xinglin:other:his:1", None),
        ("http://urn:xinglin:source:his", None),
        ("", None),
        (7, None),
        (None, None),
    ],
)
def test_origins_are_read_from_the_source(source: object, origin: str | None) -> None:
    assert origin_of({"resourceType": "Basic", "meta": {"source": source}}) == origin


@pytest.mark.parametrize("meta", [None, [], "x", {}])
def test_a_record_may_say_nothing_of_its_origin(meta: object) -> None:
    assert origin_of({"resourceType": "Basic", "meta": meta}) is None
    assert origin_of({"resourceType": "Basic"}) is None


def test_origins_have_keys_of_their_own() -> None:
    assert len({origin_key(one) for one in ("source:a", "source:b", "client:a", "client:b")}) == 4


def test_numbers_are_packed_as_postgresql_reads_them() -> None:
    data = Bigints([int8(number) for number in (-1, 5, 2**63 - 1)]).data
    assert struct.unpack("!iiIii", data[:20]) == (1, 0, 20, 3, 1)
    assert struct.unpack("!iqiqiq", data[20:]) == (8, -1, 8, 5, 8, 2**63 - 1)
    assert struct.unpack("!iiI", Bigints([]).data) == (0, 0, 20)
    both = packed_patients(frozenset("ab")).data
    assert struct.unpack("!iqiq", both[20:])[1::2] == tuple(sorted(self_keys(frozenset("ab"))))
    assert self_keys(frozenset("a")) == {keys.self_key("Patient", "a")}


def test_what_is_always_or_never_so_costs_nothing() -> None:
    assert both([TRUE, ONE, TRUE]) == ONE
    assert both([ONE, FALSE]) == FALSE
    assert both([]) == TRUE
    assert either([FALSE, ONE, FALSE]) == ONE
    assert either([ONE, TRUE]) == TRUE
    assert either([]) == FALSE
    assert both([ONE, OTHER, ONE]) == Sql("((a = %s) AND (b = %s))", (1, [2, 3]))
    assert either([ONE, OTHER]) == Sql("((a = %s) OR (b = %s))", (1, [2, 3]))
    assert (negated(TRUE), negated(FALSE), negated(ONE)) == (FALSE, TRUE, Sql("NOT (a = %s)", (1,)))


def test_whose_a_record_is_stands_in_the_compartment_definition() -> None:
    place = "Observation.subject(Reference)"
    assert keys.salt(place) in salts(EXTRACTOR, "Observation")
    assert len(salts(EXTRACTOR, "Observation")) == 2
    assert salts(EXTRACTOR, "Organization") == ()
    assert keys.salt("Task.for(Reference)") in salts(EXTRACTOR, "Task")
    assert named(EXTRACTOR, "Task")
    assert not named(EXTRACTOR, "Observation")
    never, some = nobodys(EXTRACTOR)
    assert set(some) == {"Contract", "Device", "GuidanceResponse", "Task"}
    assert {"Organization", "Practitioner", "ValueSet"} <= set(never)
    assert not {"Patient", "Observation", "Group"} & {*never, *some}
    assert told_by("Observation") == ("_security", "subject", "performer")


def test_parameters_look_at_elements() -> None:
    assert "Patient.name.family" in elements(EXTRACTOR, "Patient", "family")
    assert elements(EXTRACTOR, "Patient", "phone") == {"Patient.telecom"}
    assert elements(EXTRACTOR, "Patient", "nothing") == frozenset()
