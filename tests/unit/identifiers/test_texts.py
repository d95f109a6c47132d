"""Every sentence about a fault is there in both languages."""

import pytest

from xinglin.core.i18n import translate
from xinglin.standards.identifiers.faults import RULES
from xinglin.standards.identifiers.kinds import NAMES, Kind

TEXTS = sorted({text for pair in RULES.values() for text in pair} | set(NAMES.values()))


@pytest.mark.parametrize("text", TEXTS)
def test_chinese_is_complete(text):
    assert any("\u4e00" <= c <= "\u9fff" for c in translate(text, "zh")), f"no Chinese for: {text}"


def test_every_kind_has_a_name():
    assert set(NAMES) == set(Kind)
