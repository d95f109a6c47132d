"""Encryption at rest in a real database: what stands there, rotation, lost keys, moved bodies."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import psycopg
import pytest
from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub.changes import Create, Update
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.records import Key
from xinglin.hub.search.search import Asked
from xinglin.hub.vault import commands, renewing
from xinglin.hub.vault.frames import Tampered, key_number
from xinglin.hub.vault.key_file import KeyFile
from xinglin.hub.vault.masters import NoMasterKey, UnusableKeys, WrongMasterKey

T = TypeVar("T")
NUMBER = "360102199001011234"
PHONE = "13800138000"
NAMES = ("张三丰", "zhangsanfeng")


def patient(id_: str = "p1", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [{"system": "urn:oid:2.16.156.10011.1.3", "value": NUMBER}],
        "name": [{"text": NAMES[0]}],
        "telecom": [{"system": "phone", "value": PHONE}],
        **more,
    }


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database, language="en", home=str(tmp_path / "home"), database_connections=3)


def store(settings: Settings, *contents: dict[str, Any]) -> None:
    async def work(hub: Hub) -> None:
        for one in contents:
            await hub.change(Update(one["resourceType"], Key(one["resourceType"], one["id"]), content=one))

    run(settings, work)


def read(settings: Settings, id_: str = "p1", kind: str = "Patient") -> dict[str, Any]:
    async def work(hub: Hub) -> dict[str, Any]:
        return (await hub.read(Key(kind, id_))).content

    return run(settings, work)


def found(settings: Settings, *queries: tuple[str, str], kind: str = "Patient") -> list[int]:
    async def work(hub: Hub) -> list[int]:
        return [len((await hub.search(Asked([one], kind))).matches) for one in queries]

    return run(settings, work)


QUERIES = (
    ("identifier", NUMBER),
    ("identifier", f"urn:oid:2.16.156.10011.1.3|{NUMBER}"),
    ("phone", PHONE),
    ("telecom", PHONE),
    ("name", "张三"),
    ("name:exact", NAMES[0]),
    ("name:contains", "三丰"),
    ("name:pinyin", "zsf"),
    ("name:pinyin", "zhangsan"),
)


def all_bytes(database: str, without: Collection[str] = ()) -> bytes:
    """Give everything that stands in the database's tables."""
    with psycopg.connect(database) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        ).fetchall()
        parts: list[bytes] = []
        for (table,) in (row for row in tables if row[0] not in without):
            with connection.cursor().copy(f'COPY "{table}" TO STDOUT (FORMAT BINARY)') as copy:  # type: ignore[arg-type]
                parts += [bytes(block) for block in copy]
    return b"".join(parts)


def work_done(settings: Settings) -> None:
    async def work(hub: Hub) -> None:
        while (done := await hub.transaction(lambda c: renewing.step(c, hub.store))) is not None:
            if not done:
                time.sleep(0.01)

    run(settings, work)


def keys_of(database: str, table: str = "resource") -> set[int | None]:
    with psycopg.connect(database) as connection:
        rows = connection.execute(f"SELECT body FROM {table} WHERE body IS NOT NULL").fetchall()  # type: ignore[arg-type]
    return {key_number(body) for (body,) in rows}


@pytest.mark.parametrize("algorithm", ["aes-256-gcm", "sm4-gcm"])
def test_people_are_found_and_read_but_stand_nowhere(settings: Settings, algorithm: str) -> None:
    settings = msgspec.structs.replace(settings, encrypt_with=algorithm)
    store(
        settings,
        patient(),
        patient(gender="male"),
        {"resourceType": "Basic", "id": "b", "code": {"text": "x"}},
    )
    assert read(settings)["gender"] == "male"
    assert found(settings, *QUERIES) == [1] * len(QUERIES)
    assert found(settings, ("name", "李"), ("identifier", "1"), ("name:contains", "三四")) == [0, 0, 0]
    assert found(settings, ("_sort", "name"), ("_sort", "-name")) == [1, 1]
    kept = all_bytes(settings.database_url)
    for secret in (NUMBER, PHONE, *NAMES):
        assert secret.encode() not in kept
    assert keys_of(settings.database_url) == {2, None}  # Basic tells of nobody


def test_without_encryption_all_is_as_before(settings: Settings) -> None:
    settings = msgspec.structs.replace(settings, encrypt="none")
    store(settings, patient())
    assert found(settings, *QUERIES) == [1] * len(QUERIES)
    assert keys_of(settings.database_url) == {None}
    assert not settings.key_file.exists()
    assert not commands.status(settings).keys


def test_everything_can_be_encrypted(settings: Settings) -> None:
    settings = msgspec.structs.replace(settings, encrypt="all")
    store(settings, patient(), {"resourceType": "Practitioner", "id": "d", "name": [{"text": "李时珍"}]})
    assert found(settings, ("name", "李"), kind="Practitioner") == [1]
    assert None not in keys_of(settings.database_url)
    assert "李时珍".encode() not in all_bytes(settings.database_url)


def test_a_lost_or_other_key_file_stops_the_start_and_changes_nothing(settings: Settings) -> None:
    store(settings, patient())
    before = all_bytes(settings.database_url)
    kept = settings.key_file.read_text()
    settings.key_file.unlink()
    with pytest.raises(NoMasterKey, match="isn't in"):
        read(settings)
    assert not settings.key_file.exists()  # no new one, which would hide that the old one is missing
    KeyFile(settings.key_file).current()
    with pytest.raises(NoMasterKey):
        read(settings)
    settings.key_file.write_text("# nothing")
    with pytest.raises(UnusableKeys):
        read(settings)
    assert all_bytes(settings.database_url) == before
    settings.key_file.write_text(kept)
    assert read(settings)["name"][0]["text"] == NAMES[0]


def test_a_wrapped_key_that_was_changed_is_noticed(settings: Settings) -> None:
    store(settings, patient())
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("UPDATE vault_key SET wrapped = set_byte(wrapped, 60, 0) WHERE number = 2")
    with pytest.raises(WrongMasterKey):
        read(settings)


def test_a_body_that_was_moved_or_changed_is_noticed(settings: Settings) -> None:
    other = patient("p2", identifier=[{"system": "urn:oid:2.1", "value": "7"}])
    store(settings, patient(), other)
    swap = (
        "UPDATE resource r SET body = o.body FROM resource o WHERE r.type = o.type AND "
        "(r.id, o.id) IN (('p1', 'p2'), ('p2', 'p1'))"
    )
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        connection.execute(swap)  # type: ignore[arg-type]
    with pytest.raises(Tampered, match="p1"):
        read(settings)
    checked = commands.check(settings, step=lambda _: None)
    assert sorted(checked.faults) == ["Patient/p1/_history/1", "Patient/p2/_history/1"]


def test_rotation_goes_on_beside_the_work_of_several_processes(settings: Settings) -> None:
    async def work(hub: Hub) -> None:
        await hub.change(Update("Patient", Key("Patient", "p1"), content=patient()))
        async with open_hub(settings, settings.database_url) as other:
            await other.read(Key("Patient", "p1"))
            await other.transaction(lambda c: commands._rotate(other.store, c, master=False))
            await hub.change(Update("Patient", Key("Patient", "p1"), content=patient(gender="male")))
            assert hub.store.vault.number == 3  # learnt by writing
            assert (await other.read(Key("Patient", "p1"))).content["gender"] == "male"  # and by reading
            assert other.store.vault.number == 3

    run(settings, work)
    assert keys_of(settings.database_url) == {3}
    assert keys_of(settings.database_url, "resource_history") == {2}
    work_done(settings)
    assert keys_of(settings.database_url, "resource_history") == {3}
    first = commands.status(settings).keys[0].master
    told = commands.rotate(settings, master=True, wait=False, step=lambda _: None)
    assert {one.master for one in told.keys} != {first}
    assert len({one.master for one in told.keys}) == 1
    assert read(settings)["gender"] == "male"
    assert found(settings, *QUERIES) == [1] * len(QUERIES)
    # The old master key opens nothing that stands there now.
    lines = settings.key_file.read_text().splitlines()
    settings.key_file.write_text("\n".join(one for one in lines if first not in one) + "\n")
    assert read(settings)["gender"] == "male"


def test_a_hub_without_keys_is_encrypted_while_it_works(settings: Settings) -> None:
    open_ = msgspec.structs.replace(settings, encrypt="none")
    store(open_, *(patient(f"p{number}") for number in range(30)), patient("p1", gender="male"))
    assert NAMES[0].encode() in all_bytes(settings.database_url)

    async def work(hub: Hub) -> None:
        for _ in range(3):
            for one in QUERIES:  # whatever is encrypted so far, all are found
                assert len((await hub.search(Asked([one, ("_count", "100")], "Patient"))).matches) == 30, one
            await hub.transaction(lambda c: renewing.step(c, hub.store))
        while hub.store.parameters.waiting:
            time.sleep(0.01)
            await hub.tending._look()
        while (done := await hub.transaction(lambda c: renewing.step(c, hub.store))) is not None:
            if not done:
                time.sleep(0.01)
        for one in QUERIES:
            assert len((await hub.search(Asked([one, ("_count", "100")], "Patient"))).matches) == 30

    run(settings, work)
    assert None not in keys_of(settings.database_url)
    assert None not in keys_of(settings.database_url, "resource_history")
    kept = all_bytes(settings.database_url)
    assert NUMBER.encode() not in kept
    assert commands.check(settings, step=lambda _: None).faults == []
    # And back, where somebody wants that.
    commands.rotate(open_, master=False, wait=True, step=lambda _: None)
    assert keys_of(settings.database_url) == {None}
    assert read(open_, "p7")["name"][0]["text"] == NAMES[0]


def command(settings: Settings, *arguments: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {
        "XINGLIN_DATABASE_URL": settings.database_url,
        "XINGLIN_HOME": settings.home,
        "XINGLIN_LANGUAGE": "en",
        "LANG": "C.UTF-8",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "xinglin", *arguments], env=environment, stdout=subprocess.PIPE
    )


def test_a_kill_while_encrypting_anew_loses_nothing(settings: Settings) -> None:
    async def fill(hub: Hub) -> None:
        await hub.change_all(
            [
                Create("Patient", Key("Patient", f"p{number}"), content=patient(f"p{number}"))
                for number in range(3_000)
            ]
        )

    run(settings, fill)
    process = command(settings, "keys", "rotate", "--wait")
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        seen: set[int | None] = set()
        deadline = time.monotonic() + 40
        while len(seen) < 2 and time.monotonic() < deadline:
            rows = connection.execute("SELECT body FROM resource").fetchall()
            seen = {key_number(body) for (body,) in rows}
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert keys_of(settings.database_url) == {2, 3}  # killed half way
    assert commands.check(settings, step=lambda _: None).by_key.keys() == {2, 3}
    work_done(settings)
    assert commands.check(settings, step=lambda _: None) == commands.Checked({3: 3_000}, [])


def test_the_commands_tell_what_is(settings: Settings) -> None:
    store(settings, patient())
    told = command(settings, "keys", "status").communicate()[0].decode()
    assert "identifying" in told
    assert "aes-256-gcm" in told
    told = command(settings, "keys", "check").communicate()[0].decode()
    assert "1 versions are under key 2." in told
    settings.key_file.unlink()
    process = command(settings, "keys", "status")
    process.communicate()
    assert process.returncode == 10


def test_identity_and_the_refused_queue_hold_no_values(settings: Settings) -> None:
    from xinglin.core.errors import IntakeError
    from xinglin.hub.identity.follow import follow
    from xinglin.hub.intake import deliveries, refused, sources
    from xinglin.hub.intake.refused import Refusal
    from xinglin.standards.conversion import Item

    async def work(hub: Hub) -> None:
        for one in ("p1", "p2"):
            await hub.change(
                Update("Patient", Key("Patient", one), content=patient(one, birthDate="1990-01-01"))
            )
        await follow(hub, most=100)

        async def refuse(connection: Any) -> int:
            source = await sources.local(connection)
            number, _ = await deliveries.register(
                connection, source=source.id, name="x", hash_=bytes(32), size=1
            )
            raw = f"PID|{NUMBER}|{NAMES[0]}".encode()
            for _ in range(2):
                await refused.keep(
                    connection,
                    source=source.id,
                    delivery=number,
                    member="",
                    form="hl7v2",
                    head=b"MSH",
                    refusals=[Refusal(Item(1, 1, raw), IntakeError(), 1)],
                )
            (item,) = await refused.list_some(connection, most=10)
            assert item.times == 2  # found again by its hidden hash
            await refused.correct(connection, item.number, corrected=raw + b"!", who="me")
            shown = await refused.show(connection, item.number)
            assert (shown.raw, shown.head, shown.corrected) == (raw, b"MSH", raw + b"!")
            assert shown.texts["en"]["text"]
            return item.number

        await hub.transaction(refuse)

    run(settings, work)
    with psycopg.connect(settings.database_url) as connection:
        golden = connection.execute("SELECT count(DISTINCT golden), count(*) FROM person_link").fetchone()
        assert golden == (1, 2)  # one number, one person
    kept = all_bytes(settings.database_url)
    for secret in (NUMBER, PHONE, *NAMES):
        assert secret.encode() not in kept
