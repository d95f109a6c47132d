"""Charts as data: options for ECharts, each with the table that says the same to everybody.

Colours and letters are put in by `static/portal.js` from the page's theme, so that no option names any.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from xinglin.core.i18n import Phrase

Value = float | Decimal | None


def chart(
    title: Phrase,
    labels: Sequence[str],
    series: Sequence[tuple[str | Phrase, Sequence[Value]]],
    *,
    kind: Literal["bar", "line"] = "bar",
    unit: str = "",
    stacked: bool = False,
    across: bool = False,
) -> Mapping[str, Any]:
    """Give a chart of one or several series over the same labels.

    With `across` bars lie, so that long labels can be read. What has no value (None) is left out, not zero.
    """
    labelled: Mapping[str, Any] = {"type": "category", "data": list(labels)}
    measured: Mapping[str, Any] = {"type": "value", "name": unit}
    options = {
        "xAxis": measured if across else labelled,
        "yAxis": {**labelled, "inverse": True} if across else measured,
        "series": [_series(name, values, kind, stacked) for name, values in series],
    }
    return drawn(title, options, [["", *(name for name, _ in series)], *_rows(labels, series)])


def drawn(title: Phrase, options: Mapping[str, Any], table: Sequence[Sequence[Any]]) -> Mapping[str, Any]:
    """Give a chart by ECharts' own options (https://echarts.apache.org/en/option.html), with its table.

    The first row of `table` are the heads.
    """
    return {"title": title, "options": options, "table": table}


def _series(name: str | Phrase, values: Sequence[Value], kind: str, stacked: bool) -> Mapping[str, Any]:
    made: dict[str, Any] = {"type": kind, "name": name, "data": list(values)}
    return made | ({"stack": "all"} if stacked else {})


def _rows(labels: Sequence[str], series: Sequence[tuple[Any, Sequence[Value]]]) -> list[list[Any]]:
    return [[label, *(values[place] for _, values in series)] for place, label in enumerate(labels)]
