"""Reading searches and writing them back."""

from urllib.parse import parse_qsl

import pytest

from xinglin.core.errors import SearchError
from xinglin.standards.search import errors
from xinglin.standards.search.parameters import r4
from xinglin.standards.search.parse import Bounds, Compartment, parse_search
from xinglin.standards.search.query import Chain, Has, Include, Query, Sort, Test
from xinglin.standards.search.values import Date, Quantity, Reading, Reference, Token
from xinglin.standards.search.write import to_pairs, to_url


def read(url: str, **options: object) -> Query:
    kind, _, query = url.partition("?")
    return parse_search(parse_qsl(query, keep_blank_values=True), r4(), kind or None, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "url",
    [
        "Patient?name=eve",
        "Patient?name:exact=Eve&birthdate=ge2000-01-01&birthdate=lt2001",
        "Patient?gender:not=male",
        "Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|446053",
        "Patient?general-practitioner:Practitioner.name=joe",
        "Patient?general-practitioner.name=joe",
        "Patient?_has:Observation:patient:code=1234-5",
        "Patient?_has:Observation:patient:_has:AuditEvent:entity:agent=Practitioner/a",
        "Observation?code=http://loinc.org|8867-4,|abc,http://loinc.org|,xyz&date=ap2013-01-14",
        "Observation?value-quantity=gt5.40e-3|http://unitsofmeasure.org|g,5||mg,7",
        "Observation?component-code-value-quantity=http://loinc.org|8480-6$lt60",
        "Observation?subject=Patient/23,http://elsewhere.cn/fhir/Patient/2,urn:uuid:1,Patient/1/_history/2,7",
        "Observation?code:in=http://hl7.org/fhir/ValueSet/observation-codes&patient:identifier=http://a.cn|1",
        "Observation?code:missing=true&_sort=-date,code&_count=20&_total=accurate&_summary=text&_elements=id,code",
        "Observation?_include=Observation:subject:Patient&_include:iterate=Patient:*&_revinclude=*",
        "ValueSet?url:below=http://acme.org/fhir/,http://x.cn",
        "Condition?code:below=http://snomed.info/sct|126851005",
        "Location?partof:below=42",
        "?_type=Patient,Observation&_tag=http://a.cn|b",
        "Patient?_text=fever and cough&_content=x",
        "Patient?_lastUpdated=gt2020&_id=a,b",
    ],
)
def test_what_is_written_is_what_was_read(url: str) -> None:
    tree = read(url)
    assert to_url(tree).replace("%20", " ") == url
    assert parse_search(to_pairs(tree), r4(), tree.types[0] if len(tree.types) == 1 else None) == tree


def test_values_are_typed() -> None:
    tree = read(r"Observation?code=a\,b\|c\$d\\e")
    assert tree.branches[0].criteria[0] == Test(
        r4().for_type("Observation")["code"], "", (Token(None, r"a,b|c$d\e"),)
    )
    assert to_pairs(tree) == [("code", r"a\,b\|c\$d\\e")]


def test_dates_take_the_zone_of_the_request() -> None:
    tree = parse_search([("birthdate", "2013")], r4(), "Patient", reading=Reading(zone="UTC"))
    criterion = tree.branches[0].criteria[0]
    assert isinstance(criterion, Test)
    value = criterion.values[0]
    assert isinstance(value, Date)
    assert value.range.low == 1_356_998_400_000_000


def test_a_plus_that_arrived_as_a_space() -> None:
    tree = parse_search([("date", "2013-01-14T10:00:00 08:00")], r4(), "Observation")
    assert to_pairs(tree) == [("date", "2013-01-14T10:00:00+08:00")]


def test_the_hubs_own_address_is_left_away() -> None:
    reading = Reading(base_url="https://hub.cn/fhir")
    tree = parse_search([("subject", "https://hub.cn/fhir/Patient/1")], r4(), "Observation", reading=reading)
    assert tree.branches[0].criteria[0].values == (Reference("Patient/1"),)  # type: ignore[union-attr]


def test_the_modifier_of_type_completes_the_reference() -> None:
    assert to_pairs(read("Observation?subject:Patient=1")) == [("subject", "Patient/1")]


def test_chains_try_every_target_that_has_the_parameter() -> None:
    chain = read("Observation?subject.name=x").branches[0].criteria[0]
    assert isinstance(chain, Chain)
    assert {kind for kind, _ in chain.targets} == {"Patient", "Location"}


def test_lists_are_referrers() -> None:
    criterion = read("Patient?_list=42").branches[0].criteria[0]
    assert isinstance(criterion, Has)
    assert criterion.type == "List"


def test_shaping() -> None:
    tree = read(
        "Observation?_sort=-date&_include=Observation:subject&_revinclude:iterate=Provenance:target&_count=0"
    )
    assert tree.sort == (Sort("date", descending=True),)
    assert tree.includes == (
        Include(reverse=False, source="Observation", code="subject", target="", iterate=False),
        Include(reverse=True, source="Provenance", code="target", target="", iterate=True),
    )
    assert tree.count == 0


def test_a_quantity_is_a_number_with_a_unit() -> None:
    criterion = read("Observation?value-quantity=le5.4||mg").branches[0].criteria[0]
    assert isinstance(criterion, Test)
    value = criterion.values[0]
    assert isinstance(value, Quantity)
    assert (value.number.prefix, value.system, value.code) == ("le", "", "mg")


def test_compartments() -> None:
    tree = parse_search([("code", "1")], r4(), "Observation", compartment=Compartment("Patient", "7"))
    within = tree.branches[0].within
    assert within is not None
    assert {one.code for one in within.parameters} == {"subject", "performer"}
    assert to_url(tree, "https://hub.cn/fhir") == "https://hub.cn/fhir/Patient/7/Observation?code=1"
    every = parse_search([], r4(), compartment=Compartment("Patient", "7"))
    assert {"Patient", "Observation"} <= set(every.types)
    assert "Organization" not in every.types


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        ("Patient?brithdate=1", errors.UnknownParameter, "birthdate"),
        ("Patient?_sort=nmae", errors.UnknownParameter, "name"),
        ("?code=1", errors.UnknownParameter, "code"),
        ("Observation?code:foo=1", errors.UnknownModifier, ":not-in"),
        ("Patient?birthdate:exact=2013", errors.UnknownModifier, ":missing"),
        ("Patient?birthdate=yesterday", errors.BadValue, "2013-01-14"),
        ("Patient?active:missing=maybe", errors.BadValue, "true or false"),
        ("Observation?value-quantity=5|mg", errors.BadValue, "5.4||mg/dL"),
        ("Observation?code=a|b|c", errors.BadValue, "male"),
        ("Observation?code-value-quantity=a", errors.BadValue, "8480-6"),
        ("Observation?subject=#contained", errors.BadValue, "Patient/123"),
        ("Observation?subject:Patient=Group/1", errors.BadValue, "Patient/123"),
        ("Condition?code:below=126851005", errors.BadValue, "snomed"),
        ("Patient?_count=-1", errors.BadValue, "20"),
        ("Patient?_total=all", errors.BadValue, "accurate"),
        ("Patient?name=", errors.EmptyValue, "leave"),
        ("Patient?name=a,", errors.EmptyValue, "leave"),
        ("Patient?name.family=x", errors.NoReference, "general-practitioner"),
        ("Patient?_has:Observation:code:status=x", errors.NoReference, "subject"),
        ("Patient?_has:Encounter:part-of:class=x", errors.NoTarget, "type"),
        ("Observation?subject.nonsense=1", errors.NoTarget, "subject"),
        ("Observation?subject:Patent.name=1", errors.UnknownType, "Patient"),
        ("Patent?name=1", errors.UnknownType, "Patient"),
        ("Patient?_filter=name eq x", errors.NotSupported, "CapabilityStatement"),
        ("Patient?_contained=both", errors.NotSupported, "CapabilityStatement"),
        ("Patient?_list=$current-problems", errors.NotSupported, "CapabilityStatement"),
        ("Patient?_include=Patient:name", errors.BadInclude, "Observation:subject"),
        ("Patient?_include=Patient", errors.BadInclude, "Observation:subject"),
        ("Observation?_sort=code-value-quantity", errors.BadSort, "date"),
        ("Patient?_count=1&_count=2", errors.Repeated, "once"),
        ("Patient?_include:foo=Patient:organization", errors.UnknownModifier, ":iterate"),
        ("Patient?_has:Observation:patient=1", errors.BadValue, "_has:Observation"),
    ],
)
def test_what_cannot_be_understood_is_said_precisely(url: str, error: type[SearchError], words: str) -> None:
    with pytest.raises(error) as found:
        read(url)
    assert words in found.value.text() + found.value.advice()


def test_lenient_handling_names_what_it_leaves_out() -> None:
    tree = read("Patient?name=a&nmae=b&_sort=zzz,name&gender=&_include=Patient:nonsense", strict=False)
    assert set(tree.ignored) == {"nmae", "gender", "_sort=zzz", "_include=Patient:nonsense"}
    assert to_pairs(tree) == [("name", "a"), ("_sort", "name")]
    with pytest.raises(errors.UnknownModifier):
        read("Patient?name:foo=a", strict=False)


@pytest.mark.parametrize(
    "url",
    [
        "Patient?" + "&".join(f"name={number}" for number in range(101)),
        "Patient?name=" + ",".join("a" * 1001),
        "Encounter?" + "part-of." * 11 + "class=x",
        "Observation?" + "focus." * 6 + "code=x",
        "Patient?_sort=" + ",".join(["name"] * 9),
        "Patient?" + "&".join(f"_include=Patient:organization:{one}" for one in ["Organization"] * 51),
        "Patient?" + "_has:Provenance:target:" + "_has:Provenance:target:" * 12 + "agent=x",
    ],
)
def test_too_much_is_refused(url: str) -> None:
    with pytest.raises(errors.TooMuch):
        read(url)


def test_bounds_can_be_set() -> None:
    with pytest.raises(errors.TooMuch, match="2 values"):
        read("Patient?name=a,b", bounds=Bounds(values=1))


def test_format_is_somebody_elses() -> None:
    assert to_pairs(read("Patient?_format=json&_pretty=true&_contained=false")) == []
