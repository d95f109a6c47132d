"""What the pages say about the tree is so: paths exist, links lead somewhere, quoted code is the code."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *("README.md", "GLOSSARY.md", "CONTRIBUTING.md", "SECURITY.md", "demo/README.md"),
    *(str(page.relative_to(ROOT)) for page in sorted((ROOT / "docs").rglob("*.md"))),
]
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|#)([^)#\s]+)")
FOLDERS = "src|tests|demo|docs|tools|benchmarks|core|standards|hub|api|locale|xinglin_demo"
PATH = re.compile(rf"`((?:{FOLDERS})/(?:[a-z_0-9]+/)*[a-z_0-9]*(?:\.[a-z]+)?)`")


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for link in LINK.findall(read(page)):
        assert ((ROOT / page).parent / link).exists(), link


@pytest.mark.parametrize("page", PAGES)
def test_paths_exist(page):
    bases = (ROOT, ROOT / "src/xinglin", ROOT / "demo")
    for path in PATH.findall(read(page)):
        assert any((base / path).exists() for base in bases), path


def definitions(text: str) -> dict[str, str]:
    """Classes and functions by name, in a form that comments and line breaks don't change."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name: ast.dump(node) for node in ast.parse(text).body if isinstance(node, kinds)}


@pytest.mark.parametrize("source", ["api/fhir/create.py", "hub/preconditions.py"])
def test_quoted_code_is_the_code(source):
    quoted = {}
    for block in re.findall(r"```python\n(.*?)```", read("docs/developer.md"), re.DOTALL):
        quoted |= definitions(block)
    real = definitions((ROOT / "src/xinglin" / source).read_text(encoding="utf-8"))
    shared = quoted.keys() & real.keys()
    assert shared
    for name in shared:
        assert quoted[name] == real[name]


def test_settings_named_in_security_exist():
    from xinglin.core.settings import Settings

    named = set(re.findall(r"setting `(\w+)`", read("SECURITY.md")))
    assert named
    assert named <= set(Settings.__struct_fields__)


def test_glossary_explains_each_word_once_in_both_languages():
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|", read("GLOSSARY.md"), re.MULTILINE)
    words = [english for english, _ in rows if english not in {"English", "---"}]
    assert len(words) > 80
    assert len(set(words)) == len(words)
    for english, chinese in rows:
        if english not in {"English", "---"}:
            assert re.search(r"[\u4e00-\u9fff]", chinese), english
