"""Every text a person sees is there in Chinese."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from string import Formatter

import pytest
from jinja2 import Environment, nodes

import xinglin
from xinglin.core import settings
from xinglin.core.errors import XinglinError, all_errors
from xinglin.core.i18n import Phrase, negotiate, terminal_language, translate

for module in pkgutil.walk_packages(xinglin.__path__, "xinglin."):
    if "migrations" not in module.name and not module.name.endswith("__main__"):
        importlib.import_module(module.name)

ERRORS = list(all_errors())
SOURCES = Path(xinglin.__file__).parent


UNTRANSLATED = {
    ("hub/search/lastn.py", "kind"): "a resource type",
    ("hub/intake/importing.py", "detail"): "HTTP's status",
    ("standards/dicom/study.py", "name"): "DICOM's name of an attribute",
    ("standards/terminology/expand.py", "names"): "names of parameters",
    ("standards/terminology/loading/loinc.py", "wanted"): "names of columns",
    ("standards/terminology/parameters.py", "names"): "names of parameters",
    ("standards/terminology/translate.py", "names"): "names of parameters",
    ("standards/terminology/validate_code.py", "names"): "names of parameters",
}
"""Words that may stay English, by file and keyword, with the reason."""


@cache
def trees() -> dict[str, ast.Module]:
    """Read every source file, by its path below the package."""
    return {
        file.relative_to(SOURCES).as_posix(): ast.parse(file.read_text(encoding="utf-8"))
        for file in sorted(SOURCES.rglob("*.py"))
    }


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Give file, name called and call of every call in the sources."""
    for file, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                yield file, node.func.id if isinstance(node.func, ast.Name) else node.func.attr, node


def constants(node: ast.expr) -> Iterator[str]:
    """Give the texts that an argument may be; one may be chosen by a condition."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from constants(node.body)
            yield from constants(node.orelse)
        case _:
            pass


def marked_texts() -> set[str]:
    """Find the texts handed to `_(…)`, `translate(…)` or `Phrase(…)`."""
    return {
        text
        for _, name, call in calls()
        if name in {"_", "translate", "Phrase"} and call.args
        for text in constants(call.args[0])
    }


DECLARED = {"Page": (), "Card": (), "Tab": (), "Table": (1,), "Column": (1,)}
"""Declarations of pages, and where among their arguments a text stands that has no keyword."""


def declared_texts() -> set[str]:
    """Find the texts of pages, cards, tabs, tables and columns (see `web.declared`)."""
    found: set[str] = set()
    for _, name, call in calls():
        if name in DECLARED:
            given = [call.args[place] for place in DECLARED[name] if place < len(call.args)]
            named = [one.value for one in call.keywords if one.arg in {"title", "summary", "empty"}]
            found |= {text for one in [*given, *named] for text in constants(one) if text}
    return found


def template_texts() -> set[str]:
    """Find the texts handed to `_(…)` in templates of pages."""
    found: set[str] = set()
    for file in sorted(SOURCES.rglob("templates/**/*.html")):
        tree = Environment().parse(file.read_text(encoding="utf-8"))
        for call in tree.find_all(nodes.Call):
            if isinstance(call.node, nodes.Name) and call.node.name == "_":
                found |= set(said(call.args[0]))
    return found


def said(node: nodes.Expr) -> Iterator[str]:
    """Give the texts that an argument in a template may be."""
    match node:
        case nodes.Const(value=str(text)):
            yield text
        case nodes.CondExpr():
            for one in (node.expr1, node.expr2):
                if one is not None:
                    yield from said(one)
        case _:
            pass


def words(node: ast.expr) -> bool:
    """Say whether a value is English of ours: a text with a space, or an f-string with letters of its own."""
    match node:
        case ast.Constant(value=str(text)):
            return " " in text
        case ast.JoinedStr():
            own = "".join(str(one.value) for one in node.values if isinstance(one, ast.Constant))
            return " " in own and any(map(str.isalpha, own))
        case ast.IfExp():
            return words(node.body) or words(node.orelse)
        case ast.BoolOp():
            return any(map(words, node.values))
        case _:
            return False


def local_words(tree: ast.Module) -> Iterator[tuple[ast.Call, ast.keyword, ast.expr]]:
    """Give each keyword of the calls in `tree` with its value, looked up where it is a local name."""
    for scope in ast.walk(tree):
        if not isinstance(scope, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        assigned = {
            one.targets[0].id: one.value
            for one in ast.walk(scope)
            if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
        }
        for call in ast.walk(scope):
            if isinstance(call, ast.Call):
                for keyword in call.keywords:
                    value = keyword.value
                    yield (
                        call,
                        keyword,
                        assigned.get(value.id, value) if isinstance(value, ast.Name) else value,
                    )


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


TEXTS = sorted(
    {e.message for e in ERRORS}
    | {e.remedy for e in ERRORS}
    | {s.description for s in settings.explain({})}
    | marked_texts()
    | declared_texts()
    | template_texts()
)


@pytest.mark.parametrize("text", TEXTS)
def test_chinese_is_complete(text: str) -> None:
    chinese = translate(text, "zh")
    assert any("\u4e00" <= c <= "\u9fff" for c in chinese), f"no Chinese for: {text}"
    assert fields(chinese) == fields(text), "both texts are filled in with the same values"


def test_errors_take_no_english_values() -> None:
    """Words of ours inside a message are a Phrase, so that they are translated with it."""
    errors = {e.__name__ for e in ERRORS}
    found = {
        (file, keyword.arg): call.lineno
        for file, tree in trees().items()
        for call, keyword, value in local_words(tree)
        if getattr(call.func, "id", None) in errors and words(value)
    }
    assert found.keys() == UNTRANSLATED.keys(), f"write Phrase(…), or take it off the list: {found}"


def test_phrases_are_templates() -> None:
    """A text that is already filled in can't be looked up in the catalogue."""
    found = [
        f"{file}:{call.lineno}"
        for file, name, call in calls()
        if name == "Phrase" and isinstance(call.args[0], ast.JoinedStr | ast.BinOp | ast.Call)
    ]
    assert not found, f"give the values as keywords in {found}"


def test_phrases_are_said_with_the_message_around_them() -> None:
    inner = Phrase("{one} or {other}", one="a", other=Phrase("a string"))
    assert str(Phrase('"{name}" must be {kind}', name="x", kind=inner)) == '"x" must be a or a string'
    error = XinglinError().phrase()
    outer = Phrase("it isn't TOML ({detail})", detail=error)
    assert outer.text("zh") == "不是 TOML（杏林内部出现了意外错误）", "the inner full stop is gone"


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
