"""Cards of the home page about what waits for stewards, security administrators and clinicians."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from xinglin.core.i18n import Phrase
from xinglin.hub.identity.answers import rule_name
from xinglin.hub.identity.golden import TAG
from xinglin.trust.gate.rooms import alerts, emergency, identity
from xinglin.trust.gate.values import Asked
from xinglin.web.declared import Card, Declaration
from xinglin.web.visit import Visit

MOST: Final = 8
COUNTED: Final = 100
"""So many are counted; more are told as `more`."""


SEVERITIES: Final[Mapping[str, tuple[Phrase, str]]] = {
    "low": (Phrase("low"), "info"),
    "medium": (Phrase("medium"), "warn"),
    "high": (Phrase("high"), "bad"),
}
"""Word and tone of how grave an alert is."""


async def pairs(visit: Visit) -> Mapping[str, Any]:
    """Give how many pairs of records wait for a steward, and the weightiest of them."""
    found = await identity.queue(visit.hub, most=COUNTED, skip=0, rule=None)
    shown = [
        {
            "rule": rule_name(one.rule, visit.language) if one.rule else None,
            "weight": one.weight,
            "since": one.since,
        }
        for one in found[:MOST]
    ]
    return {"count": len(found), "more": len(found) == COUNTED, "pairs": shown}


async def unusual(visit: Visit) -> Mapping[str, Any]:
    """Give the alerts of unusual access that nobody has closed."""
    found = await alerts.waiting(visit.hub, most=COUNTED)
    names = await asyncio.to_thread(alerts.names, visit.settings, visit.language)
    shown = [
        {
            "rule": names.get(one.rule, one.rule),
            "severity": SEVERITIES[one.severity][0],
            "tone": SEVERITIES[one.severity][1],
            "who": one.who,
            "at": one.at,
        }
        for one in found[:MOST]
    ]
    return {"count": len(found), "more": len(found) == COUNTED, "alerts": shown}


async def emergencies(visit: Visit) -> Mapping[str, Any]:
    """Give the emergency accesses that nobody has reviewed."""
    found = await emergency.waiting(visit.hub, after=0, most=COUNTED)
    shown = [{"number": g.id, "who": g.who, "since": g.since, "until": g.until} for g in found[:MOST]]
    return {"count": len(found), "more": len(found) == COUNTED, "grants": shown}


async def patients(visit: Visit) -> Mapping[str, Any]:
    """Give the patients that somebody treats: those that the purpose of treatment opens, the latest first."""
    if visit.purpose not in ("TREAT", "BTG"):
        return {}
    golden = f"{TAG['system']}|{TAG['code']}"
    asked = Asked([("_tag", golden), ("_sort", "-_lastUpdated"), ("_count", str(MOST))], "Patient")
    found = await visit.hub.search(asked)
    return {
        "total": found.total,
        "patients": [_patient(hit.record.content) for hit in found.matches],
    }


def _patient(content: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "id": content["id"],
        "name": content.get("name"),
        "gender": content.get("gender"),
        "birth": content.get("birthDate"),
        "href": f"/people/{content['id']}",
    }


DECLARED: Final = Declaration(
    room="waiting",
    cards=(
        Card(
            name="home patients",
            title="People you treat",
            load=patients,
            template="home/patients.html",
            order=5,
        ),
        Card(
            name="home pairs",
            title="Is it one person?",
            load=pairs,
            template="home/pairs.html",
            order=10,
        ),
        Card(
            name="home emergencies",
            title="Emergency access to review",
            load=emergencies,
            template="home/emergencies.html",
            order=10,
        ),
        Card(
            name="home alerts",
            title="Alerts of unusual access",
            load=unusual,
            template="home/alerts.html",
            order=11,
        ),
    ),
)
