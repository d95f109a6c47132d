"""What a worker process does: opens the hub, answers requests, and ends when the main process does."""

import ctypes
import gc
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from xinglin.core.errors import XinglinError
from xinglin.core.i18n import Phrase
from xinglin.core.settings import Settings
from xinglin.core.telemetry import configure_logs, describe, logger

if TYPE_CHECKING:
    from starlette.applications import Starlette

Failed = Callable[[tuple[type[XinglinError], Mapping[str, object]]], None]
"""Takes the class of an error and what it was made with."""

PR_SET_PDEATHSIG = 1
"""Have the kernel send this process a signal when its parent ends (Linux, prctl(2))."""


def work(settings: Settings, parent: int, failed: Failed) -> "Starlette":
    """Make the application for the main process `parent`, which hears over `failed` why a hub can't start.

    The settings are used as given; nothing is read from files or the environment.
    """
    end_with(parent)
    configure_logs(settings)
    # The main process, which hands this function over, needs none of these.
    from xinglin.app import make_app
    from xinglin.hub.hub import open_hub

    @asynccontextmanager
    async def lifespan(app: "Starlette") -> AsyncGenerator[None]:
        async with AsyncExitStack() as stack:
            with _told(failed):
                app.state.hub = await stack.enter_async_context(open_hub(settings, settings.database_url))
            _settle()
            yield

    return make_app(settings, lifespan)


def end_with(parent: int) -> None:
    """Have the kernel kill this process when `parent` ends, however that ends.

    A worker left behind would keep the port and the database from the next hub. Nothing is lost: what was
    acknowledged is committed. Elsewhere than on Linux this does nothing.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the kernel knew of our wish
            os.kill(os.getpid(), signal.SIGKILL)


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


def _settle() -> None:
    """Keep the garbage collector from walking over the definitions, which live as long as the process.

    A full collection holds every request up for a tenth of a second; ours leave few cycles behind.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 1_000)
