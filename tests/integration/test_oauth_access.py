"""Whom an access token speaks for, and how soon it stops."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from tests.oauth import account
from tests.support import run

from xinglin.core.clock import now
from xinglin.core.settings import Settings
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.trust.tokens import access, clients, grants, people
from xinglin.trust.tokens.access import who_of_token
from xinglin.trust.tokens.client import Client, checked
from xinglin.trust.tokens.grants import Given
from xinglin.trust.tokens.scopes import Scopes
from xinglin.trust.who import Who

WANG = Who(
    "user:wang",
    "user",
    "王医生",
    roles=frozenset({"clinician", "researcher"}),
    institution="county-hospital",
    practitioner="wang-practitioner",
    session="a-session",
)
APP = Client(
    id="growth-chart",
    name="Growth chart",
    kind="public",
    redirects=("https://app.example/back",),
    scopes=("user/*.rs", "patient/*.rs", "launch/patient", "openid", "fhirUser", "offline_access"),
    purposes=("TREAT",),
)
SERVICE = Client(
    id="lab-feed",
    name="Laboratory feed",
    kind="backend",
    keys_url="https://lab.example/keys.json",
    scopes=("system/Observation.crs", "system/Patient.r"),
    roles=("operator",),
    institution="county-hospital",
    purposes=("TREAT", "HQUALIMP"),
)


async def app_token(hub: Hub, *, scopes: str = "user/Observation.rs", patient: str | None = None) -> Given:
    """Make a person, the app, and a token of the one for the other."""

    async def work(connection: Connection) -> Given:
        await account(connection, WANG)
        await clients.add(connection, checked(APP))
        ends = now() + timedelta(days=1)
        kept = people.kept(WANG)
        asked = Scopes.parse(scopes)
        grant = await grants.begin(connection, APP, asked, ends=ends, person=kept, patient=patient)
        return await grants.give(connection, grant, asked, lasts=timedelta(minutes=5), ends=ends)

    return await hub.transaction(work)


async def service_token(hub: Hub, settings: Settings, certificate: str | None = None) -> Given:
    """Make the service and a token of it."""

    async def work(connection: Connection) -> Given:
        await clients.add(connection, checked(SERVICE))
        return await grants.give_service(
            connection, SERVICE, Scopes.parse("system/Observation.rs"), settings, certificate
        )

    return await hub.transaction(work)


def test_a_person_behind_an_app(settings: Settings) -> None:
    async def work(hub: Hub) -> None:
        given = await app_token(hub, scopes="patient/Observation.rs launch/patient", patient="p1")
        who = await who_of_token(hub.database, given.access, "10.1.2.3")
        assert who is not None
        assert (who.id, who.kind, who.client, who.address) == (
            "user:wang",
            "user",
            "growth-chart",
            "10.1.2.3",
        )
        assert (who.roles, who.institution, who.practitioner) == (
            WANG.roles,
            WANG.institution,
            WANG.practitioner,
        )
        assert who.scopes == ("launch/patient", "patient/Observation.rs")
        assert who.claims == {access.PURPOSES: "TREAT", access.PATIENT: "p1"}
        assert who.session is None

    run(settings, work)


def test_a_service(settings: Settings) -> None:
    async def work(hub: Hub) -> None:
        given = await service_token(hub, settings)
        assert given.refresh is None
        assert 0 < given.seconds <= 300
        who = await who_of_token(hub.database, given.access, "10.1.2.3")
        assert who is not None
        assert (who.id, who.kind, who.name) == ("client:lab-feed", "client", "Laboratory feed")
        assert (who.roles, who.institution) == (frozenset({"operator"}), "county-hospital")
        assert who.scopes == ("system/Observation.rs",)
        assert who.claims[access.PURPOSES] == "TREAT HQUALIMP"

    run(settings, work)


@pytest.mark.parametrize("token", ["", "xla_", "xla_unknown", "x" * 100_000, "\0", "' OR 1=1 --", "\udcff"])
def test_what_is_no_token(settings: Settings, token: str) -> None:
    async def work(hub: Hub) -> None:
        assert await who_of_token(hub.database, token, "") is None

    run(settings, work)


def test_a_refresh_token_opens_nothing(settings: Settings) -> None:
    async def work(hub: Hub) -> None:
        given = await app_token(hub, scopes="user/Observation.rs offline_access")
        assert given.refresh is not None
        assert await who_of_token(hub.database, given.refresh, "") is None
        assert await who_of_token(hub.database, given.access, "") is not None

    run(settings, work)


def test_a_bound_token_needs_its_certificate(settings: Settings) -> None:
    async def work(hub: Hub) -> None:
        given = await service_token(hub, settings, certificate="thumbprint")
        assert await who_of_token(hub.database, given.access, "", "thumbprint") is not None
        assert await who_of_token(hub.database, given.access, "", "another") is None
        assert await who_of_token(hub.database, given.access, "") is None

    run(settings, work)


ENDS = {
    "the person is disabled": "UPDATE account SET disabled = now()",
    "the account is over": "UPDATE account SET expires = now()",
    "the roles are taken": "UPDATE account_role SET revoked = now(), revoked_by = 'test'",
    "the roles are over": "UPDATE account_role SET until = now()",
    "they work elsewhere": "UPDATE account_role SET institution = 'another'",
    "the token is revoked": "UPDATE client_token SET revoked = now()",
    "the grant is revoked": "UPDATE client_grant SET revoked = now()",
    "the grant ends": "UPDATE client_grant SET ends = now()",
    "the token ends": "UPDATE client_token SET ends = now()",
    "the program is disabled": "UPDATE client SET disabled = now()",
}


@pytest.mark.parametrize("how", ENDS)
def test_it_ends_within_a_second(settings: Settings, how: str) -> None:
    async def work(hub: Hub) -> None:
        given = await app_token(hub)
        assert await who_of_token(hub.database, given.access, "") is not None
        async with hub.database.connection() as connection:
            await connection.execute(ENDS[how])  # pyright: ignore[reportArgumentType]
        await asyncio.sleep(1)
        assert await who_of_token(hub.database, given.access, "") is None

    run(settings, work)


def test_fewer_rights_reach_it_within_a_second(settings: Settings) -> None:
    async def work(hub: Hub) -> None:
        given = await app_token(hub, scopes="user/Observation.rs user/Patient.rs")
        assert await who_of_token(hub.database, given.access, "") is not None
        async with hub.database.connection() as connection:
            await connection.execute("UPDATE client SET scopes = '{user/Patient.r}', purposes = '{HOPERAT}'")
            await connection.execute("UPDATE account_role SET revoked = now() WHERE role = 'researcher'")
        await asyncio.sleep(1)
        who = await who_of_token(hub.database, given.access, "")
        assert who is not None
        assert who.scopes == ("user/Patient.r",)
        assert who.roles == {"clinician"}
        assert who.claims[access.PURPOSES] == "HOPERAT"

    run(settings, work)


def test_what_is_kept_opens_nothing(settings: Settings) -> None:
    async def work(hub: Hub) -> None:
        given = await app_token(hub, scopes="user/Observation.rs offline_access")
        async with hub.database.connection() as connection:
            rows: list[Any] = await (
                await connection.execute("SELECT client_token::text FROM client_token")
            ).fetchall()
        told = str(rows)
        assert given.access not in told
        assert str(given.refresh) not in told
        assert given.access.encode().hex() not in told

    run(settings, work)


def test_a_disabled_program_gets_nothing_back(settings: Settings) -> None:
    async def work(hub: Hub) -> None:
        given = await service_token(hub, settings)
        await hub.transaction(lambda connection: clients.disable(connection, SERVICE.id))
        await hub.transaction(lambda connection: clients.enable(connection, SERVICE.id))
        assert await who_of_token(hub.database, given.access, "") is None

    run(settings, work)


def test_what_ended_is_removed(settings: Settings) -> None:
    async def work(hub: Hub) -> None:
        await app_token(hub)
        async with hub.database.connection() as connection:
            await grants.clean(connection)
            await connection.execute("UPDATE client_grant SET ends = now() - interval '3 days'")
            kept = await (await connection.execute("SELECT count(*) FROM client_token")).fetchone()
            await grants.clean(connection)
            left = await (await connection.execute("SELECT count(*) FROM client_token")).fetchone()
        assert (kept, left) == ((1,), (0,))

    run(settings, work)
