"""What `xinglin refused …` does."""

from collections.abc import Sequence

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.intake import refused
from xinglin.hub.intake.crew import loader
from xinglin.hub.intake.refused import Refused
from xinglin.hub.intake.replay import Replayed, all_waiting
from xinglin.hub.intake.replay import replay as replay_one
from xinglin.hub.opened import with_connection, with_hub


def list_some(
    settings: Settings, *, source: str | None, code: str | None, delivery: int | None, after: int, most: int
) -> list[Refused]:
    """Give items that wait, without their bytes."""
    return with_connection(
        settings,
        lambda connection: refused.list_some(
            connection, source=source, code=code, delivery=delivery, after=after, most=most
        ),
    )


def reasons(settings: Settings, *, source: str | None) -> list[tuple[str, str, int]]:
    """Give how many items wait by source and reason code."""
    return with_connection(settings, lambda connection: refused.reasons(connection, source=source))


def show(settings: Settings, number: int) -> Refused:
    """Give an item with its bytes. Raises NotRefused."""
    return with_connection(settings, lambda connection: refused.show(connection, number))


def correct(settings: Settings, number: int, *, corrected: bytes, who: str) -> None:
    """Keep what shall be loaded in place of what came. Raises NotRefused."""
    with_connection(
        settings, lambda connection: refused.correct(connection, number, corrected=corrected, who=who)
    )


def dismiss(settings: Settings, number: int, *, who: str, why: str) -> None:
    """Record the decision that an item shall not be taken. Raises NotRefused or NoReason."""
    with_connection(
        settings, lambda connection: refused.settle(connection, number, state="dismissed", who=who, why=why)
    )


def replay(
    settings: Settings,
    *,
    numbers: Sequence[int],
    source: str | None,
    code: str | None,
    delivery: int | None,
    who: str,
) -> list[Replayed]:
    """Load the named items again, or else all that the filters leave. Raises NotRefused."""

    async def work(hub: Hub) -> list[Replayed]:
        wanted = numbers or [
            one.number for one in await all_waiting(hub, source=source, code=code, delivery=delivery)
        ]
        loads = await loader(hub)
        return [await replay_one(hub, loads, number, who=who) for number in wanted]

    return with_hub(settings, work)
