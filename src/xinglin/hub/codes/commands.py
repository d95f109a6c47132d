"""What the `xinglin codes` commands do."""

from collections.abc import Callable, Sequence
from pathlib import Path

from xinglin.core.settings import Settings
from xinglin.hub.codes import sheet, work, workbench
from xinglin.hub.codes.decisions import Decision, decide
from xinglin.hub.codes.workbench import Bench, LocalCode, Standing
from xinglin.hub.hub import Hub
from xinglin.hub.opened import with_hub
from xinglin.hub.stepping import to_the_end
from xinglin.standards.labitems.ranker import Candidate

EXPORTED = 1_000_000
"""Most codes that one export holds."""


def unmapped(
    settings: Settings, *, source: str | None, most: int
) -> list[tuple[LocalCode, Candidate | None]]:
    """Give the most frequent local codes without a mapping, each with what is proposed."""

    async def ask(hub: Hub) -> list[tuple[LocalCode, Candidate | None]]:
        return await workbench.proposals(hub, await workbench.unmapped(hub, source=source, most=most))

    return with_hub(settings, ask)


def candidates(settings: Settings, *, source: str, code: str, system: str | None, most: int) -> Bench:
    """Give a local code with its candidates and decisions. Raises UnknownCode or AmbiguousCode."""
    return with_hub(
        settings, lambda hub: workbench.bench(hub, source=source, code=code, system=system, most=most)
    )


def decide_one(
    settings: Settings,
    *,
    source: str,
    code: str,
    system: str | None,
    action: str,
    target: str,
    reason: str,
    who: str,
) -> None:
    """Store a decision on one local code."""

    async def ask(hub: Hub) -> None:
        local = await workbench.one(hub, source=source, code=code, system=system)
        one = Decision(local.system, local.code, local.display, action, target, reason, who)
        await decide(hub, [one])

    with_hub(settings, ask)


def export(settings: Settings, *, source: str | None, file: Path, language: str) -> int:
    """Write all local codes with what is proposed as CSV; give how many."""

    async def ask(hub: Hub) -> list[tuple[LocalCode, Candidate | None]]:
        codes = await workbench.all_codes(hub, source=source, most=EXPORTED)
        return await workbench.proposals(hub, codes)

    rows = with_hub(settings, ask)
    file.write_text(sheet.export(rows, language), encoding="utf-8")
    return len(rows)


def import_(settings: Settings, *, file: Path, who: str) -> int:
    """Store the decisions in a table, all or none; give how many. Raises UnusableSheet."""
    decisions = sheet.read(file, who)
    with_hub(settings, lambda hub: decide(hub, decisions))
    return len(decisions)


def report(settings: Settings, *, source: str | None) -> Sequence[Standing]:
    """Tell how far each source is."""
    return with_hub(settings, lambda hub: workbench.report(hub, source=source))


def apply(settings: Settings, progress: Callable[[int], None] = lambda _: None) -> int:
    """Standardise again what waits for it; give how many records changed. Can be stopped and resumed."""
    return with_hub(settings, lambda hub: to_the_end(hub, work.step, progress))
