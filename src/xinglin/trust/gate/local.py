"""The command line at the gate: whoever the operating system lets run commands, each of which is in the log.

Such a person could read the hub's files anyway, so the policies open everything to them (`local.everything`);
a site may close some of it. What a command is about stands in `commands.csv`: the longest line that it begins
with counts, the empty one for all others.
"""

import getpass
import os
import socket
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from xinglin.core.settings import Settings
from xinglin.core.tables import rows_of
from xinglin.hub.hub import Hub
from xinglin.trust.gate.asking import Asking
from xinglin.trust.gate.book import Book
from xinglin.trust.gate.deciding import Deciding
from xinglin.trust.log.commands import log_of
from xinglin.trust.policy.relations import same_people
from xinglin.trust.who import Who

LONGEST: Final = 4_000


def local_user() -> Who:
    """Give who runs this process, as the operating system has it; by sudo, whoever called it too."""
    user = getpass.getuser()
    caller = os.environ.get("SUDO_USER", "")
    name = f"{user} ({caller})" if caller and caller != user else user
    return Who(f"local:{user}", "local", name=name, address=socket.gethostname())


async def let_pass(
    settings: Settings, hub: Hub, *, command: str, given: str, patients: Iterable[str] = ()
) -> None:
    """Decide whether a command may be carried out, and write it down first. Raises Closed.

    `command` are its words, as "identity show"; `given` what it was given; `patients` ids of Patients.
    """
    deciding = Deciding(settings, hub)
    who = local_user()
    asking = Asking(who, deciding.purpose(who, ""), interaction=f"command {command}", query=given[:LONGEST])
    book = Book(log_of(hub, settings), deciding, asking)
    action, group = door_of(command)
    said = await deciding.decide(asking, action, group)
    if not said.allowed:
        raise await book.closed(action, group)
    people = await _people(hub, patients)
    await book.tell(action, rules=said.rules, what=[("Patient", one) for one in people], patients=people)


async def _people(hub: Hub, patients: Iterable[str]) -> list[str]:
    """Give Patients with all others of the same people."""
    named = list(patients)
    if not named:
        return []
    async with hub.database.connection() as connection:
        known = await same_people(connection, named)
    return list(dict.fromkeys([*named, *(other for one in named for other in sorted(known.get(one, ())))]))


def door_of(command: str) -> tuple[str, str]:
    """Give the action and the group of what a command is about."""
    words = command.split()
    table = _doors()
    return next(found for end in range(len(words), -1, -1) if (found := table.get(" ".join(words[:end]))))


@cache
def _doors() -> Mapping[str, tuple[str, str]]:
    table = rows_of("xinglin.trust.gate", "commands.csv")
    return {row["command"]: (row["action"], row["group"]) for row in table}
