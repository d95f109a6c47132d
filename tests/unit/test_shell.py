"""Tables of the command line: on a terminal, and in a pipe."""

import io

import pytest
from rich.console import Console

from xinglin.commandline import shell

LONG = "葡萄糖" * 60


def test_in_a_pipe_rows_are_whole_lines_with_tabs(capsys: pytest.CaptureFixture[str]) -> None:
    shell.show_table(("a", "b"), [("1", LONG), ("with\ttab\nand line", "[bold]")])
    assert capsys.readouterr().out == f"1\t{LONG}\nwith tab and line\t[bold]\n"


def test_on_a_terminal_nothing_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(shell, "out", Console(file=written, force_terminal=True, width=60, soft_wrap=True))
    shell.show_table(("title", ""), [("1", LONG), ("2", "[bold]")], right=(0,))
    told = written.getvalue()
    assert told.count("葡") + told.count("萄") + told.count("糖") == len(LONG)
    assert "title" in told
    assert "[bold]" in told
