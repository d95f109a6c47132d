"""How near two people are, field by field: every level by an example, in both orders."""

from datetime import date

import pytest

from xinglin.standards.identifiers import invented_resident, short_form
from xinglin.standards.persons import COMPARISONS, FIELDS, RULES, blocking_keys, describe, levels, meanings

TODAY = date(2026, 11, 1)
BORN = date(1990, 5, 6)
NUMBER = invented_resident(7, sex="male", born=BORN)
OTHER = invented_resident(99, sex="male", born=BORN)
OLD = short_form(NUMBER)
SLIP = NUMBER[:-2] + str((int(NUMBER[-2]) + 1) % 10) + NUMBER[-1]
FAR_SLIP = OTHER[:-2] + str((int(OTHER[-2]) + 1) % 10) + OTHER[-1]


def level(field, one, other):
    a, b = describe(TODAY, **one), describe(TODAY, **other)
    found = COMPARISONS[field](a, b)
    assert COMPARISONS[field](b, a) == found
    return found


@pytest.mark.parametrize(
    ("one", "other", "surname", "given"),
    [
        ("王小明", "王小明", 5, 6),
        ("歐陽小明", "欧阳小明", 5, 6),
        ("王小明", "王□明", 5, 5),
        ("王?明", "王小?", 5, 0),
        ("王□", "王伟", 5, 5),
        ("王yan", "王岩", 5, 4),
        ("王伟", "王炜", 5, 4),
        ("肖明", "萧明", 4, 6),
        ("王明", "汪明", 4, 6),
        ("刘明", "牛明", 3, 6),
        ("王宁", "王林", 5, 3),
        ("王哲", "王喆", 5, 4),
        ("王清明", "王青朋", 5, 3),
        ("王小明", "王小红", 5, 2),
        ("王小明", "王明", 5, 2),
        ("王小明", "王明小", 5, 0),
        ("高明", "明高", 1, 1),
        ("王小明", "李国强", 0, 0),
        ("阿迪力·买买提", "阿迪力买买提", None, 6),
        ("阿迪力·买买提", "阿迪力", None, 2),
        ("阿迪力·买买提", "买买提", None, 2),
        ("john smith", "john smyth", 3, 6),
        ("john smithson", "john smithsen jr", 0, 2),
        ("katherine smith", "katharine smith", 5, 3),
        ("christina smith", "christine-ann smith", 5, 2),
        ("王", "王小明", 5, None),
        ("", "王小明", None, None),
    ],
)
def test_names(one, other, surname, given):
    assert level("surname", {"full_name": one}, {"full_name": other}) == surname
    assert level("given", {"full_name": one}, {"full_name": other}) == given


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("1990-05-06", "1990-05-06", 8),
        ("1990-05-06", "1990-06-05", 7),
        ("1990-05-06", "1990-05-07", 6),
        ("1990-05-16", "1990-05-61", 3),
        ("1990-05-12", "1990-05-21", 6),
        ("1989-05-06", "1990-05-06", 5),
        ("1990-05-06", "2000-05-06", 5),
        ("1990-05-06", "1991-05-06", 6),
        ("1990-05-06", "1990-06-11", 4),
        ("1990-12-20", "1991-01-28", 4),
        ("1990-01-01", "1990-05-06", 3),
        ("1990-01-01", "1990-01-01", 3),
        ("1990", "1990-05-06", 3),
        ("1990-02-06", "1990-11-25", 2),
        ("1990", "1992-05-06", 1),
        ("1990", "1993-05-06", 0),
        ("1990-02-06", "1993-11-25", 0),
        ("1990-02-06", "", None),
        ("1900-01-01", "1900-01-01", None),
    ],
)
def test_birth_dates(one, other, expected):
    assert level("birth", {"birth_date": one}, {"birth_date": other}) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (NUMBER, NUMBER, 4),
        (NUMBER, NUMBER.lower(), 4),
        (NUMBER, OLD, 3),
        (OLD, OLD, 3),
        (SLIP, SLIP, 3),
        (NUMBER, SLIP, 2),
        (NUMBER, FAR_SLIP, 1),
        (NUMBER, OTHER, 0),
        (NUMBER, "", None),
        (NUMBER, "000000000000000000", None),
    ],
)
def test_identity_numbers(one, other, expected):
    assert level("identity", {"identity": one}, {"identity": other}) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (("15401234567",), ("+86 15401234567",), 2),
        (("15401234567", "15409998887"), ("15409998887",), 2),
        (("15401234567", "15409998887"), ("15401111222", "15409998887"), 2),
        (("15401234567",), ("15401234568",), 1),
        (("15401234567",), ("15401234657",), 1),
        (("15401234567",), ("15409998887",), 0),
        (("15401234567",), (), None),
        (("15401234567",), ("13800000000",), None),
    ],
)
def test_telephones(one, other, expected):
    assert level("phone", {"phones": one}, {"phones": other}) == expected


HOME = "江西省南昌市南昌县悬壶镇桃溪村3组12号"


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (HOME, 5),
        ("南昌县悬壶镇桃溪村三组12号", 5),
        ("悬壶镇桃溪村三组12号", 5),
        ("南昌市悬壶镇桃溪村三组12号", 5),
        ("南昌县悬壶镇桃溪村", 4),
        ("南昌县悬壶镇桃溪村3组13号", 4),
        ("南昌县悬壶镇桃溪新村3组12号", 3),
        ("南昌县青囊镇甘泉村3组12号", 2),
        ("南昌市东湖区悬壶镇桃溪村3组12号", 1),
        ("九江市悬壶镇桃溪村3组12号", 0),
        ("", None),
    ],
)
def test_addresses(other, expected):
    assert level("address", {"address": HOME}, {"address": other}) == expected


@pytest.mark.parametrize(
    ("field", "one", "other", "expected"),
    [
        ("sex", {"sex": "男"}, {"sex": "male"}, 1),
        ("sex", {"sex": "1"}, {"sex": "F"}, 0),
        ("sex", {"sex": "9"}, {"sex": "F"}, None),
        ("mother", {"mother": "王丽"}, {"full_name": "王丽之子"}, 2),
        ("mother", {"mother": "王丽"}, {"mother": "王莉"}, 1),
        ("mother", {"mother": "王丽"}, {"mother": "李红"}, 0),
        ("mother", {"mother": "王丽"}, {}, None),
        ("birth_order", {"birth_order": 1}, {"birth_order": 1}, 1),
        ("birth_order", {"birth_order": 1}, {"birth_order": 2}, 0),
        ("birth_order", {"birth_order": 1}, {}, None),
        ("insured", {"insured": "TEST 0001"}, {"insured": "test0001"}, 1),
        ("insured", {"insured": "TEST0001"}, {"insured": "TEST0002"}, 0),
        ("card", {"card": "health-card:A1"}, {"card": "health-card:A1"}, 1),
        ("card", {"card": "health-card:A1"}, {"card": "health-card:A2"}, 0),
        ("document", {"document": "passport:E1"}, {"document": "passport:E1"}, 1),
        ("document", {"document": "passport:E1"}, {"document": "passport:E2"}, 0),
        ("document", {"document": "passport:E1"}, {}, None),
    ],
)
def test_the_other_fields(field, one, other, expected):
    assert level(field, one, other) == expected


def test_a_missing_birth_date_and_sex_come_from_a_checked_number():
    found = describe(TODAY, identity=NUMBER)
    assert (found.birth, found.sex) == ("19900506", "male")
    assert describe(TODAY, identity=SLIP).birth is None


def test_a_newborn_under_its_mothers_number_has_none_of_its_own():
    found = describe(TODAY, full_name="王丽之女", birth_date="2026-05-01", identity=NUMBER)
    assert (found.identity, found.mother_identity, found.mother) == (None, NUMBER, "王丽")
    assert found.identity_short is None
    assert not found.identity_checked
    own = invented_resident(3, born=date(2026, 5, 1))
    registered = describe(TODAY, full_name="王丽之女", birth_date="2026-05-01", identity=own)
    assert (registered.identity, registered.mother_identity) == (own, None)


def test_every_level_that_can_be_found_has_a_meaning_in_both_languages():
    found = meanings()
    assert {field for field, _ in found} == set(FIELDS)
    for field in FIELDS:
        numbers = sorted(level for name, level in found if name == field)
        assert numbers == list(range(len(numbers)))
    for one in found.values():
        assert one.name("en").isascii()
        assert not one.name("zh").isascii()
        assert one.source
        assert one.confidence in {"read", "inferred", "unverified"}


def test_levels_stand_in_the_order_of_the_fields():
    one = describe(TODAY, full_name="王小明", sex="男")
    assert dict(zip(FIELDS, levels(one, one), strict=True)) == {
        **dict.fromkeys(FIELDS),
        "surname": 5,
        "given": 6,
        "sex": 1,
    }


@pytest.mark.parametrize(
    "other",
    [
        {"full_name": "王晓明", "birth_date": "1990-05-06"},
        {"full_name": "黄小明", "birth_date": "1990-05-06"},
        {"full_name": "李小明", "birth_date": "1990-05-06"},
        {"full_name": "王小明", "birth_date": "1990-06-05"},
        {"full_name": "王小明", "phones": ("15401234567",)},
        {"full_name": "王晓明", "address": "悬壶镇桃溪村3组12号"},
        {"full_name": "李红", "identity": OLD},
        {"full_name": "王强", "birth_date": "1990-05-06"},
        {"full_name": "李强", "birth_date": "1990-05-06", "phones": ("15401234567",)},
    ],
)
def test_people_with_one_fault_share_a_key(other):
    whole = describe(
        TODAY,
        full_name="王小明",
        birth_date="1990-05-06",
        identity=NUMBER,
        phones=("15401234567",),
        address=HOME,
    )
    assert set(blocking_keys(whole)) & set(blocking_keys(describe(TODAY, **other)))


def test_people_who_share_little_share_no_key():
    one = describe(TODAY, full_name="王小明", birth_date="1990-05-06", address=HOME)
    other = describe(TODAY, full_name="王国强", birth_date="1990-05-07", address="悬壶镇桃溪村3组12号")
    assert not set(blocking_keys(one)) & set(blocking_keys(other))


def test_nothing_known_gives_no_key_and_no_level():
    nothing = describe(TODAY)
    assert blocking_keys(nothing) == []
    assert set(levels(nothing, nothing)) == {None}


def test_rules_name_columns():
    assert all(hasattr(describe(TODAY), name) for rule in RULES for name in rule)
