"""Write the pages that are made from the code: docs/errors.md and docs/settings.md. `make docs` runs this."""

import importlib
import pkgutil
from pathlib import Path

import xinglin
from xinglin.core import settings
from xinglin.core.errors import all_errors
from xinglin.core.i18n import translate
from xinglin.standards.datasets import tables

DOCS = Path(__file__).parents[1] / "docs"


def errors_page() -> str:
    """Make the list of every error: code, HTTP status, exit code, message and remedy in both languages."""
    for module in pkgutil.walk_packages(xinglin.__path__, "xinglin."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
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


PAGES = {"errors.md": errors_page, "settings.md": settings_page, "code-tables.md": tables.page}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
