"""Units as people write them, and values between units."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.standards.fhirpath.ucum import is_known, unit
from xinglin.standards.units import conversion, read_unit

WRITTEN = [
    ("×10⁹/L", "10*9/L"),
    ("10^9/L", "10*9/L"),
    ("x10^9/l", "10*9/L"),
    ("10E9/L", "10*9/L"),
    ("E9/L", "10*9/L"),
    ("G/L", "10*9/L"),
    ("T/L", "10*12/L"),
    ("K/uL", "10*3/uL"),
    ("个/μL", "/uL"),
    ("个/uL", "/uL"),
    ("万/μL", "10*4/uL"),
    ("毫克/升", "mg/L"),
    ("单位/升", "U/L"),
    ("毫摩尔／升", "mmol/L"),
    ("次/分", "/min"),
    ("次/分钟", "/min"),
    ("mmHg", "mm[Hg]"),
    ("千帕", "kPa"),
    ("UMOL/L", "umol/L"),
    ("µmol/l", "umol/L"),
    ("iu/ml", "[iU]/mL"),
    ("u/L", "U/L"),
    ("％", "%"),
    ("μg/24h", "ug/(24.h)"),
    ("个/HP", "/[HPF]"),
    ("mg/L FEU", "mg{FEU}/L"),
    ("ug/mL(FEU)", "ug{FEU}/mL"),
    ("ml/min/1.73m²", "mL/min/{1.73_m2}"),
    ("拷贝/毫升", "{copies}/mL"),
    ("mm/1h", "mm/h"),
    ("℃", "Cel"),
    ("mosm/kg", "mosm/kg"),
    ("MG", "mg"),
    ("Mg/dl", "mg/dL"),
    ("μG/L", "ug/L"),
    ("PG/mL", "pg/mL"),
    ("Mmol/L", "mmol/L"),
    ("Ml", "mL"),
    ("岁", "a"),
]


@pytest.mark.parametrize(("text", "code"), WRITTEN)
def test_reads_what_people_write(text: str, code: str) -> None:
    assert read_unit(text) == code
    assert is_known(code)


@pytest.mark.parametrize(
    "text",
    ["", "NCU", "阴性", "S/CO", "COI", "G", "PH", "卡门单位", "x" * 1000, "///", "/", "9/L", "100/L", "单位"],
)
def test_doesnt_guess(text: str) -> None:
    assert read_unit(text) is None


@given(st.text(max_size=80))
def test_never_crashes_and_gives_ucum_only(text: str) -> None:
    code = read_unit(text)
    assert code is None or is_known(code)


@pytest.mark.parametrize(
    ("value", "source", "target", "molar", "result"),
    [
        ("90", "mg/dL", "mmol/L", "180.156", "5.00"),
        ("5.0", "mmol/L", "mg/dL", "180.156", "90.1"),
        ("1.25", "mg/dL", "umol/L", "113.12", "111"),
        ("13.50", "g/dL", "g/L", None, "135.0"),
        ("5600", "/uL", "10*9/L", None, "5.600"),
        ("5.60", "10*3/uL", "10*9/L", None, "5.60"),
        ("45.2", "%", "L/L", None, "0.452"),
        ("5.33", "kPa", "mm[Hg]", None, "40.0"),
        ("0", "mg/dL", "mmol/L", "180.156", "0"),
        ("0.30", "ug{FEU}/mL", "mg{FEU}/L", None, "0.30"),
    ],
)
def test_converts(value: str, source: str, target: str, molar: str | None, result: str) -> None:
    found = conversion(source, target, molar_mass=Decimal(molar) if molar else None)
    assert found is not None
    assert str(found.of(Decimal(value))) == result


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("mg/dL", "mmol/L"),  # no molar mass
        ("10*9/L", "mmol/L"),  # a count is no amount, though UCUM has both as numbers
        ("mmol/mol", "%"),
        ("mg/L", "mg{FEU}/L"),  # FEU or DDU: twice as much
        ("meq/L", "mmol/L"),  # no valence
        ("[iU]/L", "U/L"),  # depends on the assay
        ("g/L", "mm[Hg]"),
        ("no unit", "g/L"),
    ],
)
def test_refuses(source: str, target: str) -> None:
    assert conversion(source, target) is None


def test_a_unit_of_nothing_is_no_unit() -> None:
    assert unit("/0") is None
    assert unit("g/0L") is None


def test_assay_units_are_one_where_said_so() -> None:
    found = conversion("k[iU]/L", "U/mL", assay=True)
    assert found is not None
    assert found.is_identity


def test_equivalents_by_valence() -> None:
    found = conversion("meq/L", "mmol/L", valence=2)
    assert found is not None
    assert found.of(Decimal("5.0")) == Decimal("2.50")


@given(
    st.decimals(min_value="0.001", max_value=100000, places=3),
    st.sampled_from([("mg/dL", "mmol/L"), ("g/L", "umol/L"), ("ng/mL", "nmol/L")]),
    st.decimals(min_value=10, max_value=1500, places=2),
)
def test_there_and_back_is_exact(value: Decimal, units: tuple[str, str], molar: Decimal) -> None:
    there = conversion(*units, molar_mass=molar)
    back = conversion(*reversed(units), molar_mass=molar)
    assert there is not None
    assert back is not None
    assert there.exact(value) * back.factor == Fraction(value)
    assert abs(Fraction(there.of(value)) / there.exact(value) - 1) < Fraction(1, 100)
