"""What every command shares: the reader's language, the two consoles, and how answers are written."""

import sys
from collections.abc import Callable, Collection, Generator, Iterable, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xinglin.core.i18n import terminal_language, translate

LANGUAGE = terminal_language()

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def _(text: str) -> str:
    return translate(text, LANGUAGE)


def tell(text: str, **values: object) -> None:
    """Print a text with values in it; whole numbers get separators, as in 1,234,567."""
    out.print(
        text.format(**{name: f"{one:,}" if isinstance(one, int) else one for name, one in values.items()})
    )


class Form(StrEnum):
    """In which form an answer is written."""

    text = "text"
    json = "json"


Format = Annotated[Form, typer.Option("--format", help=_("text, or JSON for machines"))]


def show_json(told: object) -> None:
    """Print a value as JSON, on a line."""
    from xinglin.core.exact_json import dumps

    sys.stdout.buffer.write(dumps(told) + b"\n")


class Counting:
    """How many of something are done so far, shown while it goes on."""

    def __init__(self, show: Callable[[int], None]) -> None:
        self.done = 0
        self._show = show

    def more(self, count: int) -> None:
        """Take note of `count` more."""
        self.done += count
        self._show(count)


@contextmanager
def counting(title: str) -> Generator[Counting]:
    """Show, on a terminal, how many are done while a work goes on whose end isn't known."""
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), TextColumn("{task.completed:,.0f}"), TimeElapsedColumn()
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(title, total=None)
        yield Counting(lambda count: bar.advance(task, count))


def show_table(titles: Sequence[str], rows: Iterable[Sequence[str]], *, right: Collection[int] = ()) -> None:
    """Print rows: on a terminal as a table, else a line each with tabs between, whatever its length.

    `right` are the columns of numbers, from 0.
    """
    if not out.is_terminal:
        for row in rows:
            print(*(" ".join(cell.split()) for cell in row), sep="\t")  # noqa: T201 - not folded
        return
    table = Table(box=None, show_header=any(titles))
    for at, title in enumerate(titles):
        justify = "right" if at in right else "left"
        table.add_column(title, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    out.print(table)
