"""Names: cleaned, split, read aloud; every surname of the table."""

import pytest

from xinglin.standards.persons.characters import clean, shape
from xinglin.standards.persons.names import read_name
from xinglin.standards.persons.sounds import heard, likeness, surname_syllables, toneless
from xinglin.standards.persons.surnames import reading, split, surnames


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("歐陽修", "欧阳修"),
        ("王　伟", "王伟"),
        (" 王 伟 ", "王伟"),
        ("Ｗａｎｇ　Ｗｅｉ", "wang wei"),
        ("阿迪力•买买提", "阿迪力·买买提"),
        ("阿迪力．买买提", "阿迪力·买买提"),
        ("阿迪力 . 买买提", "阿迪力·买买提"),
        ("王□明", "王?明"),
        ("王＊明", "王?明"),
        ("王\ue123", "王?"),
        ("王�", "王?"),
        ("王伟（小）", "王伟"),
        ("王yan", "王yan"),
        ("John  O'Neil", "john o'neil"),
        ("\u200b王伟\x00", "王伟"),
        ("", ""),
        ("（）", ""),
    ],
)
def test_names_are_cleaned(written, cleaned):
    assert clean(written) == cleaned


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("王伟", ("王", "伟")),
        ("王小明", ("王", "小明")),
        ("欧阳修", ("欧阳", "修")),
        ("司马相如", ("司马", "相如")),
        ("欧阳", ("欧阳", None)),
        ("万俟卨", ("万俟", "卨")),
        ("爱新觉罗溥仪", ("爱新觉罗", "溥仪")),
        ("王", ("王", None)),
        ("王yan", ("王", "yan")),
        ("鹿妍min", ("鹿", "妍min")),
        ("欧阳妍min", ("欧阳", "妍min")),
        ("?伟", (None, "?伟")),
        ("阿迪力·买买提", (None, "阿迪力·买买提")),
        ("古丽娜尔·买买提", (None, "古丽娜尔·买买提")),
        ("阿迪力买买提", (None, "阿迪力买买提")),
        ("阿不都", (None, "阿不都")),
        ("john smith", ("smith", "john")),
        ("smith, john", ("smith", "john")),
        ("", (None, None)),
    ],
)
def test_full_names_are_split(name, parts):
    assert split(name) == parts


@pytest.mark.parametrize(
    ("surname", "pinyin"),
    [
        ("单", "shan"),
        ("仇", "qiu"),
        ("曾", "zeng"),
        ("查", "zha"),
        ("朴", "piao"),
        ("翟", "zhai"),
        ("解", "xie"),
        ("区", "ou"),
        ("尉迟", "yuchi"),
        ("令狐", "linghu"),
        ("万俟", "moqi"),
        ("盖", "ge"),
        ("员", "yun"),
        ("种", "chong"),
        ("缪", "miao"),
        ("冼", "xian"),
        ("召", "shao"),
        ("覃", "qin"),
        ("单于", "chanyu"),
        ("长孙", "zhangsun"),
        ("乐", "yue"),
        ("贾", "jia"),
        ("吕", "lv"),
    ],
)
def test_surnames_have_readings_of_their_own(surname, pinyin):
    assert "".join(surname_syllables(surname)) == pinyin


def test_every_surname_has_a_reading_and_a_source():
    rows = surnames()
    assert len(rows) > 600
    for name, row in rows.items():
        assert clean(name) == name
        assert toneless(row.pinyin).isascii()
        assert toneless(row.pinyin).isalpha()
        assert "".join(surname_syllables(name)) == toneless(row.pinyin)
        assert row.source
        assert row.edition
        assert row.confidence in {"read", "inferred", "unverified"}


def test_a_name_that_is_no_surname_has_no_reading():
    assert reading("丢丢") is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("刘", "牛"),
        ("张", "藏"),
        ("胡", "符"),
        ("黄", "方"),
        ("程", "岑"),
        ("林", "宁"),
        ("石", "司"),
    ],
)
def test_southern_accents_make_surnames_alike(one, other):
    assert likeness(surname_syllables(one)) == likeness(surname_syllables(other))


@pytest.mark.parametrize(
    ("syllable", "alike"),
    [
        ("hu", "fu"),
        ("hui", "fei"),
        ("huang", "fan"),
        ("hua", "fa"),
        ("zhuang", "zuan"),
        ("ning", "lin"),
        ("a", "a"),
        ("hong", "hong"),
    ],
)
def test_what_is_heard_of_a_syllable(syllable, alike):
    assert heard(syllable) == alike


def test_parts_given_apart_are_kept():
    name = read_name("司马懿", "司", "马懿")
    assert (name.surname, name.given) == ("司", "马懿")


def test_a_surname_alone_helps_to_split_the_whole():
    name = read_name("司马懿", "司", None)
    assert (name.surname, name.given) == ("司", "马懿")


def test_a_long_name_has_a_first_and_a_last_part():
    name = read_name("古丽娜尔·买买提")
    assert (name.surname, name.given, name.first, name.last) == (None, "古丽娜尔买买提", "古丽娜尔", "买买提")
    short = read_name("阿迪力")
    assert (short.given, short.first, short.last) == ("阿迪力", "阿迪力", "阿迪力")


def test_unknown_characters_have_no_sound():
    assert read_name("王□明").given_sound is None
    assert read_name("王□明").given_like is None


def test_letters_sound_like_the_character_they_stand_for():
    assert read_name("王yan").given_sound == read_name("王岩").given_sound == "yan"


def test_rare_characters_and_their_substitutes_have_one_shape():
    assert shape("王喆") == shape("王哲")
    assert read_name("李堃").given_shape == read_name("李坤").given_shape


def test_titles_go_only_where_they_are_declared():
    assert read_name("王先生").given == "先生"
    assert read_name("王先生", titles=True).given is None


@pytest.mark.parametrize(
    ("written", "order"),
    [
        ("王丽之女", None),
        ("王丽之子", None),
        ("王丽之次子", 2),
        ("王丽之长女", 1),
        ("王丽之子A", 1),
        ("王丽之女乙", 2),
        ("王丽之双胞胎大子", 1),
        ("王丽之小女", 2),
        ("王丽婴儿", None),
        ("王丽女婴2", 2),
    ],
)
def test_newborns_are_known_by_their_mother(written, order):
    name = read_name(written)
    assert (name.surname, name.given, name.mother, name.order) == (None, None, "王丽", order)


@pytest.mark.parametrize("written", ["王羲之", "王之子", "李之儿", "王小婴", "王子"])
def test_names_that_only_look_like_newborns(written):
    assert read_name(written).mother is None
    assert read_name(written).surname == written[0]


def test_a_married_name_tells_no_given_name():
    name = read_name("李王氏")
    assert (name.surname, name.given) == ("李", None)
