"""The people for measuring: repeatable, invented, with the faults at the rates that the tables say."""

import csv
import re
import subprocess
import sys
from collections import Counter, defaultdict
from itertools import islice, pairwise

import pytest

from xinglin.standards.identifiers import SCHEMES, Kind
from xinglin_demo import population_slips as slips
from xinglin_demo.population import MOST, RECORDED, TRUTH, population, write
from xinglin_demo.population_chance import RATES, Chance, Urn
from xinglin_demo.population_people import people
from xinglin_demo.tables import table

COUNT = 20_000


@pytest.fixture(scope="module")
def rows():
    return list(population(COUNT, 1))


@pytest.fixture(scope="module")
def everybody():
    return [person for block in islice(people(Chance(1)), 12) for person in block]


def test_the_same_seed_gives_the_same_people(rows):
    assert list(population(500, 1)) == rows[:500]
    assert list(population(500, 2)) != rows[:500]


def test_as_many_as_asked_and_each_with_its_own_id(rows):
    assert len(rows) == COUNT
    assert len({row.id for row in rows}) == COUNT


def test_too_many_are_refused():
    with pytest.raises(ValueError, match="at most"):
        next(population(MOST + 1, 1))


def test_nobody_can_have_the_identity_numbers(everybody, rows):
    for person in everybody:
        assert SCHEMES[Kind.RESIDENT].is_valid(person.number)
        assert not SCHEMES[Kind.RESIDENT].is_valid(person.number, strict=True)
    numbers = Counter(person.number for person in everybody)
    assert numbers.most_common(1)[0][1] == 1
    right = [row for row in rows if re.fullmatch(r"\d{17}[\dX]", row.identity_number)]
    assert sum(row.identity_number.startswith("368") for row in right) > 0.99 * len(right)


def test_divisions_stay_where_no_office_can_issue_numbers():
    blocks = (block[0].number for block in islice(people(Chance(3)), 700))
    assert all(re.match(r"368\d(2[1-9]|[3-7]\d|80)", number) for number in blocks)


def test_nobody_can_have_the_telephones(everybody):
    for person in everybody[:2000]:
        assert re.fullmatch(r"154\d{8}", person.phone)
        assert not SCHEMES[Kind.PHONE].is_valid(person.phone, strict=True)


def test_birth_dates_are_those_in_the_numbers(everybody):
    for person in everybody:
        year, month, day = person.born
        assert person.number[6:14] == f"{year:04d}{month:02d}{day:02d}"
        assert int(person.number[16]) % 2 == person.male


def test_households_share_addresses_children_have_their_parents_names(everybody):
    children = [person for person in everybody if person.mother]
    assert len(children) > 0.1 * len(everybody)
    for child in children:
        assert child.home == child.mother.home
        assert child.born[0] >= child.mother.born[0] + 18
    own = sum(any(child.surname == one.surname for one in child.household[:2]) for child in children)
    assert own > 0.95 * len(children)


def test_twins_have_one_birth_date_and_two_names(everybody):
    twins = [person for person in everybody if person.twin]
    assert twins
    for twin in twins:
        others = [one for one in twin.household if one.twin and one is not twin and one.born == twin.born]
        assert others
        assert all(one.given != twin.given for one in others)


def test_records_agree_with_the_person_mostly(rows):
    seen = defaultdict(list)
    for row in rows:
        seen[row.entity].append(row)
    pairs = [(one, other) for found in seen.values() for one, other in pairwise(found)]
    assert 0.90 < sum(one.full_name == other.full_name for one, other in pairs) / len(pairs) < 0.98
    assert 0.93 < sum(one.birth_date == other.birth_date for one, other in pairs) / len(pairs) < 0.99


def test_faults_come_at_the_rates_of_the_tables(rows):
    senders = {row["sender"]: row for row in table("population_sources")}
    for name, row in senders.items():
        own = [one for one in rows if one.source == name and not one.newborn]
        assert abs(len(own) / COUNT - float(row["share"])) < 0.02
        for column, lacking in (("no_phone", "phone"), ("no_address", "address_line")):
            share = sum(not getattr(one, lacking) for one in own) / len(own)
            assert abs(share - float(row[column])) < 0.025
    adults = [row for row in rows if not row.newborn]
    borrowed = sum(row.borrowed for row in adults) / len(adults)
    assert 0.2 * RATES["borrowed"] < borrowed < RATES["borrowed"]


def test_every_kind_of_fault_is_there(rows):
    names = [row.full_name for row in rows]
    assert any("□" in name or "?" in name or "*" in name for name in names)
    assert any(re.search("[a-z]", name) for name in names)
    assert any("·" in name for name in names)
    assert any(" " in name for name in names)
    assert any(name.endswith("氏") for name in names)
    assert any(len(row.identity_number) == 15 for row in rows)
    assert any(row.newborn and re.search("之[大小]?[子女]$", row.full_name) for row in rows)
    assert any(row.birth_date.endswith("-01-01") for row in rows)
    assert any(row.surname for row in rows)
    assert any(row.twin for row in rows)


def test_slips():
    chance = Chance(5)
    assert slips.sounded("王伟", chance) != ""
    heard = {slips.misheard("刘宁", chance) for _ in range(200)}
    assert len(heard) > 3
    assert slips.mistaken("未", chance) == "末"
    assert slips.mistaken("丂", chance) == "丂"
    assert slips.traditional("刘国华") == "劉國華"
    assert slips.old_number("368021196805140122") == "368021680514012"
    assert sorted(slips.turned("1234", chance)) == list("1234")
    assert sum(a != b for a, b in zip(slips.digit("1234567", chance), "1234567", strict=True)) == 1


def test_an_urn_gives_what_weighs_more_more_often():
    chance, urn = Chance(1), Urn(("a", "b"), (3, 1))
    drawn = Counter(urn.draw(chance) for _ in range(4000))
    assert 2800 < drawn["a"] < 3200


def test_both_files_are_written(tmp_path):
    out = tmp_path / "people.csv"
    truth = write(300, 4, out)
    with out.open(encoding="utf-8") as handle:
        found = list(csv.DictReader(handle))
    with truth.open(encoding="utf-8") as handle:
        facts = list(csv.DictReader(handle))
    assert tuple(found[0]) == RECORDED
    assert tuple(facts[0]) == TRUTH
    assert [row["id"] for row in found] == [row["id"] for row in facts]
    assert len(found) == 300
    assert {row["twin"] for row in facts} <= {"0", "1"}


def test_the_command_writes_files(tmp_path):
    out = tmp_path / "people.csv"
    command = [
        sys.executable,
        "-m",
        "xinglin_demo.population",
        "--records",
        "50",
        "--seed",
        "2",
        "--out",
        out,
    ]
    subprocess.run(command, check=True, timeout=60)
    assert len(out.read_text(encoding="utf-8").splitlines()) == 51
    assert out.with_suffix(".truth.csv").exists()
