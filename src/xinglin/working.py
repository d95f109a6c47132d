"""What a worker process does: opens the hub, answers requests, and ends when the main process does."""

from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from xinglin.core.errors import XinglinError
from xinglin.core.i18n import Phrase
from xinglin.core.settings import Settings
from xinglin.core.telemetry import configure_logs, describe, logger
from xinglin.hub.processes import end_with, settle

if TYPE_CHECKING:
    from starlette.applications import Starlette

Failed = Callable[[tuple[type[XinglinError], Mapping[str, object]]], None]
"""Takes the class of an error and what it was made with."""


def work(settings: Settings, parent: int, failed: Failed) -> "Starlette":
    """Make the application for the main process `parent`, which hears over `failed` why a hub can't start.

    The settings are used as given; nothing is read from files or the environment.
    """
    end_with(parent)
    configure_logs(settings)
    # The main process, which hands this function over, needs none of these.
    from xinglin.app import make_app
    from xinglin.hub.hub import open_hub
    from xinglin.trust.gate.gate import open_gate

    @asynccontextmanager
    async def lifespan(app: "Starlette") -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            with _told(failed):
                app.state.hub = await stack.enter_async_context(open_hub(settings, settings.database_url))
            app.state.hub.matching.start()
            app.state.gate = await stack.enter_async_context(open_gate(settings, app.state.hub))
            settle()
            yield

    return make_app(settings, lifespan)


@contextmanager
def _told(failed: Failed) -> Generator[None]:
    """Tell the main process what went wrong, in a form that can be sent."""
    try:
        yield
    except XinglinError as error:
        params = {n: p if isinstance(p, Phrase | int) else str(p) for n, p in error.params.items()}
        failed((type(error), params))
        raise
    except Exception as error:
        logger().error("worker can't start", **describe(error))
        failed((XinglinError, {}))
        raise
