"""The hub under attack: two institutions, their doctors and patients, and what must not get out.

Policies are those that are shipped. Whatever Dr Wang may not see bears a mark, so that each attack can look
for it in the whole of an answer: body, headers, status line.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import unquote, unquote_plus

import httpx2 as httpx
import msgspec
from starlette.applications import Starlette
from starlette.testclient import TestClient
from tests.oauth import APP, account

from xinglin.app import make_app
from xinglin.core.clock import now
from xinglin.core.settings import Settings
from xinglin.hub.changes import Change, Delete, Update
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.records import Key
from xinglin.standards.identifiers import invented_resident
from xinglin.trust.gate.gate import Gate, open_gate
from xinglin.trust.login import sessions
from xinglin.trust.tokens import clients, grants
from xinglin.trust.tokens.client import checked
from xinglin.trust.tokens.people import kept
from xinglin.trust.tokens.scopes import Scopes
from xinglin.trust.who import Who

T = TypeVar("T")
Json = dict[str, Any]

MARK = "Mk7431"
"""Stands in everything that Dr Wang may not see."""
IDENTITY = "urn:oid:2.16.156.10011.1.3"
PSYCHIATRY = "urn:xinglin:id:psychiatry:pi"
SENSITIVITY = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ICD = "http://hl7.org/fhir/sid/icd-10"

WANG = Who("user:wang", "user", "Wang", frozenset({"clinician"}), "org-county", practitioner="prac-wang")
ZHAO = Who("user:zhao", "user", "Zhao", frozenset({"clinician"}), "org-town", practitioner="prac-zhao")
MIND = Who(
    "user:mind",
    "user",
    "Mind",
    frozenset({"clinician", "mental-health"}),
    "org-county",
    practitioner="prac-wang",
)
STEWARD = Who("user:steward", "user", "Steward", frozenset({"steward"}))
OPERATOR = Who("user:operator", "user", "Operator", frozenset({"operator"}))
AUDITOR = Who("user:auditor", "user", "Auditor", frozenset({"audit-administrator"}))
QUALITY = Who("user:quality", "user", "Quality", frozenset({"quality-controller"}), "org-county")
SECURITY = Who("user:security", "user", "Security", frozenset({"security-administrator"}))
LI = Who("user:li", "user", "Li", frozenset({"patient"}), patient="p1")
PEOPLE = (WANG, ZHAO, MIND, STEWARD, OPERATOR, AUDITOR, QUALITY, SECURITY, LI)

PROGRAM = msgspec.structs.replace(
    APP,
    id="attacker-app",
    scopes=("user/*.cruds", "patient/*.cruds", "launch/patient"),
    purposes=("TREAT", "BTG", "PATRQT", "HOPERAT", "HQUALIMP", "HSYSADMIN"),
)


def ref(target: str) -> Json:
    """Give a reference."""
    return {"reference": target}


def number(seed: int) -> Json:
    """Give the number of an invented resident."""
    return {"system": IDENTITY, "value": invented_resident(seed)}


def bare(content: Json) -> Json:
    """Give a record without its id."""
    return {name: value for name, value in content.items() if name != "id"}


def patient(id_: str, name: str, seed: int, **more: Any) -> Json:
    """Make a Patient."""
    return {
        "resourceType": "Patient",
        "id": id_,
        "name": [{"text": name}],
        "birthDate": "1949-07-03",
        "identifier": [number(seed)],
        **more,
    }


def observation(id_: str, owner: str, **more: Any) -> Json:
    """Make an Observation."""
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7"}]},
        "subject": ref(f"Patient/{owner}"),
        **more,
    }


def encounter(id_: str, owner: str, doctor: str, **more: Any) -> Json:
    """Make an open Encounter."""
    return {
        "resourceType": "Encounter",
        "id": id_,
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": ref(f"Patient/{owner}"),
        "participant": [{"individual": ref(f"Practitioner/{doctor}")}],
        **more,
    }


def condition(id_: str, owner: str, code: str, **more: Any) -> Json:
    """Make a Condition."""
    coding = {"system": ICD, "code": code}
    return {"resourceType": "Condition", "id": id_, "subject": ref(f"Patient/{owner}"), **more} | {
        "code": {"coding": [coding], "text": more.get("text", code)}
    }


def records() -> list[Json]:
    """Give what is stored: p1 is treated by Dr Wang, p2 by Dr Zhao at the other institution."""
    noted = {"note": [{"text": MARK}]}
    return [
        {"resourceType": "Organization", "id": "org-county", "name": "county hospital"},
        {"resourceType": "Organization", "id": "org-town", "name": "township centre"},
        {"resourceType": "Practitioner", "id": "prac-wang", "name": [{"text": "Wang"}]},
        {"resourceType": "Practitioner", "id": "prac-zhao", "name": [{"text": "Zhao"}]},
        patient("p1", "张三", 1),
        patient(
            "p1-psy",
            "张三",
            1,
            identifier=[number(1), {"system": PSYCHIATRY, "value": MARK}],
            telecom=[{"system": "phone", "value": f"139{MARK}"}],
            meta={"security": [{"system": SENSITIVITY, "code": "PSY"}]},
        ),
        patient("p2", "李四", 2, telecom=[{"system": "phone", "value": f"138{MARK}"}]),
        encounter("e1", "p1", "prac-wang", serviceProvider=ref("Organization/org-county")),
        encounter("e2", "p2", "prac-zhao", serviceProvider=ref("Organization/org-town"))
        | {"reasonCode": [{"text": MARK}]},
        observation("o1", "p1", valueQuantity={"value": 5.1, "unit": "mmol/L"}),
        observation("o2", "p2", valueQuantity={"value": 7431.7431, "unit": "mmol/L"}, **noted),
        condition("c1", "p1", "I10"),
        condition("c1-psy", "p1", "F20.0", **noted),
        condition("c2", "p2", "I10", **noted),
        {
            "resourceType": "Provenance",
            "id": "prov2",
            "target": [ref("Observation/o2")],
            "recorded": "2026-11-01T00:00:00Z",
            "agent": [{"who": {"display": MARK}}],
        },
        {
            "resourceType": "Consent",
            "id": "consent2",
            "status": "inactive",
            "scope": {"coding": [{"code": "patient-privacy"}]},
            "category": [{"coding": [{"code": "59284-0"}]}],
            "patient": ref("Patient/p2"),
            "policyRule": {"text": MARK},
        },
    ]


HIDDEN = (
    "Patient/p2",
    "Patient/p1-psy",
    "Encounter/e2",
    "Observation/o2",
    "Observation/gone2",
    "Condition/c2",
    "Condition/c1-psy",
    "Provenance/prov2",
    "Consent/consent2",
)


class World:
    """The hub, and everybody's way to it."""

    def __init__(self, client: TestClient, settings: Settings) -> None:
        self.client = client
        self.settings = settings
        self.tokens: dict[str, str] = {}

    @property
    def gate(self) -> Gate:
        """The hub's gate."""
        return self.client.app.state.gate  # pyright: ignore[reportFunctionMemberAccess]

    @property
    def hub(self) -> Hub:
        """The hub behind the gate."""
        return self.gate.hub

    def call(self, work: Callable[..., Awaitable[T]], *given: Any) -> T:
        """Run `work` in the hub's own loop."""
        assert self.client.portal is not None
        return self.client.portal.call(work, *given)

    def store(self, *changes: Change | Json) -> None:
        """Store records behind the gate's back."""
        made = [
            one
            if not isinstance(one, dict)
            else Update(one["resourceType"], Key(one["resourceType"], one["id"]), content=one)
            for one in changes
        ]
        self.call(self.hub.change_all, made)

    def settle(self) -> None:
        """Wait until identity has matched everybody."""
        self.call(self.hub.matching.settle)

    def token(self, who: Who, scope: str = "user/*.cruds", patient: str | None = None) -> str:
        """Give a token by which a program acts for somebody."""
        ends = now() + timedelta(hours=1)

        async def work() -> str:
            async with self.hub.database.connection() as connection, connection.transaction():
                scopes = Scopes.parse(scope)
                grant = await grants.begin(
                    connection, PROGRAM, scopes, ends=ends, person=kept(who), patient=patient
                )
                given = await grants.give(connection, grant, scopes, lasts=timedelta(hours=1), ends=ends)
                return given.access

        return self.call(work)

    def session(self, who: Who) -> str:
        """Give the token of a session that somebody has."""

        async def work() -> str:
            async with self.hub.database.connection() as connection, connection.transaction():
                return await sessions.begin(
                    connection,
                    self.settings,
                    login=who.id.removeprefix("user:"),
                    stage="in",
                    how="password",
                    address="127.0.0.1",
                    program="test",
                    now=now(),
                )

        return self.call(work)

    def ask(
        self,
        who: Who | None,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Send a request, as a program that acts for somebody, who may use all that they may."""
        known: dict[str, str] = {}
        if who is not None:
            if who.id not in self.tokens:
                self.tokens[who.id] = self.token(who)
            known = {"Authorization": f"Bearer {self.tokens[who.id]}"}
        return self.client.request(method, path, headers={**known, **(headers or {})}, **more)

    def get(self, path: str, who: Who | None = WANG, **more: Any) -> httpx.Response:
        """Ask for something."""
        return self.ask(who, "GET", path, **more)


def leaks(answer: httpx.Response) -> bool:
    """Tell whether an answer holds anything that Dr Wang may not see, beside what was asked with."""
    text = answer.text + str(sorted(answer.headers.items()))
    asked = answer.request.url.query.decode()
    for echo in (asked, unquote(asked), unquote_plus(asked), answer.request.read().decode(errors="replace")):
        text = text.replace(echo, "") if echo else text
    return MARK in text or "7431.7431" in text


def code(answer: httpx.Response) -> str:
    """Give the code of an error."""
    return answer.json()["issue"][0]["details"]["coding"][0]["code"]


@contextmanager
def world_of(settings: Settings) -> Iterator[World]:
    """Open a hub with everybody and everything in it."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with open_hub(settings, settings.database_url) as hub, open_gate(settings, hub) as gate:
            app.state.hub, app.state.gate = hub, gate
            yield

    app = make_app(settings, lifespan)
    with TestClient(
        app, "http://localhost", headers={"Content-Type": "application/fhir+json"}, follow_redirects=False
    ) as client:
        world = World(client, settings)

        async def people() -> None:
            async with world.hub.database.connection() as connection, connection.transaction():
                await clients.add(connection, checked(PROGRAM))
                for who in PEOPLE:
                    await account(connection, who)

        world.call(people)
        world.hub.matching.start()
        world.store(*records(), observation("gone2", "p2", note=[{"text": MARK}]))
        world.store(Delete("Observation", Key("Observation", "gone2")))
        world.settle()
        yield world
