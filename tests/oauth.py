"""Programs, people and keys for tests of `/oauth`."""

import base64
import json
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

import httpx2 as httpx
import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.testclient import TestClient

from xinglin.api import oauth
from xinglin.core.clock import now
from xinglin.core.settings import Settings
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub, open_hub
from xinglin.trust.gate.gate import Gate, open_gate
from xinglin.trust.login import accounts, roles, sessions
from xinglin.trust.login.roles import Place
from xinglin.trust.tokens import clients
from xinglin.trust.tokens.access import who_of_token
from xinglin.trust.tokens.client import Client, checked
from xinglin.trust.tokens.statement import TYPE
from xinglin.trust.who import Who

T = TypeVar("T")
ROOT = "http://localhost"
BASE = f"{ROOT}/fhir"
TOKEN = f"{ROOT}/oauth/token"
BACK = "https://app.example/back"

WANG = Who(
    "user:wang",
    "user",
    "王医生",
    roles=frozenset({"clinician", "researcher"}),
    institution="county-hospital",
    practitioner="wang-practitioner",
)
LI = Who("user:li", "user", "李女士", roles=frozenset({"patient"}), patient="li-patient")

APP = Client(
    id="growth-chart",
    name="Growth chart <b>",
    kind="public",
    redirects=(BACK, "http://127.0.0.1/back"),
    scopes=("user/*.rs", "patient/*.rs", "launch/patient", "openid", "fhirUser", "offline_access"),
    purposes=("TREAT",),
)
OTHER_APP = msgspec.structs.replace(APP, id="other-app", redirects=("https://other.example/back",))
SECRET_APP = msgspec.structs.replace(APP, id="ward-round", kind="confidential")

RSA = RSAKey.generate_key(2048, private=True)
EC = ECKey.generate_key("P-384", private=True)


def public(key: RSAKey | ECKey, kid: str, **more: str) -> dict[str, Any]:
    """Give a public key as a program registers it."""
    return {**key.as_dict(private=False), "kid": kid, **more}


SERVICE = Client(
    id="lab-feed",
    name="Laboratory feed",
    kind="backend",
    keys={"keys": [public(RSA, "rsa"), public(EC, "ec", alg="ES384")]},
    scopes=("system/Observation.crs", "system/Patient.r"),
    roles=("institution-system",),
    institution="county-hospital",
    purposes=("TREAT", "HQUALIMP"),
)
WATCHER = msgspec.structs.replace(SERVICE, id="resource-server", introspects=True)


def claims(client: str = SERVICE.id, **more: Any) -> dict[str, Any]:
    """Give what a statement says; `more` changes it, None leaves out."""
    moment = int(now().timestamp())
    said = {
        "iss": client,
        "sub": client,
        "aud": TOKEN,
        "exp": moment + 200,
        "jti": secrets.token_hex(8),
    } | more
    return {name: value for name, value in said.items() if value is not None}


def signed(said: Mapping[str, Any], key: RSAKey | ECKey = EC, *, alg: str = "ES384", kid: str = "ec") -> str:
    """Sign a statement."""
    return jwt.encode({"alg": alg, "kid": kid}, dict(said), key, algorithms=[alg])


def unsigned(header: Mapping[str, Any], said: Mapping[str, Any], signature: bytes = b"") -> str:
    """Put a JWT together by hand."""
    parts = (json.dumps(header).encode(), json.dumps(said).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


async def account(connection: Connection, who: Who) -> None:
    """Make the account that a person has."""
    login = who.id.removeprefix("user:")
    moment = now() - timedelta(days=1)
    await accounts.add(connection, login=login, name=who.name, now=moment, expires=None)
    place = Place(who.institution, who.department, who.practitioner, who.patient)
    for role in sorted(who.roles):
        await roles.grant(connection, login, role, place, by="user:test", now=moment)


class Desk:
    """A hub with the OAuth addresses, as programs and people meet it."""

    def __init__(self, client: TestClient, settings: Settings) -> None:
        self.client = client
        self.settings = settings
        self.secret = ""

    @property
    def gate(self) -> Gate:
        return self.client.app.state.gate  # pyright: ignore[reportFunctionMemberAccess]

    def run(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Run `work` in a transaction of the hub."""
        assert self.client.portal is not None
        return self.client.portal.call(self.gate.hub.transaction, work)

    def execute(self, query: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a statement in the database; give its rows."""

        async def work(connection: Connection) -> list[Any]:
            cursor = await connection.execute(query, values)  # pyright: ignore[reportArgumentType]
            return list(await cursor.fetchall()) if cursor.description else []

        return self.run(work)

    def who(self, token: str, certificate: str | None = None) -> Who | None:
        """Give whom a token speaks for."""
        assert self.client.portal is not None
        return self.client.portal.call(who_of_token, self.gate.hub.database, token, "10.0.0.1", certificate)

    def log_in(self, who: Who) -> None:
        """Let the browser have a session of this person."""
        login = who.id.removeprefix("user:")

        async def work(connection: Connection) -> str:
            return await sessions.begin(
                connection,
                self.settings,
                login=login,
                stage="in",
                how="password",
                address="127.0.0.1",
                program="test",
                now=now(),
            )

        self.client.cookies.set("xinglin", self.run(work))

    def ask(self, method: str = "GET", **more: str | None) -> httpx.Response:
        """Ask for consent as the app does; `more` changes the request, None leaves out."""
        asked = self.request(**more)
        if method == "POST":
            return self.client.post("/oauth/authorize", data=asked, follow_redirects=False)
        return self.client.get("/oauth/authorize", params=asked, follow_redirects=False)

    @staticmethod
    def request(**more: str | None) -> dict[str, str]:
        """Give what an app asks with."""
        asked = {
            "response_type": "code",
            "client_id": APP.id,
            "redirect_uri": BACK,
            "scope": "user/Observation.rs",
            "state": "a state",
            "aud": BASE,
            "code_challenge": challenge(VERIFIER),
            "code_challenge_method": "S256",
        } | more
        return {name: value for name, value in asked.items() if value is not None}

    def decide(
        self, page: httpx.Response, decision: str = "allow", **more: str | list[str]
    ) -> httpx.Response:
        """Answer a consent page with everything ticked."""
        form = {"page": mark_of(page), "decision": decision, "scope": ticked_of(page)} | more
        return self.client.post("/oauth/decide", data=form, follow_redirects=False)

    def code(self, patient: str = "", **more: str | None) -> str:
        """Give a code that a logged in person allowed."""
        page = self.ask(**more)
        assert page.status_code == 200, page.text
        return told(self.decide(page, patient=patient))["code"]

    def token(self, auth: tuple[str, str] | None = None, **form: str | None) -> httpx.Response:
        """Ask at the token endpoint."""
        kept = {name: value for name, value in form.items() if value is not None}
        return self.client.post("/oauth/token", data=kept, auth=auth)

    def exchange(self, code: str, auth: tuple[str, str] | None = None, **more: str | None) -> httpx.Response:
        """Exchange a code as the app does."""
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": BACK,
            "code_verifier": VERIFIER,
            "client_id": APP.id,
        }
        return self.token(auth, **(form | more))

    def serve(self, statement: str, **more: str | None) -> httpx.Response:
        """Ask for a token as a backend service does."""
        form: dict[str, str | None] = {
            "grant_type": "client_credentials",
            "scope": "system/Observation.rs",
            "client_assertion_type": TYPE,
            "client_assertion": statement,
        }
        return self.token(**(form | more))


VERIFIER = "v" * 50


def challenge(verifier: str) -> str:
    """Give the PKCE challenge of a verifier."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def mark_of(page: httpx.Response) -> str:
    """Give the mark that a consent page sends along."""
    return page.text.partition('name="page" value="')[2].partition('"')[0]


def ticked_of(page: httpx.Response) -> list[str]:
    """Give what a consent page has ticked."""
    parts = page.text.split('name="scope" value="')[1:]
    return [part.partition('"')[0].replace("&amp;", "&") for part in parts]


def told(answer: httpx.Response) -> dict[str, str]:
    """Give what an app is told at its own address."""
    assert answer.status_code == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


@asynccontextmanager
async def _open(app: Starlette, settings: Settings) -> AsyncGenerator[Hub]:
    async with open_hub(settings, settings.database_url) as hub, open_gate(settings, hub) as gate:
        app.state.hub, app.state.gate, app.state.settings = hub, gate, settings
        yield hub


def desk_of(settings: Settings) -> tuple[TestClient, Desk]:
    """Make the OAuth addresses of a hub; use the client in a `with`."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        async with _open(app, settings):
            yield

    app = Starlette(routes=oauth.routes(settings), lifespan=lifespan)
    client = TestClient(app, ROOT, raise_server_exceptions=True)
    return client, Desk(client, settings)


@contextmanager
def registered(settings: Settings, home: Path) -> Iterator[Desk]:
    """Give the OAuth addresses of a hub at home in a folder, with everybody registered."""
    client, desk = desk_of(msgspec.structs.replace(settings, home=str(home)))
    with client:
        register(desk)
        yield desk


def register(desk: Desk) -> None:
    """Register everybody."""

    async def work(connection: Connection) -> str | None:
        for one in (APP, OTHER_APP, SERVICE, WATCHER):
            await clients.add(connection, checked(one))
        for who in (WANG, LI):
            await account(connection, who)
        return await clients.add(connection, checked(SECRET_APP))

    desk.secret = desk.run(work) or ""
