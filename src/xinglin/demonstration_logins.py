"""Logins to the demo's hub: an account for each role.

The passwords are made at random for each demo home and kept in a file there that only its owner can read:
no password of the demo is published, so it does no harm if a demo listens on a network.
"""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Final

from xinglin.core import clock
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.registries.records import organization_id, read_key
from xinglin.hub.search.search import Asked
from xinglin.standards.identifiers import Fault
from xinglin.trust.log.log import Log
from xinglin.trust.login import accounts, roles
from xinglin.trust.login.first import HUB
from xinglin.trust.login.managing import Managing
from xinglin.trust.login.roles import Place
from xinglin.trust.login.service import Login
from xinglin.trust.policy import contracts, grants
from xinglin_demo.accounts import DemoAccount
from xinglin_demo.accounts import accounts as invented

FILE: Final = "logins.txt"
LETTERS: Final = "abcdefghjkmnpqrstuvwxyz"
LENGTH: Final = 12
NUMBERS: Final = ("practitioner", "staff")
"""What formats call the numbers of staff: HL7 v2, and documents and tables."""
RESEARCHER: Final = "researcher"
CONTRACT: Final = "XL-2026-001"
CONTRACT_DAYS: Final = 365


def logins(settings: Settings) -> dict[str, str]:
    """Read the passwords of a demo home, by login name."""
    try:
        text = (settings.folder / FILE).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    return dict(line.split("\t", 1) for line in text.splitlines() if "\t" in line)


async def make_logins(settings: Settings, hub: Hub, somebody: str) -> None:
    """Make the accounts that aren't there yet; `somebody` is the patient's resident number.

    An account whose password isn't in the file gets a new one. Done again, it changes nothing.
    """
    kept = logins(settings)
    log = Log(hub.database)
    login = Login(hub.database, settings, log)
    managing = Managing(login, HUB)
    for one in invented():
        async with hub.database.connection() as connection:
            known = await accounts.find(connection, one.login)
            held = await roles.in_force(connection, one.login, clock.now())
        if known is None:
            await managing.add(one.login, one.name)
        if not held:
            place = await _place(hub, one, somebody)
            for role in one.role.split():
                await managing.grant(one.login, role, place)
        if known is None or one.login not in kept:
            kept[one.login] = _password()
            _write(settings.folder / FILE, kept)
            await _set(login, one.login, kept[one.login])
        if one.role == RESEARCHER:
            await _contract(hub, log, f"user:{one.login}")


async def _contract(hub: Hub, log: Log, who: str) -> None:
    """Give a researcher a contract for the data, unless one is in force."""
    async with hub.database.connection() as connection:
        held = await grants.in_force(connection, who)
    if not held:
        until = (clock.now() + timedelta(days=CONTRACT_DAYS)).date().isoformat()
        words = "演示：慢性病用药与转归研究"
        await contracts.add(hub, log, HUB, who=who, contract=CONTRACT, words=words, last_day=until)


def _password() -> str:
    """Make a password that the policy takes: 59 random bits."""
    letters = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}-{secrets.randbelow(90) + 10}X"


def _write(file: Path, kept: dict[str, str]) -> None:
    """Write the passwords for the owner's eyes only, whole or not at all."""
    made = file.with_suffix(".new")
    made.unlink(missing_ok=True)
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.writelines(f"{login}\t{password}\n" for login, password in kept.items())
    made.replace(file)


async def _set(login: Login, name: str, password: str) -> None:
    hashed = await login.hasher.hash(password)
    async with login.database.connection() as connection, connection.transaction():
        await accounts.set_password(connection, name, hashed, now=clock.now(), one_time_until=None)


async def _place(hub: Hub, one: DemoAccount, somebody: str) -> Place:
    """Give the post of somebody: the ids under which the hub knows institution, staff and patient."""
    key = read_key(one.institution) if one.institution else None
    institution = organization_id(key) if key is not None and not isinstance(key, Fault) else None
    practitioner = patient = None
    if one.staff_number is not None:
        numbers = [f"urn:xinglin:id:{one.institution}:{sort}|{one.staff_number}" for sort in NUMBERS]
        practitioner = await _first(hub, "Practitioner", ",".join(numbers))
    if one.patient:
        patient = await _first(hub, "Patient", somebody)
    return Place(institution, None, practitioner, patient)


async def _first(hub: Hub, kind: str, identifier: str) -> str | None:
    """Give the id of a record that bears an identifier."""
    found = await hub.search(Asked([("identifier", identifier), ("_sort", "_id"), ("_count", "1")], kind))
    return found.matches[0].record.key.id if found.matches else None
