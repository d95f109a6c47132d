"""What every command shares: the reader's language and the two consoles."""

from collections.abc import Collection, Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from xinglin.core.i18n import terminal_language, translate

LANGUAGE = terminal_language()

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def _(text: str) -> str:
    return translate(text, LANGUAGE)


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
