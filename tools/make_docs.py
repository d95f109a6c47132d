"""Write the pages that are made from the code: docs/errors.md and docs/settings.md. `make docs` runs this."""

import importlib
import pkgutil
from pathlib import Path

import xinglin
from xinglin.core import settings
from xinglin.core.errors import all_errors
from xinglin.core.i18n import translate
from xinglin.core.tables import Line
from xinglin.hub.quality import ruleset as quality
from xinglin.hub.quality import tables as quality_tables
from xinglin.standards.datasets import tables

DOCS = Path(__file__).parents[1] / "docs"


def errors_page() -> str:
    """Make the list of every error: code, HTTP status, exit code, message and remedy in both languages."""
    for module in pkgutil.walk_packages(xinglin.__path__, "xinglin."):
        if "migrations" not in module.name:
            importlib.import_module(module.name)
    lines = [
        "# Errors",
        "",
        "Every error that a person or a program can meet. A code never changes its meaning.",
        "Made from the code by `make docs`.",
    ]
    for error in sorted(all_errors(), key=lambda e: e.code):
        told = f"HTTP {error.status}, issue `{error.issue}`, exit code {error.exit_code}."
        lines += ["", f"## {error.code}", "", told, ""]
        lines += [f"- {error.message} *{error.remedy}*"]
        lines += [f"- {translate(error.message, 'zh')}*{translate(error.remedy, 'zh')}*"]
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """Make the table of every setting."""
    lines = [
        "# Settings",
        "",
        "Each is read from the environment (`XINGLIN_PORT`), else from the TOML file that `XINGLIN_CONFIG`",
        "names (else `xinglin.toml` in the home folder: `port = 80`), else it has its default.",
        "`xinglin settings` shows what is in force and where it came from. Made by `make docs`.",
        "",
        "| setting | default | meaning | 含义 |",
        "|---|---|---|---|",
    ]
    for one in settings.explain({}):
        value = "/var/lib/xinglin for root, else ~/.xinglin" if one.name == "home" else one.value
        lines.append(f"| `{one.name}` | {value} | {one.description} | {translate(one.description, 'zh')} |")
    return "\n".join(lines) + "\n"


def quality_page() -> str:
    """Make the list of the shipped rules of data quality, and of the tables they use."""
    rules = quality.build({})
    lines = [
        "# Rules of data quality",
        "",
        "Every rule as it is shipped; a site may change, add or switch off (see [data quality](quality.md)).",
        "Confidence says how the source is known: read, inferred, unverified.",
        "Made from the tables by `make docs`.",
    ]
    for key, dimension in rules.dimensions.items():
        lines += ["", f"## {dimension.name['en']} {dimension.name['zh']} (weight {dimension.weight})", ""]
        lines += [
            "| rule | what it asks | of which records | severity | indicator | source |",
            "|" + "---|" * 6,
        ]
        lines += [_rule_row(rules, rule) for rule in rules.rules.values() if rule.dimension == key]
    for name, title in (("parameters", "Parameters"), ("severities", "Severities"), ("events", "Times")):
        lines += ["", f"## {title}", "", *_table_rows(quality_tables.shipped()[f"{name}.csv"])]
    return "\n".join(lines) + "\n"


def _rule_row(rules: quality.RuleSet, rule: quality.Rule) -> str:
    severity, indicator = rules.severities[rule.severity].name["zh"], rule.indicator or "–"
    cells = [
        f"`{rule.id}`",
        f"{rule.name['en']} {rule.name['zh']}",
        f"`{rule.type}`: {rule.counted['en']} {rule.counted['zh']}",
        f"{rule.severity} {severity}",
        indicator,
        f"{rule.source}, {rule.edition} ({rule.confidence})",
    ]
    return "| " + " | ".join(cells) + " |"


def _table_rows(lines: list[Line]) -> list[str]:
    columns = list(lines[0].cells)
    found = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for line in lines:
        cells = (cell.replace("|", "\\|").replace("\n", " ") for cell in line.cells.values())
        found.append("| " + " | ".join(cells) + " |")
    return found


PAGES = {
    "quality-rules.md": quality_page,
    "errors.md": errors_page,
    "settings.md": settings_page,
    "code-tables.md": tables.page,
}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
