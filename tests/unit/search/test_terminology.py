"""Codes known from definitions."""

import pytest

from xinglin.standards.search.errors import UnknownValueSet
from xinglin.standards.search.terminology import KnownTerminology

KNOWN = KnownTerminology()


def test_members_of_a_value_set() -> None:
    assert KNOWN.members("http://hl7.org/fhir/ValueSet/administrative-gender") == {
        ("http://hl7.org/fhir/administrative-gender", code) for code in ("male", "female", "other", "unknown")
    }


def test_subsumption() -> None:
    system = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    assert KNOWN.below(system, "active") == {"active", "recurrence", "relapse"}
    assert KNOWN.above(system, "relapse") == {"active", "relapse"}


@pytest.mark.parametrize(
    "ask",
    [
        lambda: KNOWN.members("http://nowhere.cn/ValueSet/x"),
        lambda: KNOWN.members("http://hl7.org/fhir/ValueSet/condition-code"),
        lambda: KNOWN.below("http://snomed.info/sct", "1"),
    ],
)
def test_what_is_not_known_is_said(ask: object) -> None:
    with pytest.raises(UnknownValueSet):
        ask()  # type: ignore[operator]
