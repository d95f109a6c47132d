"""`xinglin client …`, as a security administrator works with it."""

import asyncio
import json
from pathlib import Path

import pytest
from tests.integration.test_cli import xinglin
from tests.oauth import EC, public
from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.trust.tokens import clients, secret
from xinglin.trust.tokens.access import who_of_token
from xinglin.trust.tokens.errors import (
    ClientTaken,
    NoSecret,
    NoSuchClient,
    NotForThisKind,
    WrongClient,
    WrongRegistration,
)
from xinglin.trust.tokens.registering import Registering
from xinglin.trust.who import Who

APP = (
    *("client", "add", "growth-chart", "--name", "生长曲线", "--kind", "confidential", "--purpose", "TREAT"),
    *(
        "--redirect",
        "https://app.example/back",
        "--scope",
        "user/*.read openid,fhirUser",
        "--contact",
        "信息科",
    ),
)


def test_a_programs_life(settings: Settings, tmp_path: Path) -> None:
    def told(*arguments: str) -> str:
        done = xinglin(*arguments, home=Path(settings.home), XINGLIN_DATABASE_URL=settings.database_url)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    first = told(*APP).rpartition(": ")[2]
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [public(EC, "ec")]}), encoding="utf-8")
    service = ("client", "add", "feed", "--name", "Feed", "--kind", "backend", "--keys", str(keys))
    told(*service, *("--role", "institution-system", "--scope", "system/*.rs", "--purpose", "TREAT,HQUALIMP"))
    second = told("client", "rotate", "growth-chart").rpartition(": ")[2]
    assert first != second
    told("client", "set", "growth-chart", "--scope", "user/Observation.rs?category=laboratory")
    rows = [line.split("\t") for line in told("client", "list").splitlines()]
    assert [(row[0], row[2]) for row in rows] == [("feed", "backend"), ("growth-chart", "confidential")]
    shown = json.loads(told("client", "show", "growth-chart", "--format", "json"))
    assert shown["scopes"] == ["user/Observation.rs?category=laboratory"]
    assert "xls_" not in str(shown)
    token = told("client", "token", "feed", "--scope", "system/Patient.r")

    async def look(hub: Hub) -> None:
        async with hub.database.connection() as connection:
            await clients.refuse_wrong_secret(connection, "growth-chart", second)
            with pytest.raises(WrongClient):
                await clients.refuse_wrong_secret(connection, "growth-chart", first)
            cursor = await connection.execute("SELECT convert_from(body, 'UTF8') FROM audit_entry")
            written = str(await cursor.fetchall())
        for change in ("add", "rotate", "set", "token"):
            assert f'"change":"{change}"' in written
        assert first not in written
        assert second not in written
        assert secret.hashed(first).hex() not in written
        who = await who_of_token(hub.database, token, "")
        assert who is not None
        assert who.scopes == ("system/Patient.r",)
        await asyncio.to_thread(told, "client", "disable", "feed")
        await asyncio.sleep(1)
        assert await who_of_token(hub.database, token, "") is None

    run(settings, look)
    assert told("client", "show", "feed").splitlines()[-1].startswith("disabled\t2")
    told("client", "enable", "feed")
    assert told("client", "show", "feed").splitlines()[-1] == "disabled\t-"


SERVICE_SAID = {
    "id": "feed",
    "kind": "backend",
    "redirects": (),
    "keys_url": "https://app.example/keys",
    "scopes": ("system/*.rs",),
}
APP_SAID = {
    "id": "growth-chart",
    "name": "生长曲线",
    "kind": "confidential",
    "purposes": ("TREAT",),
    "redirects": ("https://app.example/back",),
    "scopes": ("user/*.rs",),
}
WRONG: tuple[tuple[str, dict[str, object]], ...] = (
    ("scopes", {"scopes": ("system/*.rs",)}),
    ("scopes", {"scopes": ("user/Nothing.rs",)}),
    ("scopes", {"scopes": ("user/Patient.rs?color=red",)}),
    ("scopes", {"scopes": "user/Patient.rs"}),
    ("purposes", {"purposes": ("FUN",)}),
    ("redirects", {"redirects": ("http://app.example",)}),
    ("keys", {"keys_url": "https://app.example/keys"}),
    ("keys", {"keys": []}),
)


def test_what_cant_be(settings: Settings) -> None:
    async def work(hub: Hub) -> None:
        desk = Registering(hub, settings, Who("local:root", "local"))
        client, given = await desk.add(APP_SAID)
        assert given is not None
        with pytest.raises(ClientTaken):
            await desk.add(APP_SAID)
        for name, change in WRONG:
            with pytest.raises(WrongRegistration) as raised:
                await desk.change(client.id, change)
            assert raised.value.params["name"] == name, change
        for roles in (("security-administrator",), ("source",), ("local",), ("unknown",)):
            with pytest.raises(WrongRegistration):
                await desk.add(APP_SAID | SERVICE_SAID | {"roles": roles})
        with pytest.raises(WrongRegistration):
            await desk.add(APP_SAID | {"id": "x", "kind": "unknown"})
        await desk.change(client.id, {"id": "other", "kind": "public", "name": "New"})
        changed = await desk.find(client.id)
        assert (changed.kind, changed.name) == ("confidential", "New")
        with pytest.raises(NotForThisKind):
            await desk.token(client.id)
        for unknown in (desk.find, desk.enable, desk.disable, desk.rotate, desk.token):
            with pytest.raises(NoSuchClient):
                await unknown("unknown")
        await desk.add(APP_SAID | {"id": "public", "kind": "public"})
        with pytest.raises(NoSecret):
            await desk.rotate("public")

    run(settings, work)


def test_the_command_line_tells_what_is_wrong(settings: Settings) -> None:
    done = xinglin(
        "client", "show", "unknown", home=Path(settings.home), XINGLIN_DATABASE_URL=settings.database_url
    )
    assert (done.returncode, "XL9220" in done.stderr) == (13, True)
