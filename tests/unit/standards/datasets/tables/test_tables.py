"""National code tables: editions are never mixed, every row says where it comes from."""

import csv
from importlib.resources import files

import pytest

from xinglin.standards.datasets import tables
from xinglin.standards.definitions import code_system
from xinglin.standards.validation import validator

DATA = files("xinglin.standards.datasets.tables") / "data"
V3 = "http://terminology.hl7.org/CodeSystem/v3-"
INTERPRETATION = f"{V3}ObservationInterpretation"


def rows(name: str) -> list[dict[str, str]]:
    """Read a data file."""
    with (DATA / name).open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize(
    ("edition", "display"), [("2011", "狂犬病被动免疫制剂"), ("2023", "新型冠状病毒疫苗"), (None, None)]
)
def test_a_reused_code_is_read_by_its_own_edition_only(edition: str | None, display: str | None) -> None:
    coding = tables.load("CV08.50.001", edition).coding("41")
    assert (coding["code"], coding.get("display"), coding.get("version")) == ("41", display, edition)


def test_codes_on_which_the_editions_agree_have_a_meaning_without_a_declaration() -> None:
    undeclared = tables.load("CV08.50.001")
    assert undeclared.coding("05")["display"] == "麻疹疫苗"
    assert undeclared.lookup("42") is None, "deleted in 2023"
    assert undeclared.uri not in {tables.load("CV08.50.001", one).uri for one in ("2011", "2023")}


def test_a_table_whose_new_codes_could_not_be_read_gives_no_meaning() -> None:
    assert tables.load("CV08.50.002", "2011").lookup("31")
    for edition in ("2023", None):
        assert tables.load("CV08.50.002", edition).lookup("31") is None
    new = tables.load("CV06.00.102", "2023")
    assert new.coding("1") == {"system": "urn:xinglin:cn:CV06.00.102:2023", "version": "2023", "code": "1"}


def test_the_two_result_flags_are_the_reverse_of_each_other() -> None:
    catalogue, record = tables.load("DE04.30.017.00"), tables.load("DE04.30.015.06")
    flags = [
        [found.code if (found := one.target(code, INTERPRETATION)) else None for code in "123"]
        for one in (catalogue, record)
    ]
    assert flags == [["N", "A", "IND"], ["A", "N", "IND"]]


def test_the_payment_and_insurance_lists_are_kept_apart() -> None:
    assert tables.load("CV07.10.005").lookup("08")
    assert tables.load("CV07.10.003").lookup("08") is None
    assert tables.load("CV02.01.204").lookup("1") is None
    assert (
        tables.load("CV02.02.204").coding("1")["display"]
        == tables.load("CV02.01.204").coding("03")["display"]
    )


def test_sex_keeps_its_code_and_gains_the_international_one() -> None:
    sex = tables.load("GB/T 2261.1")
    system = "http://hl7.org/fhir/administrative-gender"
    assert [found.code if (found := sex.target(one, system)) else None for one in "01293"] == [
        "unknown",
        "male",
        "female",
        "unknown",
        None,
    ]
    assert sex.coding("9")["system"] == "urn:oid:2.16.156.10011.2.3.3.4"


def test_an_unknown_table_or_edition_is_named() -> None:
    with pytest.raises(tables.UnknownTable) as table:
        tables.load("CV99.99.999")
    with pytest.raises(tables.UnknownEdition) as edition:
        tables.load("CV08.50.001", "2031")
    assert "CV99.99.999" in str(table.value)
    assert "2011, 2023" in edition.value.text("zh")


def test_width_tells_when_a_spreadsheet_can_have_lost_zeros() -> None:
    assert tables.load("CV08.50.001", "2011").width == 2
    assert tables.load("CV06.00.102").width is None


@pytest.mark.parametrize(
    ("code", "repeat"),
    [
        ("01", {"frequency": 2, "period": 1, "periodUnit": "d"}),
        ("04", {"frequency": 1, "period": 12, "periodUnit": "h"}),
        ("11", {"frequency": 1, "period": 2, "periodUnit": "d"}),
        ("03", {"when": ["HS"]}),
        ("99", None),
        ("77", None),
    ],
)
def test_a_frequency_becomes_a_timing(code: str, repeat: dict[str, object] | None) -> None:
    made = tables.timing(code)
    assert made.get("repeat") == repeat
    assert made["code"]["coding"][-1]["code"] == code


def test_a_frequency_in_words_is_read_where_it_is_an_abbreviation() -> None:
    assert tables.timing_of("b.i.d.")["repeat"] == tables.timing("01")["repeat"]
    assert tables.timing_of("饭后两次") == {"code": {"text": "饭后两次"}}
    assert tables.timing_of("其他") == {"code": {"text": "其他"}}


def test_every_row_has_a_source_an_edition_and_a_confidence() -> None:
    for listed in rows("tables.csv"):
        own = rows(f"{listed['file']}.csv") if listed["file"] else []
        assert len({row["code"] for row in own}) == len(own), listed
        for row in [listed, *own]:
            assert row["source"]
            assert row["edition"] == listed["edition"]
            assert row["confidence"] in ("read", "inferred", "unverified")
            assert "/" not in row["source"].replace("WS/T", "").replace("GB/T", ""), (
                "cites a standard, not a path"
            )


def test_every_file_is_listed() -> None:
    listed = {f"{row['file']}.csv" for row in rows("tables.csv") if row["file"]}
    assert {one.name for one in DATA.iterdir()} - listed == {"tables.csv", "targets.csv", "frequencies.csv"}


def test_international_codes_exist() -> None:
    for row in rows("targets.csv"):
        assert tables.load(row["id"], row["edition"]).lookup(row["code"]), row
        system = code_system(row["system"])
        assert system, row
        assert row["target"] in codes(system["concept"]), row


def codes(concepts: list[dict[str, object]]) -> set[object]:
    """Collect the codes of a tree."""
    found: set[object] = set()
    for one in concepts:
        found.add(one["code"])
        found |= codes(one.get("concept", []))  # pyright: ignore[reportArgumentType]
    return found


def test_the_resources_are_valid_and_have_ids_and_urls_of_their_own() -> None:
    made = list(tables.resources())
    check = validator()
    for one in made:
        assert [found.text() for found in check.validate(one) if found.severity == "error"] == []
    assert len({(one["resourceType"], one["id"]) for one in made}) == len(made)
    assert len({(one["url"], one["version"]) for one in made}) == len(made)
    assert sum(one["resourceType"] == "CodeSystem" for one in made) == len(tables.catalogue())


def test_the_page_lists_every_table() -> None:
    text = tables.page()
    assert all(f"| {name} | {edition} |" in text for name, edition in tables.catalogue())
