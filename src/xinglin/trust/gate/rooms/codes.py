"""The mapping workbench behind the gate: local codes, what they may mean, and what was decided."""

from collections.abc import Sequence

from xinglin.hub.codes import decisions, workbench
from xinglin.hub.codes.decisions import Decision
from xinglin.hub.codes.workbench import Bench, LocalCode, Standing
from xinglin.hub.hub import Hub
from xinglin.standards.labitems.ranker import Candidate
from xinglin.trust.gate.gated import GatedHub

Proposed = list[tuple[LocalCode, Candidate | None]]


async def unmapped(hub: GatedHub, *, source: str | None, most: int, skip: int) -> Proposed:
    """Give codes without a mapping, the most frequent first, each with what is proposed."""

    async def work(inner: Hub) -> Proposed:
        found = await workbench.unmapped(inner, source=source, most=most, skip=skip)
        return await workbench.proposals(inner, found)

    return await hub.operate(work)


async def all_codes(hub: GatedHub, *, source: str | None, most: int, skip: int) -> Proposed:
    """Give all local codes, each with what is proposed."""

    async def work(inner: Hub) -> Proposed:
        found = await workbench.all_codes(inner, source=source, most=most, skip=skip)
        return await workbench.proposals(inner, found)

    return await hub.operate(work)


async def bench(hub: GatedHub, *, source: str, code: str, system: str | None, most: int) -> Bench:
    """Give a local code with its candidates. Raises UnknownCode or AmbiguousCode."""
    return await hub.operate(
        lambda inner: workbench.bench(inner, source=source, code=code, system=system, most=most)
    )


async def one(hub: GatedHub, *, source: str, code: str, system: str | None) -> LocalCode:
    """Give a local code. Raises UnknownCode or AmbiguousCode."""
    return await hub.operate(lambda inner: workbench.one(inner, source=source, code=code, system=system))


async def decide(hub: GatedHub, made: Sequence[Decision]) -> None:
    """Store decisions, all or none. Raises TerminologyError."""
    what = [("code", f"{one.system}|{one.code}") for one in made]
    await hub.operate(lambda inner: decisions.decide(inner, made), what=what, changes=True)


async def report(hub: GatedHub, *, source: str | None) -> list[Standing]:
    """Tell how far each source is."""
    return await hub.operate(lambda inner: workbench.report(inner, source=source))
