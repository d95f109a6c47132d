"""Text made comparable."""

import pytest

from xinglin.standards.search.text import MAX_READINGS, fold, has_han, pinyin_forms, pinyin_query, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Chalmers", "chalmers"),
        ("O'Hara  Bob ", "ohara bob"),
        ("José", "jose"),
        ("ＡＢＣ１２", "abc12"),
        ("張學友", "张学友"),
        ("臺灣", "台湾"),
        ("Straße", "strasse"),
        ("a\tb\nc", "a b c"),
        ("（南昌）市", "南昌市"),
        ("", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded
    assert fold(folded) == folded


def test_pinyin_gives_every_reading_of_short_names() -> None:
    assert pinyin_forms("张三") == ("zhangsan", "zs")
    assert {"dansan", "shansan", "chansan", "ss"} <= set(pinyin_forms("单三"))
    assert len(pinyin_forms("单曾长乐")) <= 2 * MAX_READINGS


def test_pinyin_of_longer_texts_is_the_usual_one() -> None:
    assert pinyin_forms("重庆市人民医院") == ("chongqingshirenminyiyuan", "cqsrmyy")


def test_pinyin_keeps_what_is_not_chinese() -> None:
    assert pinyin_forms("吕a 三") == ("lvasan", "las")


@pytest.mark.parametrize(
    ("typed", "query"),
    [("Zhang San", "zhangsan"), ("zhāng", "zhang"), ("张三", "zhangsan"), ("lü", "lv"), ("ZS", "zs")],
)
def test_what_people_type_for_pinyin(typed: str, query: str) -> None:
    assert pinyin_query(typed) == query


def test_words() -> None:
    assert words(fold("Hypertension, 高血压 and hypertension")) == ("hypertension", "高血", "血压", "and")
    assert words("病") == ("病",)
    assert has_han("a病")
    assert not has_han("abc é")
