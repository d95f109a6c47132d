"""Consent: what people take away from what others may see, from the moment in which they say so."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub.changes import Update
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key
from xinglin.hub.sight import Without
from xinglin.trust.consent import withouts
from xinglin.trust.who import Who

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
DOCTOR = Who("user:li", "user", institution="county", practitioner="li")
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"


def consent(provision: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Make an active Consent of the Patient p1."""
    made: dict[str, Any] = {
        "resourceType": "Consent",
        "id": "c1",
        "status": "active",
        "scope": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}
            ]
        },
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "Patient/p1"},
        "policyRule": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}]
        },
    }
    if provision is not None:
        made["provision"] = provision
    return made | more


def put(content: dict[str, Any]) -> Update:
    return Update(content["resourceType"], Key(content["resourceType"], content["id"]), content=content)


def asked(
    settings: Settings, contents: list[dict[str, Any]], who: Who = DOCTOR, purpose: str = "TREAT"
) -> tuple[Without, ...]:
    """Store records, and give what is taken away then."""

    async def work(hub: Hub) -> tuple[Without, ...]:
        await hub.change_all([hub.admission.check(put(one)) for one in contents])
        async with hub.database.connection() as connection:
            return await withouts(hub.store, connection, who, purpose, NOW)

    return run(settings, work)


DENY: dict[str, Any] = {"type": "deny"}
OTHER = {"actor": [{"role": {"text": "r"}, "reference": {"reference": "Organization/other"}}]}
COUNTY = {"actor": [{"role": {"text": "r"}, "reference": {"reference": "Organization/county"}}]}
HIV = {"securityLabel": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}]}
ALL = (Without(frozenset({"p1"})),)


@pytest.mark.parametrize(
    ("provision", "purpose", "expected"),
    [
        (DENY, "TREAT", ALL),
        (DENY | OTHER, "TREAT", ()),
        (DENY | COUNTY, "TREAT", ALL),
        (DENY | {"purpose": [{"system": REASON, "code": "HRESCH"}]}, "TREAT", ()),
        (DENY | {"purpose": [{"system": REASON, "code": "HRESCH"}]}, "HRESCH", ALL),
        (DENY | {"purpose": [{"system": REASON, "code": "HOPERAT"}]}, "HQUALIMP", ALL),
        (DENY | {"period": {"end": "2026-11"}}, "TREAT", ALL),
        (DENY | {"period": {"end": "2026-10"}}, "TREAT", ()),
        (DENY | {"period": {"start": "2026-11-23"}}, "TREAT", ()),
        (
            DENY | HIV,
            "TREAT",
            (Without(frozenset({"p1"}), frozenset({(HIV["securityLabel"][0]["system"], "HIV")})),),
        ),
        (
            DENY | {"class": [{"system": "http://hl7.org/fhir/resource-types", "code": "Observation"}]},
            "TREAT",
            (Without(frozenset({"p1"}), types=frozenset({"Observation"})),),
        ),
        (DENY, "BTG", ()),
        (DENY, "PUBHLTH", ()),
        ({"type": "permit", "provision": [DENY | COUNTY]}, "TREAT", ALL),
        (DENY | {"provision": [{"type": "permit"} | COUNTY]}, "TREAT", ()),
        (DENY | {"provision": [{"type": "permit"} | OTHER]}, "TREAT", ALL),
        # what isn't understood closes, and opens nothing
        (DENY | {"code": [{"text": "x"}]}, "TREAT", ALL),
        (DENY | {"provision": [{"type": "permit", "code": [{"text": "x"}]}]}, "TREAT", ALL),
        (DENY | {"securityLabel": [{"system": "urn:strange", "code": "x"}]}, "TREAT", ALL),
        (DENY | {"actor": [{"role": {"text": "r"}, "reference": {"reference": "Group/1"}}]}, "TREAT", ALL),
    ],
)
def test_provisions(
    settings: Settings, provision: dict[str, Any], purpose: str, expected: tuple[Without, ...]
) -> None:
    assert asked(settings, [consent(provision)], purpose=purpose) == expected
