"""What is done beforehand, each time a command opens the hub: rooms above set it, this one only calls it.

It stands apart from `opened`, which loads the whole hub, so that setting it costs a command's help nothing.
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xinglin.core.settings import Settings
    from xinglin.hub.hub import Hub

Beforehand = Callable[["Settings", "Hub"], Awaitable[None]]

BEFOREHAND: ContextVar[Beforehand | None] = ContextVar("beforehand", default=None)
"""Called with the open hub before a command's own work; what it raises ends the command."""
