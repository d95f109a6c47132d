"""What is said in SQL and in Python must be the same: levels of both profiles, and the score."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xinglin.hub.identity.linkage.bulk import scorer
from xinglin.hub.identity.linkage.columns import COLUMNS
from xinglin.hub.identity.linkage.comparisons import MISSING, file_comparisons, of_files, of_persons
from xinglin.hub.identity.linkage.database import database, rows
from xinglin.hub.identity.linkage.describing import enter_people
from xinglin.hub.identity.linkage.engine import JOINED
from xinglin.hub.identity.linkage.model import Learned, Model, score
from xinglin.hub.identity.linkage.scoring import ANY, count_values, levels_sql, score_pairs
from xinglin.standards.persons import COLUMNS as PERSON_COLUMNS
from xinglin.standards.persons import FIELDS, describe, levels

pytest.importorskip("splink", reason="the extra 'identity' isn't installed")
TODAY = date(2026, 11, 22)

LETTERS = (
    "smith",
    "smyth",
    "smiht",
    "smit",
    "jones",
    "mary",
    "marie",
    "12highst",
    "12high",
    "a",
)
HAN = (
    "王",
    "汪",
    "小明",
    "小鸣",
    "晓明",
    "明",
    "欧阳",
    "買買提江",
    "买买提江",
    "阿依古丽",
    "阿依古",
    "小?",
)
WORD = st.none() | st.sampled_from(LETTERS) | st.sampled_from(HAN) | st.text("ab", min_size=1, max_size=5)
BIRTH = st.none() | st.sampled_from(
    ["19900506", "19900605", "19900507", "1990", "199005", "19910506", "20000101"]
)
FILE_ROW = st.fixed_dictionaries({name: BIRTH if name == "birth" else WORD for name in COLUMNS})

NUMBERS = [
    "36010219900506003X",
    "360102900506003",
    "36010219900506003",
    "360102199005060031",
    "36010219900506",
]
NAMES = [
    "王小明",
    "汪小明",
    "王晓明",
    "王小?",
    "王明",
    "明王",
    "欧阳小明",
    "阿依古丽·买买提",
    "阿依古丽",
    "mary,smith",
    "mary",
]
BIRTHS = [
    "1990-05-06",
    "1990-06-05",
    "1990-05-07",
    "1990",
    "1991-05-06",
    "2000-05-06",
    "1990-06-01",
    "1990-01-01",
]
PHONES = (
    "13812345678",
    "13812345679",
    "15900000001",
)
PLACES = [
    "江西省南昌市东湖区悬壶街道药圃路16号",
    "南昌市西湖区悬壶街道药圃路16号",
    "悬壶街道药圃路",
    "赣州市章贡区药圃路",
]
PERSON = st.builds(
    describe,
    st.just(TODAY),
    full_name=st.sampled_from(["", *NAMES]),
    sex=st.sampled_from(["男", "2", ""]),
    birth_date=st.sampled_from(["", *BIRTHS]),
    identity=st.sampled_from(["", *NUMBERS]),
    phones=st.lists(st.sampled_from(PHONES), max_size=2).map(tuple),
    address=st.sampled_from(["", *PLACES]),
    mother=st.sampled_from(["", "李芳", "李方"]),
    birth_order=st.none() | st.integers(1, 2),
    insured=st.sampled_from(["", "A12345", "B99999"]),
)


@given(st.lists(FILE_ROW, min_size=2, max_size=8))
@settings(max_examples=60, deadline=None)
def test_levels_of_files_agree(people: list[dict[str, str | None]]) -> None:
    compared = of_files(COLUMNS)
    with database() as connection:
        listed = ", ".join(f"{name} varchar" for name in COLUMNS)
        connection.execute(f"create table person (n integer, {listed})")
        places = ", ".join("?" * (1 + len(COLUMNS)))
        for at, row in enumerate(people):
            connection.execute(
                f"insert into person values ({places})", [at, *(row[name] for name in COLUMNS)]
            )
        found = rows(connection, f"select l.n, r.n, {levels_sql(compared)} from person l, person r")
    for a, b, *numbers in found:
        assert numbers == [one.level(people[a], people[b]) for one in file_comparisons()], (
            people[a],
            people[b],
        )


@given(st.lists(PERSON, min_size=2, max_size=8))
@settings(max_examples=60, deadline=None)
def test_levels_of_persons_agree(people: list) -> None:
    compared = of_persons(PERSON_COLUMNS)
    assert [one.name for one in compared] == list(FIELDS)
    with database() as connection:
        enter_people(connection, [(str(at), one) for at, one in enumerate(people)])
        found = rows(connection, f"select l.id, r.id, {levels_sql(compared)} from person l, person r")
    for a, b, *numbers in found:
        one, other = people[int(a)], people[int(b)]
        expected = [MISSING if level is None else level for level in levels(one, other)]
        assert numbers == expected, (
            dict(zip(FIELDS, zip(numbers, expected, strict=True), strict=True)),
            one,
            other,
        )


def model() -> Model:
    """A model with different shares everywhere, so that no mix-up of levels stays unseen."""
    learned: list[Learned] = []
    for at, one in enumerate(of_persons(PERSON_COLUMNS)):
        weights = [1.0 + level + at / 10 for level in range(one.size)]
        total = sum(weights)
        m = [weight / total for weight in weights]
        u = m[::-1]
        h = m if one.shared else u
        learned.append(Learned(one.name, m, u, h, one.shared))
    return Model(0.2, 0.7, 0.1, learned, 10, 45, "2026-01-01T00:00:00.000Z", "5.0.0")


@given(st.lists(PERSON, min_size=2, max_size=6))
@settings(max_examples=30, deadline=None)
def test_the_score_in_sql_is_that_in_python(people: list) -> None:
    compared, trained = of_persons(PERSON_COLUMNS), model()
    with database() as connection:
        enter_people(connection, [(str(at), one) for at, one in enumerate(people)])
        count_values(connection, compared)
        connection.execute(
            "create table pair as select l.n as a, r.n as b from person l join person r on l.n < r.n"
        )
        found = rows(connection, score_pairs(JOINED.format(pairs="pair"), trained, compared, ANY))
    assert len(found) == len(people) * (len(people) - 1) // 2
    weigh = scorer(trained)
    for a, b, weight in found:
        assert weight == pytest.approx(weigh(people[a - 1], people[b - 1]).weight, abs=1e-6)


def test_a_rare_value_weighs_more_and_a_household_less() -> None:
    learned = [
        Learned("surname", [0.01, 0.99], [0.95, 0.05], [0.1, 0.9], shared=True, chance=0.05),
        Learned("given", [0.01, 0.99], [0.99, 0.01], [0.99, 0.01], shared=False, chance=0.01),
    ]
    alone = Model(0.5, 0.5, 1e-9, learned, 10, 45, "", "")
    family = Model(0.4, 0.3, 0.3, learned, 10, 45, "", "")
    same = {"surname": 1, "given": 1}
    rare, common = (score(same, alone, {"given": share}) for share in (0.0001, 0.1))
    assert rare.weight > score(same, alone).weight > common.weight
    siblings = {"surname": 1, "given": 0}
    assert score(siblings, family).weight < score(siblings, alone).weight - 3
    assert score(siblings, family).household < -3
    assert score({}, family).weight == pytest.approx(family.prior + score({}, family).household)
