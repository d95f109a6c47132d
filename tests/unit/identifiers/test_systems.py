"""Which system means which kind."""

import csv

import pytest

from xinglin.standards.identifiers import (
    SCHEMES,
    Fault,
    Identifier,
    Kind,
    find,
    kind_of,
    kind_of_document,
    preferred,
    read,
    systems,
)

OURS = "urn:oid:2.16.156.10011.1.3"
HL7_CHINA = "urn:oid:2.16.840.1.113883.2.23.1.19.1"
EXAMPLE = "11010519491231002X"


@pytest.mark.parametrize("system", [OURS, HL7_CHINA, OURS.removeprefix("urn:oid:"), f" {OURS} "])
def test_both_oids_mean_the_resident_identity_number(system):
    assert kind_of(system, EXAMPLE) == Kind.RESIDENT
    assert preferred(system) == OURS


@pytest.mark.parametrize(
    ("system", "value", "kind"),
    [
        (OURS, "810000199408230021", Kind.HK_MACAO_RESIDENCE),
        (OURS, "830000199201300022", Kind.TAIWAN_RESIDENCE),
        (HL7_CHINA, "911124198108030024", Kind.PERMANENT_RESIDENCE),
        (OURS, "wrong", Kind.RESIDENT),
        ("2.16.156.10011.1.5", "91110000600037341L", Kind.CREDIT_CODE),
        ("2.16.156.10011.1.5", "PDY00001X36010211A1001", Kind.HEALTH_INSTITUTION),
        ("2.16.156.10011.1.5", "D2143569-X", Kind.ORGANIZATION_CODE),
        ("2.16.156.10011.1.5", "H36010200001", Kind.INSURANCE_INSTITUTION),
        ("2.16.156.10011.1.12", "1001", Kind.LOCAL),
        ("https://example.org/mrn", "1001", None),
        ("urn:oid:2.16.156.10011.2.3.3.4", "1", None),
        (None, EXAMPLE, Kind.RESIDENT),
        (None, "91110000600037341L", Kind.CREDIT_CODE),
        (None, "110105491231002", None),
        (None, "", None),
    ],
)
def test_kind_of(system, value, kind):
    assert kind_of(system, value) == kind


@pytest.mark.parametrize(
    ("code", "edition", "value", "kind"),
    [
        ("01", "WS 364.3-2011", EXAMPLE, Kind.RESIDENT),
        ("1", "WS 364.3-2011", EXAMPLE, Kind.RESIDENT),
        ("06", "WS 364.3-2011", "H12345678", Kind.HK_MACAO_TRAVEL),
        ("06", "WS 364.3-2011", "810000199408230021", Kind.HK_MACAO_RESIDENCE),
        ("6", "RC038-2023", "EA1234567", Kind.PASSPORT),
        ("4", "RC038-2023", "H12345678", Kind.HK_MACAO_TRAVEL),
        ("04", "WS 364.3-2011", "军字第1号", None),
        ("99", "WS 364.3-2011", "1", None),
    ],
)
def test_document_codes_mean_what_their_edition_says(code, edition, value, kind):
    assert kind_of_document(code, value, edition) == kind


def test_fhir_identifiers_are_read():
    found = read({"system": HL7_CHINA, "value": "11010519491231002x"})
    assert isinstance(found, Identifier)
    assert found.value == EXAMPLE
    wrong = read({"system": OURS, "value": "110105194912310021"})
    assert isinstance(wrong, Fault)
    assert wrong.rule == "check"
    typed = {"coding": [{"system": "urn:oid:2.16.156.10011.2.3.1.1", "code": "07"}]}
    permit = read({"type": typed, "value": "01234567"})
    assert isinstance(permit, Identifier)
    assert permit.kind == Kind.TAIWAN_TRAVEL
    proven = read({"value": EXAMPLE, "type": {"coding": [None, {"code": 1}]}})
    assert isinstance(proven, Identifier)


@pytest.mark.parametrize(
    "identifier",
    [
        {},
        {"value": None},
        {"value": 5},
        {"value": "1", "type": None},
        {"value": "1", "type": {"coding": {}}},
        {"value": "x", "type": {"coding": [{"system": "urn:oid:2.16.156.10011.2.3.1.1", "code": "99"}]}},
        {"system": "https://example.org/mrn", "value": "1"},
    ],
)
def test_what_is_unknown_is_left_alone(identifier):
    assert read(identifier) is None


def test_the_table_is_whole():
    for uri, system in systems().items():
        assert uri == system.uri
        assert bool(system.kinds) != bool(system.standard)
        assert system.name_zh
        assert system.name_en
        assert system.source
        assert system.edition
        assert system.confidence.startswith(("read", "inferred", "unverified")), uri
        assert find(preferred(uri)) is not None
        assert systems()[preferred(uri)].preferred


def test_the_table_agrees_with_the_evidence(shared):
    source = shared("reference/national/code_systems_oid.csv")
    with source.open(encoding="utf-8-sig") as handle:
        evidence = {row["oid"]: row for row in csv.DictReader(handle) if row["oid"]}
    for uri, system in systems().items():
        oid = uri.removeprefix("urn:oid:")
        if oid in evidence and system.standard not in {"WS/T 500", "WS 363"}:
            assert evidence[oid]["table_or_standard"] == system.standard
            assert evidence[oid]["confidence"].startswith("read")


def test_unknown_systems_stay_as_they_are():
    assert preferred("https://example.org/mrn") == "https://example.org/mrn"


def test_every_kind_has_a_scheme():
    assert set(SCHEMES) == set(Kind)
