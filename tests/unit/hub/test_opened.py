"""The hub, opened for a command."""

from pathlib import Path

import pytest

from xinglin.core.settings import Settings
from xinglin.hub.embedded import NoneYet
from xinglin.hub.hub import Hub
from xinglin.hub.intake import queue, registry
from xinglin.hub.opened import quiet, with_hub
from xinglin.hub.registries import commands as registries


@pytest.mark.parametrize(
    ("asked", "written"),
    [("info", "warning"), ("debug", "debug"), ("warning", "warning"), ("error", "error")],
)
def test_news_of_the_hub_stay_out_of_answers_unless_details_are_asked_for(asked: str, written: str) -> None:
    assert quiet(Settings(log_level=asked)).log_level == written  # type: ignore[arg-type]


def test_a_command_that_only_looks_makes_no_database(tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path))

    async def look(hub: Hub) -> None:
        await hub.ping()

    with pytest.raises(NoneYet):
        with_hub(settings, look)
    with pytest.raises(NoneYet):
        registry.list_all(settings)
    with pytest.raises(NoneYet):
        queue.show(settings, 1)
    with pytest.raises(NoneYet):
        registries.entries(settings)
    assert list(tmp_path.iterdir()) == []
