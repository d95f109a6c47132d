"""An entry of the log as a FHIR AuditEvent (http://hl7.org/fhir/R4/auditevent.html).

Its shape follows IHE's Basic Audit Log Patterns where they say how
(https://profiles.ihe.net/ITI/BALP/). Which type and subtype an action gets is in `events.csv`; an action that
isn't there is told as a RESTful operation of that name.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from xinglin.core.clock import instant
from xinglin.core.exact_json import Json
from xinglin.core.tables import rows_of
from xinglin.trust.log.entry import Agent, Told

OUTCOMES: Final[Mapping[str, tuple[str, str]]] = {
    "allowed": ("0", "allowed"),
    "denied": ("4", "denied"),
    "failed": ("8", "allowed, but it couldn't be done"),
}
"""FHIR's code and a description of each outcome."""

REST: Final = "http://terminology.hl7.org/CodeSystem/audit-event-type"
ENTITY: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
SOURCE: Final = "http://terminology.hl7.org/CodeSystem/security-source-type"
PURPOSE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
AGENTS: Final = "urn:xinglin:agent"
ACTIONS: Final = "urn:xinglin:action"
ROLES: Final = "urn:xinglin:role"
LOGS: Final = "urn:xinglin:audit-log"


@dataclass(frozen=True, slots=True)
class Event:
    """What FHIR calls an action: type and subtype (system, code), and one of C, R, U, D, E."""

    type: tuple[str, str]
    subtype: tuple[str, str]
    crude: str


@cache
def events() -> Mapping[str, Event]:
    """Read the table of actions."""
    return {
        row["action"]: Event(
            (row["type_system"], row["type"]), (row["subtype_system"], row["subtype"]), row["crude"]
        )
        for row in rows_of("xinglin.trust.log", "events.csv")
    }


def event_of(action: str) -> Event:
    """Give what FHIR calls an action."""
    return events().get(action) or Event((REST, "rest"), (ACTIONS, action), "E")


def audit_event(number: int, told: Told, origin: str) -> Json:
    """Make the AuditEvent of entry `number` of the log `origin`."""
    event = event_of(told.action)
    code, said = OUTCOMES[told.outcome]
    made: Json = {
        "resourceType": "AuditEvent",
        "id": str(number),
        "type": _coding(*event.type),
        "subtype": [_coding(*event.subtype)],
        "action": event.crude,
        "recorded": instant(told.at),
        "outcome": code,
        "outcomeDesc": said,
    }
    if told.purpose:
        made["purposeOfEvent"] = [{"coding": [_coding(PURPOSE, told.purpose)]}]
    made["agent"] = list(_agents(told))
    made["source"] = {
        "observer": {"identifier": {"system": LOGS, "value": origin}},
        "type": [_coding(SOURCE, "4")],
    }
    entities = list(_entities(told))
    return made | ({"entity": entities} if entities else {})


def _coding(system: str, code: str) -> Json:
    return {"system": system, "code": code}


def _agents(told: Told) -> Iterator[Json]:
    who = told.who
    purpose = {"purposeOfUse": [{"coding": [_coding(PURPOSE, told.purpose)]}]} if told.purpose else {}
    yield _agent(who) | purpose
    if who.client:
        yield {
            "who": {"identifier": {"system": AGENTS, "value": f"client:{who.client}"}},
            "altId": who.client,
            "requestor": False,
        }
    if who.institution:
        yield {"who": {"reference": f"Organization/{who.institution}"}, "requestor": False}


def _agent(who: Agent) -> Json:
    known: Json = {"identifier": {"system": AGENTS, "value": who.id}}
    if who.practitioner:
        known["reference"] = f"Practitioner/{who.practitioner}"
    elif who.patient:
        known["reference"] = f"Patient/{who.patient}"
    made: Json = {"who": known, "altId": who.id, "requestor": True}
    if who.name.strip():
        made["name"] = who.name
    if who.roles:
        made["role"] = [{"coding": [_coding(ROLES, role)]} for role in who.roles]
    if who.address.strip():
        made["network"] = {"address": who.address, "type": "2"}
    return made


def _entities(told: Told) -> Iterator[Json]:
    about = {f"Patient/{id_}" for id_ in told.patients}
    for id_ in told.patients:
        yield _entity({"reference": f"Patient/{id_}"}, "1", "1")
    for one in told.what:
        if one not in about:
            yield _entity({"reference": one} if "/" in one else {"type": one}, "2", "4")
    if told.query:
        query = b64encode(told.query.encode(errors="replace")).decode()
        yield {"type": _coding(ENTITY, "2"), "role": _coding(ROLE, "24"), "query": query}
    details = list(_details(told))
    if details:
        yield {"type": _coding(ENTITY, "4"), "name": "decision", "detail": details}


def _entity(what: Json, kind: str, role: str) -> Json:
    return {"what": what, "type": _coding(ENTITY, kind), "role": _coding(ROLE, role)}


def _details(told: Told) -> Iterator[Json]:
    """Tell what else the leaf says, so that nothing of it is lost here."""
    facts: list[tuple[str, Any]] = [("action", told.action)]
    facts += [("rule", rule) for rule in told.rules]
    facts += [("session", told.who.session), ("department", told.who.department)]
    facts += sorted(told.detail.items())
    for name, value in facts:
        if value and name.strip() and value.strip():
            yield {"type": name, "valueString": value}
