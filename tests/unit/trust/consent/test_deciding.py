"""What consents deny: nothing that isn't understood ever opens a record."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.hub.consents import Rule, read
from xinglin.standards.confidentiality import CONFIDENTIALITY, GRADE, in_force
from xinglin.standards.definitions import resource_types
from xinglin.trust.consent.deciding import Asked, Region, denied
from xinglin.trust.consent.purposes import is_above_consent, is_own, wider

LABELS = in_force(Path("/nonexistent"))
ASKED = Asked(
    frozenset({"Organization/county"}),
    True,
    "TREAT",
    datetime(2026, 11, 22, 8, tzinfo=UTC),
    ZoneInfo("Asia/Shanghai"),
)
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"

CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "actors": st.sampled_from([("Organization/county",), ("Organization/other",)]),
        "purposes": st.sampled_from([("TREAT",), ("HRESCH",)]),
        "starts": st.sampled_from(["2026", "2027-01", "never"]),
        "ends": st.sampled_from(["2026-11-22", "2026-10-01T00:00:00Z", "never"]),
        "labels": st.sampled_from([((ACT, "HIV"),), ((GRADE, "sensitive"),)]),
        "types": st.sampled_from([("Observation",), ("Condition", "Observation")]),
        "unclear": st.booleans(),
    },
)


def make(deny: bool, more: dict[str, Any], below: Sequence[Rule]) -> Rule:
    """Make a rule of its conditions and exceptions."""
    return Rule(deny, exceptions=tuple(below), **more)


RULES = st.recursive(
    st.builds(make, st.booleans(), CONDITIONS, st.just(())),
    lambda inner: st.builds(make, st.booleans(), CONDITIONS, st.lists(inner, max_size=3)),
    max_leaves=6,
)


def is_denied(rule: Rule, kind: str, label: tuple[str, str] | None) -> bool:
    """Decide one record straight from the definition: the innermost provision that it meets decides."""
    return _decides(rule, kind, label) is True


def _decides(rule: Rule, kind: str, label: tuple[str, str] | None) -> bool | None:
    if not _meets(rule, kind, label):
        return None
    inner = [_decides(one, kind, label) for one in rule.exceptions]
    if not rule.deny and (rule.unclear or "never" in (rule.starts, rule.ends)):
        return True if True in inner else None
    if rule.deny:
        # One permission is enough, unless another exception denies again.
        return True in inner or False not in inner
    return True in inner


def _meets(rule: Rule, kind: str, label: tuple[str, str] | None) -> bool:
    static = Rule(True, rule.actors, rule.purposes, rule.starts, rule.ends)
    if not denied(static, ASKED, LABELS):
        return False
    return (rule.types is None or kind in rule.types) and (rule.labels is None or label in rule.labels)


@given(RULES, st.sampled_from(["Observation", "Condition", "Patient"]), st.sampled_from([None, (ACT, "HIV")]))
def test_everything_that_is_denied_is_hidden(rule: Rule, kind: str, label: tuple[str, str] | None) -> None:
    """More may be hidden where exceptions can't be told apart; never less."""
    regions = denied(rule, ASKED, LABELS)
    hidden = any(
        (one.types is None or kind in one.types) and (one.labels is None or label in one.labels)
        for one in regions
    )
    assert hidden or not is_denied(rule, kind, label)


def test_exceptions_by_type() -> None:
    rule = Rule(True, exceptions=(Rule(False, types=("Observation",)),))
    [region] = denied(rule, ASKED, LABELS)
    assert region == Region(None, frozenset(resource_types()) - {"Observation"})
    again = Rule(True, exceptions=(Rule(False, exceptions=(Rule(True, types=("Condition",)),)),))
    assert denied(again, ASKED, LABELS) == {Region(None, frozenset({"Condition"}))}


def test_a_grade_denies_the_stricter_too() -> None:
    for label in ((GRADE, "restricted"), (CONFIDENTIALITY, "N")):
        [region] = denied(Rule(True, labels=(label,)), ASKED, LABELS)
        assert region.labels is not None
        assert region.labels >= {(GRADE, "restricted"), (GRADE, "sensitive")}
        assert (GRADE, "public") not in region.labels


@pytest.mark.parametrize(
    ("ends", "over"),
    [
        ("2026", False), ("2025", True), ("2026-11", False), ("2026-11-22", False), ("2026-11-21", True),
        ("2026-11-22T15:00:00", True), ("2026-11-22T17:00:00", False), ("2026-11-22T08:00:01Z", False),
        ("x", False),
    ],
)  # fmt: skip
def test_times(ends: str, over: bool) -> None:
    """16:00 in the hub's zone; what can't be read ends nothing."""
    assert (denied(Rule(True, ends=ends), ASKED, LABELS) == frozenset()) is over


def test_purposes() -> None:
    assert wider("HQUALIMP") == {"HQUALIMP", "HOPERAT"}
    assert wider("strange") == {"strange"}
    assert {one for one in ("TREAT", "BTG", "PUBHLTH", "HRESCH", "strange", "") if is_above_consent(one)} == {
        "BTG",
        "PUBHLTH",
    }
    assert is_own("PATRQT")


NAMES = ["coding", "code", "system", "reference", "type", "provision", "start", "actor"]
JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["coding", "code", "system", "reference", "type", "provision", "start", "actor"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["scope", "policyRule", "provision", "patient"]), JSON))
def test_nothing_breaks_the_reading(content: dict[str, Any]) -> None:
    """Where records aren't checked, anything may stand anywhere; what can't be read denies all."""
    rule, faults = read({"resourceType": "Consent", "status": "active"} | content, LABELS)
    assert rule is None or rule.denies
    if faults == ["Consent"]:
        assert rule == Rule(deny=True)
