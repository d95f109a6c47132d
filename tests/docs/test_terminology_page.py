"""The examples of docs/terminology.md are answered as the page says; its Python can be read."""

import re
from pathlib import Path

import pytest

from xinglin.commandline.terminology import Form
from xinglin.standards.terminology.errors import TerminologyError

PAGE = (Path(__file__).parents[2] / "docs" / "terminology.md").read_text(encoding="utf-8")


def test_python_example_compiles() -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "docs/terminology.md", "exec"), {})


@pytest.mark.parametrize("form", [one for one in Form if one is not Form.table])
def test_every_form_is_told(form: Form) -> None:
    assert f"--form {form.value}" in PAGE


def test_the_kinds_of_issues_are_told() -> None:
    for error in TerminologyError.__subclasses__():
        if error.__module__ == "xinglin.standards.terminology.errors" and error.issue not in {
            "invalid",
            "processing",
            "value",
        }:
            assert f"`{error.issue}`" in PAGE
