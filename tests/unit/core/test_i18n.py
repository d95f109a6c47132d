"""Every text a person sees is there in Chinese."""

import ast
import importlib
import pkgutil
from pathlib import Path
from string import Formatter

import pytest

import xinglin
from xinglin.core import settings
from xinglin.core.errors import XinglinError, all_errors
from xinglin.core.i18n import negotiate, terminal_language, translate

for module in pkgutil.walk_packages(xinglin.__path__, "xinglin."):
    if "migrations" not in module.name and not module.name.endswith("__main__"):
        importlib.import_module(module.name)

ERRORS = list(all_errors())
SOURCES = Path(xinglin.__file__).parent


def marked_texts() -> set[str]:
    """Find the texts handed to `_(…)` or `translate(…)`, and module constants that are."""
    found: set[str] = set()
    for file in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("_", "translate")
                and node.args
            ) and isinstance(node.args[0], ast.Constant):
                found.add(node.args[0].value)
    return found


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


TEXTS = sorted(
    {e.message for e in ERRORS}
    | {e.remedy for e in ERRORS}
    | {s.description for s in settings.explain({})}
    | marked_texts()
)


@pytest.mark.parametrize("text", TEXTS)
def test_chinese_is_complete(text: str) -> None:
    chinese = translate(text, "zh")
    assert any("\u4e00" <= c <= "\u9fff" for c in chinese), f"no Chinese for: {text}"
    assert fields(chinese) == fields(text), "both texts are filled in with the same values"


def test_codes_are_unique_and_in_their_branch() -> None:
    codes = [e.code for e in ERRORS]
    assert len(codes) == len(set(codes)), sorted(c for c in codes if codes.count(c) > 1)
    for branch in XinglinError.__subclasses__():
        assert all(e.code[:3] == branch.code[:3] for e in all_errors(branch)), branch


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("zh-CN", "zh"),
        ("fr, zh;q=0.3, en;q=0.5", "en"),
        ("en;q=x, zh;q=0.1", "zh"),
        ("*", "en"),
    ],
)
def test_negotiation(header: str | None, language: str) -> None:
    assert negotiate(header) == language


def test_terminal_language() -> None:
    assert terminal_language({"LANG": "zh_CN.UTF-8"}) == "zh"
    assert terminal_language({"LANG": "zh_CN.UTF-8", "XINGLIN_LANGUAGE": "en"}) == "en"
    assert terminal_language({}) == "en"
