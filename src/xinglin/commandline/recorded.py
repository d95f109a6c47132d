"""Every command that opens the hub is decided on at the gate and written down, before its own work begins."""

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from xinglin.hub.beforehand import BEFOREHAND

if TYPE_CHECKING:
    from xinglin.core.settings import Settings
    from xinglin.hub.hub import Hub

_SECRET: Final = re.compile(r"--[a-z-]*(?:password|secret|token|key|code)[a-z-]*")
"""Options whose values don't go to the audit log; `--code` may hold one of a second factor."""

_OF_PERSONS: Final = (
    *("person timeline", "person series", "person show"),
    *("identity person", "identity review", "consent show"),
)
"""Commands whose further words may be ids of Patients."""


def record_commands() -> None:
    """Have what this process's command does written down."""
    BEFOREHAND.set(_write_down)


async def _write_down(settings: "Settings", hub: "Hub") -> None:
    from xinglin.trust.gate.local import let_pass

    given = sys.argv[1:]
    command = " ".join(_words(given))
    await let_pass(settings, hub, command=command, given=" ".join(_shown(given)), patients=_patients(command))


def _words(given: Sequence[str]) -> list[str]:
    """Give the words before the first option."""
    words: list[str] = []
    for one in given:
        if one.startswith("-"):
            break
        words.append(one)
    return words


def _patients(command: str) -> list[str]:
    """Give those words that may be ids of Patients."""
    for known in _OF_PERSONS:
        if command.startswith(known + " "):
            return [one for one in command.removeprefix(known).split() if one not in {"show", "list"}]
    return []


def _shown(given: Sequence[str]) -> list[str]:
    """Give what a command was given, without secrets."""
    shown: list[str] = []
    hidden = False
    for one in given:
        name, sign, _ = one.partition("=")
        secret = bool(_SECRET.fullmatch(name))
        shown.append(f"{name}=…" if secret and sign else "…" if hidden else one)
        hidden = secret and not sign
    return shown
