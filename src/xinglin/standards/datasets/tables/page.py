"""The page `docs/code-tables.md`, made from the tables."""

from xinglin.standards.datasets.tables.model import CodeTable
from xinglin.standards.datasets.tables.read import catalogue, load

_HEAD = """# National code tables

Code tables of Chinese standards that come with Xinglin (编码表). Each code has its source and how sure it is:
`read` in a public copy of the standard, or `inferred`. Before a value goes into a conformance claim, check it
against the printed standard. Made from the data by `make docs`.

An edition is part of what a code means. Where a source doesn't declare its edition and the editions differ, a
code is kept without a meaning. Tables of WS/T 364-2023 that aren't listed could not be read: their codes are
kept without a meaning too.

| table | edition | 名称 | name | standard | codes | all | international | URI | remarks |
|---|---|---|---|---|---|---|---|---|---|
"""


def page() -> str:
    """Write the page."""
    rows = (_row(load(name, edition)) for name, edition in catalogue())
    return _HEAD + "\n".join(rows) + "\n"


def _row(table: CodeTable) -> str:
    cells = (
        table.id,
        table.edition or "",
        table.title_zh,
        table.title_en,
        table.standard,
        str(len(table.concepts)),
        "yes" if table.complete else "no",
        str(len(table.targets)) if table.targets else "",
        f"`{table.uri}`",
        table.note,
    )
    return f"| {' | '.join(cells)} |"
