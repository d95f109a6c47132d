"""One world, a hub with people and their records, for each module of attacks."""

from collections.abc import Iterator

import msgspec
import pytest
from tests.attacks.world import World, world_of
from tests.databases import new_database

from xinglin.core.settings import Settings
from xinglin.hub.embedded import EmbeddedServer


@pytest.fixture(scope="module")
def settings(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings on a database of the module's own, as they are shipped but for small hashes and limits."""
    with new_database(server) as url:
        made = Settings(database_url=url, language="en", home=str(tmp_path_factory.mktemp("home")))
        yield msgspec.structs.replace(
            made, argon2_memory_kib=8, argon2_passes=1, logins_per_minute=0, max_body_bytes=2_000_000
        )


@pytest.fixture(scope="module")
def world(settings: Settings) -> Iterator[World]:
    """The hub under attack. Tests that change what others rely on have a patient of their own."""
    with world_of(settings) as world:
        yield world
