"""A delivery whose file this process can't read: others may, so it isn't given up at once."""

from pathlib import Path

from tests.support import run as with_hub

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.intake import deliveries, sources
from xinglin.hub.intake.crew import Here
from xinglin.hub.intake.run import run

PATIENT = b'{"resourceType":"Patient","id":"a"}'


def test_a_file_that_others_may_read_is_left_to_them(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "patients.ndjson"

    async def work(hub: Hub) -> tuple[str, str, str]:
        async with hub.database.connection() as connection:
            await sources.local(connection)
            number, _ = await deliveries.register(
                connection, source="local", name=file.name, hash_=b"1", size=len(PATIENT), path=file
            )
            states: list[str] = []
            for step in ("missing", "there", "missing for long"):
                if step == "there":
                    file.write_bytes(PATIENT)
                if step == "missing for long":
                    file.unlink()
                    await connection.execute(
                        "UPDATE delivery SET state = 'waiting', path = %s, received = now() - interval '1 h'",
                        [str(file)],
                    )
                await run(hub, Here(hub), number, lambda *_: None)
                states.append((await deliveries.find(connection, number)).state)
        return states[0], states[1], states[2]

    assert with_hub(settings, work) == ("waiting", "done", "failed")
