"""Tables of figures, with the machine's load beside them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Row:
    """One figure, and what it should reach."""

    name: str
    value: float
    unit: str
    reach: str = ""
    note: str = ""

    def named(self, name: str, reach: str) -> "Row":
        """Give the same figure under a name."""
        return replace(self, name=name, reach=reach)


def table(title: str, rows: Sequence[Row]) -> str:
    """Write a Markdown table."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    lines = [
        f"## {title}",
        f"{os.cpu_count()} cores, load average {load}",
        "",
        "| what | measured | reach | note |",
        "|---|---|---|---|",
    ]
    lines += [f"| {r.name} | {r.value:,.1f} {r.unit} | {r.reach} | {r.note} |" for r in rows]
    return "\n".join(lines)
