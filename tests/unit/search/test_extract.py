"""Search values of records."""

from collections.abc import Callable
from gzip import decompress
from pathlib import Path
from typing import Any

import pytest

from xinglin.core import exact_json
from xinglin.standards.search import keys
from xinglin.standards.search.extract import Extractor
from xinglin.standards.search.parameters import r4
from xinglin.standards.search.sinks import Index

EXTRACTOR = Extractor(r4(), base_url="https://hub.cn/fhir")


def extract(kind: str, **elements: Any) -> Index:
    return EXTRACTOR.extract({"resourceType": kind, "id": "1", **elements})


def has(index: Index, kind: str, code: str, value: int) -> bool:
    return any(value ^ lookup.salt in index.keys for lookup in EXTRACTOR.plan(kind).lookups[code])


def test_a_coding_is_found_by_code_system_and_both() -> None:
    index = extract("Observation", code={"coding": [{"system": "http://a.cn", "code": "B"}]})
    for code in ("code", "combo-code"):
        assert has(index, "Observation", code, keys.token_code("b"))
        assert has(index, "Observation", code, keys.token("http://a.cn", "b"))
        assert has(index, "Observation", code, keys.token_system("http://a.cn"))
        assert has(index, "Observation", code, keys.PRESENT)
    assert not has(index, "Observation", "code", keys.token("", "b"))
    assert not has(index, "Observation", "component-code", keys.token_code("b"))


def test_parameters_over_one_place_share_its_keys() -> None:
    one = extract("Observation", code={"coding": [{"code": "B"}]})
    assert len(one.keys) == 3  # present, code, code without system


def test_display_texts_go_to_a_dictionary() -> None:
    index = extract("Observation", code={"coding": [{"display": "Body  Height"}], "text": "body height"})
    assert index.texts == {keys.token_text("body height"): "body height"}
    assert has(index, "Observation", "code", keys.token_text("body height"))


def test_references_tell_what_they_point_to() -> None:
    index = extract("Observation", subject={"reference": "https://hub.cn/fhir/Patient/1/_history/2"})
    own = keys.self_key("Patient", "1")
    assert index.references == [own]
    assert has(index, "Observation", "subject", own)
    assert has(index, "Observation", "patient", own)
    assert has(index, "Observation", "subject", keys.reference("Patient/1/_history/2"))


def test_presence_of_a_reference_to_one_type() -> None:
    def present(**subject: str) -> bool:
        found = set(extract("Observation", subject=subject).keys)
        return any(one.present in found for one in EXTRACTOR.plan("Observation").lookups["patient"])

    assert present(reference="Patient/1")
    assert present(type="Patient")
    assert not present(reference="Group/1")
    assert not present(display="somebody")


def test_dates_of_every_kind_stand_at_one_place() -> None:
    moment = extract("Observation", effectiveDateTime="2013-01-14")
    period = extract("Observation", effectivePeriod={"start": "2013-01-14"})
    timing = extract("Observation", effectiveTiming={"event": ["2013-01-14", "2013-01-16"]})
    assert moment.dates[0][0] == period.dates[0][0] == timing.dates[0][0]
    assert moment.dates[0][1] == period.dates[0][1] == timing.dates[0][1]
    assert timing.dates[0][2] == moment.dates[0][2] + 2 * 86_400_000_000


def test_quantities_stand_as_written_and_in_base_units() -> None:
    (row,) = extract(
        "Observation", valueQuantity={"value": 5, "system": "http://unitsofmeasure.org", "code": "mg/dL"}
    ).numbers
    (other,) = extract(
        "Observation", valueQuantity={"value": 50, "system": "http://unitsofmeasure.org", "code": "mg/L"}
    ).numbers
    assert (row.low, row.base_low, row.unit) == (5, other.base_low, other.unit)


def test_names_are_found_by_part_and_in_pinyin() -> None:
    index = extract("Patient", name=[{"family": "张", "given": ["三"]}])
    texts = {text for _, text in index.strings}
    assert texts == {"张", "三", "张三", "zhang", "z", "san", "s", "zhangsan", "zs"}


def test_fhirpath_finds_what_paths_cannot() -> None:
    assert has(extract("Patient", deceasedDateTime="2013"), "Patient", "deceased", keys.token_code("true"))
    assert has(extract("Patient"), "Patient", "deceased", keys.token_code("false"))
    bundle = extract("Bundle", entry=[{"resource": {"resourceType": "Composition", "id": "2"}}])
    assert bundle.references == [keys.self_key("Composition", "2")]


def test_pairs_stand_together() -> None:
    index = extract(
        "Group",
        characteristic=[
            {"code": {"coding": [{"code": "a"}]}, "valueBoolean": True},
            {"code": {"coding": [{"code": "b"}]}, "valueBoolean": False},
        ],
    )
    (lookup,) = EXTRACTOR.plan("Group").pairs["characteristic-value"]
    together = keys.pair(keys.token_code("a"), keys.token_code("true"))
    apart = keys.pair(keys.token_code("a"), keys.token_code("false"))
    assert together ^ lookup.salt in index.keys
    assert apart ^ lookup.salt not in index.keys


@pytest.mark.parametrize(
    "elements",
    [
        {"code": "x"},
        {"code": {"coding": "x"}},
        {"code": {"coding": [{"code": {"a": 1}}, "x", None, 5]}},
        {"subject": ["x", {"reference": 5}]},
        {"effectiveDateTime": "yesterday"},
        {"effectivePeriod": {"start": 5}},
        {"valueQuantity": {"value": "x", "code": []}},
        {"category": [[{"coding": []}]]},
        {"contained": "x"},
        {"meta": {"tag": {"code": 1}}},
        {"text": {"div": 5}},
    ],
)
def test_misshapen_values_are_left_out(elements: dict[str, Any]) -> None:
    index = extract("Observation", status="final", **elements)
    assert has(index, "Observation", "status", keys.token_code("final"))


def test_keys_never_change() -> None:
    """What is stored stays findable: these numbers are part of every hub's database."""
    assert keys.token("http://loinc.org", "8302-2") == -1761315282851331993
    assert keys.self_key("Patient", "1") == 5000564937423261948
    assert keys.salt("Observation.code(CodeableConcept)") == -2318666230711006287


def test_synthea_is_indexed_whole(shared: Callable[[str], Path]) -> None:
    for path in sorted(shared("data/synthea").glob("*.json.gz"))[:3]:
        for entry in exact_json.loads(decompress(path.read_bytes()))["entry"]:
            index = EXTRACTOR.extract(entry["resource"])
            assert index.keys == sorted(set(index.keys))
            assert index.keys
