"""What is kept of who decided and why."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.hub.identity.decisions import plain


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("\x1b[2J\x1b[31mEVIL", "[2J [31mEVIL"),
        ("\x1b]0;x\x07 z", "]0;x z"),
        ("eve\u202etxt\u2066", "evetxt"),
        ("\u9648 \u533b\u751f\r\nDecision 7", "\u9648 \u533b\u751f Decision 7"),
        ("\u200b\x00 ", ""),
    ],
)
def test_nothing_steers_the_screen(written: str, kept: str) -> None:
    assert plain(written) == kept


@given(st.text())
def test_nothing_unseen_is_left(text: str) -> None:
    kept = plain(text)
    assert not {unicodedata.category(one) for one in kept} & {"Cc", "Cf", "Zl", "Zp"}
    assert plain(kept) == kept
