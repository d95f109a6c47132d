"""What the hub does in the background for its log: sign it, have witnesses sign it, watch it by the rules."""

from typing import Final

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.trust.log.alerts.follow import follow
from xinglin.trust.log.alerts.rules import load
from xinglin.trust.log.commands import log_of, signing_of
from xinglin.trust.log.witnessing import ask_witnesses
from xinglin.trust.policy.site import read_site
from xinglin.trust.policy.tables import build

ENTRIES: Final = 5_000
"""Entries watched at a time."""


async def sign(hub: Hub, settings: Settings) -> None:
    """Sign what was added, and send it to the witnesses. Raises what keeps either from being done."""
    log = log_of(hub, settings)
    if (await log.head()).size:
        note = await signing_of(log, settings).checkpoint()
        await ask_witnesses(log, note)


async def watch(hub: Hub, settings: Settings) -> None:
    """Look at all entries that are new by the alert rules in force."""
    rules, tables = load(settings.audit), build(read_site(settings.policies))
    while not (await follow(hub, rules, tables, most=ENTRIES)).finished:
        pass
