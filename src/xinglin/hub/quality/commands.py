"""What the `xinglin quality` commands do."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from xinglin.core.settings import Settings
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.opened import with_both, with_hub
from xinglin.hub.quality import score
from xinglin.hub.quality.errors import WrongReport
from xinglin.hub.quality.evaluate import STEP, Progress, evaluate
from xinglin.hub.quality.report_excel import write_excel
from xinglin.hub.quality.report_html import html_page
from xinglin.hub.quality.ruleset import RuleSet, in_force
from xinglin.hub.quality.score import Failing, Period, Scores

LANGUAGES: Final = ("zh", "en")


def run(settings: Settings, *, progress: Callable[[int], None] = lambda _: None) -> Progress:
    """Judge all that is new; `progress` is told how many more records were judged. Gives the sums."""

    async def work(hub: Hub) -> Progress:
        records = removed = days = 0
        while True:
            made = await evaluate(hub, most=STEP)
            records, removed, days = records + made.records, removed + made.removed, days + made.days
            progress(made.records + made.removed)
            if made.finished:
                return Progress(records, removed, days, finished=True)

    return with_hub(settings, work)


def scores(settings: Settings, wanted: Period, institution: str | None = None) -> tuple[RuleSet, Scores]:
    """Give the rules in force and the scorecards of a period."""
    rules = in_force(settings.quality)

    async def work(_: Hub, connection: Connection) -> Scores:
        return await score.scores(connection, rules, wanted, institution)

    return rules, with_both(settings, work)


def failing(
    settings: Settings, rule: str, institution: str, wanted: Period, *, most: int
) -> Sequence[Failing]:
    """Give records that fail a rule. Raises UnknownRule."""
    rules = in_force(settings.quality)

    async def work(_: Hub, connection: Connection) -> Sequence[Failing]:
        return await score.failing(connection, rules, rule, institution, wanted, most=most)

    return with_both(settings, work)


def report(
    settings: Settings, wanted: Period, output: Path, *, form: str | None, language: str
) -> list[Path]:
    """Write a report: one file, or into a folder a page in each language and a workbook.

    Gives what was written.
    `form` is `html` or `xlsx`, None: by the file's ending. Raises WrongReport.
    """
    rules, found = scores(settings, wanted)
    if output.is_dir() or not output.suffix:
        output.mkdir(parents=True, exist_ok=True)
        targets = [(output / f"quality.{one}.html", one) for one in LANGUAGES]
        targets = [*targets, (output / "quality.xlsx", language)]
        targets = [one for one in targets if form is None or one[0].suffix == f".{form}"]
    else:
        if output.suffix not in (".html", ".xlsx") or (form and output.suffix != f".{form}"):
            raise WrongReport(file=output.name)
        targets = [(output, language)]
    for path, spoken in targets:
        if path.suffix == ".html":
            path.write_text(html_page(rules, found, spoken), encoding="utf-8")
        else:
            write_excel(path, rules, found, _examples(settings, rules, found), spoken)
    return [path for path, _ in targets]


def _examples(settings: Settings, rules: RuleSet, found: Scores) -> list[tuple[str, str, Failing]]:
    """Give failing records of each institution's worst rules: institution, rule, record."""

    async def work(_: Hub, connection: Connection) -> list[tuple[str, str, Failing]]:
        rows: list[tuple[str, str, Failing]] = []
        for one in found.cards[:50]:
            for rule, _tally in one.card.worst(rules, 5):
                records = await score.failing(
                    connection, rules, rule.id, one.institution, found.period, most=20
                )
                rows += [(one.institution, rule.id, record) for record in records]
        return rows

    return with_both(settings, work)
