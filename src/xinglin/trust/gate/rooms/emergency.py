"""Breaking the glass behind the gate: asking for emergency access, and its review."""

from collections.abc import Sequence

from xinglin.hub.hub import Hub
from xinglin.trust.gate.gated import GatedHub
from xinglin.trust.policy import emergency, grants
from xinglin.trust.policy.grants import Grant


async def ask(hub: GatedHub, patient: str, *, reason: str, words: str) -> Grant:
    """Give who asks emergency access to a patient. Raises MayNotAsk, ReasonTooShort or Unknown."""
    return await hub.govern(
        lambda inner, log, policies: emergency.ask(
            inner, log, policies, hub.who, patient, reason=reason, words=words
        )
    )


async def refuse_others(hub: GatedHub, patient: str) -> None:
    """Make sure that who asks may ask for emergency access, before a form is shown. Raises MayNotAsk."""
    await hub.govern(lambda _, log, policies: emergency.may_ask(log, policies, hub.who, patient))


async def waiting(hub: GatedHub, *, after: int, most: int) -> Sequence[Grant]:
    """Give emergency accesses that nobody has reviewed yet, by number."""

    async def work(inner: Hub) -> Sequence[Grant]:
        async with inner.database.connection() as connection:
            return await grants.listed(connection, kind="emergency", waiting=True, after=after, most=most)

    return await hub.operate(work, told=lambda found: [one.patient for one in found if one.patient])


async def review(hub: GatedHub, number: int, *, outcome: str, why: str) -> Grant:
    """Store what the review of an emergency access found. Raises UnknownGrant or NoReview."""
    return await hub.govern(
        lambda inner, log, _: emergency.review(inner, log, hub.who, number, outcome=outcome, why=why)
    )
