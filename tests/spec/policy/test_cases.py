"""The shipped table of cases, one by one: what is allowed, what isn't, and by which rule."""

import pytest

from xinglin.trust.policy.engine import Engine
from xinglin.trust.policy.tried import read, shipped, try_all

ROWS = read(shipped(), "cases.csv")


@pytest.fixture(scope="module")
def engine():
    return Engine()


@pytest.mark.parametrize("row", ROWS, ids=[row.cells["case"] for row in ROWS])
def test_case(engine, row):
    assert try_all(engine, [row], "cases.csv") == []


def test_the_table_is_large_and_its_names_are_unique():
    names = [row.cells["case"] for row in ROWS]
    assert len(names) >= 120
    assert len(set(names)) == len(names)


def test_every_rule_is_tried_by_some_case(engine):
    tried = {row.cells["rule"] for row in ROWS}
    untried = set(engine.rules) - tried
    # these permit lists of actions that the cases try by their outcome alone
    assert untried <= {
        "everyone.bundle",
        "everyone.portal",
        "treating.find",
        "operations.look",
        "operations.refused",
        "operations.manage",
        "administration.system",
        "administration.metrics",
        "administration.security",
        "administration.policies",
        "system.find",
        "family-doctor.write",
    }


@pytest.mark.parametrize(
    ("allowed", "rule"), [("no", ""), ("yes", "own.see")], ids=["other outcome", "other rule"]
)
def test_a_case_that_comes_out_otherwise_is_told(engine, allowed, rule):
    table = f"case,roles,what,relation,allowed,rule\none,clinician,read Condition,treating,{allowed},{rule}\n"
    (failure,) = try_all(engine, read(table, "t.csv"), "t.csv")
    assert failure.allowed
    assert failure.rules == ["treating.see"]
