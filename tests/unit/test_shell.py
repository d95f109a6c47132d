"""What the commands write: tables, texts, JSON, on a terminal and in a pipe."""

import io
import sys

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


def test_whole_numbers_get_separators(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(shell, "out", Console(file=written))
    shell.tell("{records} of {version}: {share}", records=1234567, version="2026", share="1000.5")
    assert written.getvalue() == "1,234,567 of 2026: 1000.5\n"


def test_json_is_one_line_whatever_the_terminal_is(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    shell.show_json({"name": LONG})
    sys.stdout.flush()
    assert capfdbinary.readouterr().out == f'{{"name":"{LONG}"}}\n'.encode()


def test_what_is_counted_adds_up() -> None:
    with shell.counting("Records") as bar:
        bar.more(2)
        bar.more(3)
    assert bar.done == 5
