"""What the `xinglin policy` commands do."""

import getpass
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.opened import with_hub
from xinglin.trust.log.log import Log
from xinglin.trust.policy import check as checking
from xinglin.trust.policy import contracts, emergency, grants, tried
from xinglin.trust.policy import explain as explaining
from xinglin.trust.policy.decisions import Policies, engine_of, policies_of
from xinglin.trust.policy.engine import Engine
from xinglin.trust.policy.explain import Explanation
from xinglin.trust.policy.grants import Grant
from xinglin.trust.policy.tried import Failure
from xinglin.trust.who import Who

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Tried:
    """How a table of cases came out."""

    cases: int
    failures: Sequence[Failure]


def engine(settings: Settings) -> Engine:
    """Read the policies as they stand on disk. Raises TrustError."""
    return engine_of(settings.policies, settings.labels)


def check(settings: Settings) -> checking.Checked:
    """Check the policies as they stand on disk. Raises TrustError where they can't even be read."""
    return checking.check(engine(settings))


def explain(settings: Settings, **asked: str) -> Explanation:
    """Explain a decision (see `explain.ask`). Raises TrustError."""
    known = engine(settings)
    return explaining.explain(known, explaining.ask(known, **asked))


def try_cases(settings: Settings, file: Path | None) -> Tried:
    """Try a table of cases, the shipped one where none is named. Raises TrustError or OSError."""
    known = engine(settings)
    name = "cases.csv" if file is None else file.name
    rows = tried.read(tried.shipped(), name) if file is None else tried.load(file)
    return Tried(len(rows), tried.try_all(known, rows, name))


def me() -> Who:
    """Give who runs a command: the account of the operating system."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # an account without a name
        name = str(os.geteuid())
    return Who(f"local:{name}", "local", name)


def _with(settings: Settings, work: Callable[[Hub, Log, Policies], Awaitable[Result]]) -> Result:
    return with_hub(settings, lambda hub: work(hub, _log(settings, hub), policies_of(settings)))


def _log(settings: Settings, hub: Hub) -> Log:
    return Log(hub.database, settings.audit_hash)


def emergencies(settings: Settings, *, every: bool) -> list[Grant]:
    """List emergency access, that which waits for a review or all."""

    async def work(hub: Hub, _log: Log, _policies: Policies) -> list[Grant]:
        async with hub.database.connection() as connection:
            return await grants.listed(connection, kind="emergency", waiting=not every)

    return _with(settings, work)


def review(settings: Settings, number: int, *, outcome: str, why: str) -> Grant:
    """Store what a review found. Raises UnknownGrant or NoReview."""
    return _with(
        settings, lambda hub, log, _: emergency.review(hub, log, me(), number, outcome=outcome, why=why)
    )


def contract_grants(settings: Settings) -> list[Grant]:
    """List grants under a contract."""

    async def work(hub: Hub, _log: Log, _policies: Policies) -> list[Grant]:
        async with hub.database.connection() as connection:
            return await grants.listed(connection, kind="contract")

    return _with(settings, work)


def add_contract(settings: Settings, *, who: str, contract: str, words: str, last_day: str) -> Grant:
    """Give a grant under a contract. Raises WrongGrant."""

    async def work(hub: Hub, log: Log, _policies: Policies) -> Grant:
        return await contracts.add(hub, log, me(), who=who, contract=contract, words=words, last_day=last_day)

    return _with(settings, work)


def end_grant(settings: Settings, number: int) -> Grant:
    """End a grant. Raises UnknownGrant."""
    return _with(settings, lambda hub, log, _: contracts.end(hub, log, me(), number))
