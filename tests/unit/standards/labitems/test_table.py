"""The table of laboratory items: every row can be used."""

import csv
from decimal import Decimal
from importlib.resources import files

import pytest

from xinglin.standards.fhirpath.ucum import is_known
from xinglin.standards.labitems import Item, items, table
from xinglin.standards.labitems.names import plain_text, squeeze
from xinglin.standards.units import read_unit

CONFIDENCE = {"read", "inferred", "unverified"}


def test_has_enough_rows() -> None:
    assert len(items()) >= 300
    assert len(table()) == len(items())


def is_loinc(code: str) -> bool:
    """Check the last digit (LOINC Users' Guide, appendix: mod 10)."""
    number, _, check = code.partition("-")
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(number))]
    return check == str(-sum(one // 10 + one % 10 for one in doubled) % 10)


def test_the_check_digit_is_checked() -> None:
    assert is_loinc("2160-0")
    assert not is_loinc("2160-1")


@pytest.mark.parametrize("item", items(), ids=lambda one: one.code)
def test_each_row(item: Item) -> None:
    assert not item.loinc or is_loinc(item.loinc)
    assert bool(item.loinc) == bool(item.loinc_confidence)
    assert item.loinc_confidence in {*CONFIDENCE, ""}
    assert item.confidence in CONFIDENCE
    assert item.source
    assert item.name
    assert item.english
    assert item.specimen
    assert not item.unit or is_known(item.unit)
    assert bool(item.reference) <= bool(item.reference_source)
    if item.interval is not None:
        assert item.interval[0] < item.interval[1]
    if item.unit and "{" not in item.unit and item.unit not in {"1", "[pH]"}:
        found = item.conversion(read_unit(item.unit) or "")
        assert found is not None
        assert found.is_identity


def test_a_name_belongs_to_one_item_of_a_specimen_and_kind() -> None:
    owners: dict[tuple[str, str, str], str] = {}
    for item in items():
        for name in item.names:
            key = squeeze(plain_text(name)), item.specimen, item.unit
            assert owners.setdefault(key, item.code) == item.code, key


def test_loinc_codes_are_used_once() -> None:
    codes = [item.loinc for item in items() if item.loinc]
    assert len(codes) == len(set(codes))


def test_amounts_have_codes_of_amounts() -> None:
    """Mass and amount have different LOINC codes; these pairs are often confused (loinc.org)."""
    by_code = {item.loinc: item.unit for item in items()}
    for mass in ("2345-7", "2160-0", "3094-0", "1975-2", "2093-3", "2571-8", "3051-0", "3024-7", "2498-4"):
        assert mass not in by_code
    assert by_code["14682-9"] == "umol/L"
    assert by_code["14749-6"] == "mmol/L"


@pytest.mark.parametrize(
    ("code", "value", "unit", "result"),
    [
        ("1700104A", "100", "mg/dL", "5.55"),
        ("1700404A", "1.00", "mg/dL", "88.4"),
        ("2000104A", "200", "mg/dL", "5.17"),
        ("2000204A", "150", "mg/dL", "1.69"),
        ("1700504A", "1.0", "mg/dL", "17.1"),
        ("1400705A", "10.0", "mg/dL", "2.50"),
        ("1400705A", "5.0", "meq/L", "2.50"),
        ("1100301A", "53", "mmol/mol", "7.00"),
        ("1200604A", "2.5", "u[iU]/mL", "2.5"),
        ("1500104A", "1.00", "ukat/L", "60.0"),
        ("1201004A", "1.20", "ng/dL", "15.4"),
    ],
)
def test_usual_conversions(code: str, value: str, unit: str, result: str) -> None:
    """Figures of conversion tables in textbooks, to three digits."""
    found = table()[code].conversion(unit)
    assert found is not None
    assert found.of(Decimal(value)) == Decimal(result)


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        ("1700204A", "mg/dL"),
        ("2000504A", "nmol/L"),
        ("0501703A", "mg/L"),
        ("0100401A", "mmol/L"),
        ("1500104A", "g/L"),
    ],
)
def test_what_mustnt_be_converted(code: str, unit: str) -> None:
    assert table()[code].conversion(unit) is None


@pytest.mark.parametrize("name", ["words.csv", "weights.csv", "conversions.csv", "lab_items.csv"])
def test_tables_name_source_and_confidence(name: str) -> None:
    with (files("xinglin.standards.labitems") / "data" / name).open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert rows
    assert all(
        row["source"] and row["confidence"] in CONFIDENCE and row["edition"] is not None for row in rows
    )
