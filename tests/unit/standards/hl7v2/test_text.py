"""Escape sequences and delimiters."""

import hl7
import pytest

from xinglin.core.errors import XinglinError
from xinglin.standards.hl7v2.message import Message, delimiters
from xinglin.standards.hl7v2.text import unescape


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"A\T\E", "A&E"),
        (r"\F\\S\\T\\R\\E\\P\ ", "|^&~\\# "),
        (r"one\.br\two\.sp\three", "one\ntwo\nthree"),
        (r"\.sp2\x\.sk3\y", "\n\nx   y"),
        (r"\H\bold\N\ plain", "bold plain"),
        (r"\X0D0A\z", "\r\nz"),
        (r"\XE5BC\\XA0\三", "张三"),
        (r"\XFF\z", r"\XFF\z"),
        (r"\Zsite\ own", r"\Zsite\ own"),
        (r"\M2441\UEH}\C2842\ end", "张三 end"),
        (r"\M2442\xx", r"\M2442\xx"),
        (r"C:\dir", r"C:\dir"),
        (r"\\", r"\\"),
    ],
)
def test_escape_sequences_are_read_and_unknown_ones_kept(written: str, meant: str):
    assert unescape(written) == meant


def test_bytes_are_read_in_the_message_s_own_character_set():
    assert unescape(r"\XD5C5C8FD\ ", "gb18030") == "张三 "


def test_other_delimiters_change_nothing():
    usual = Message("MSH|^~\\&|A|B\rPID|1||77^^^H&1.2&ISO^MR~88||W^X\\F\\Y")
    other = Message("MSH!*%#$!A!B\rPID!1!!77***H$1.2$ISO*MR%88!!W*X|Y")
    assert [one.text for one in usual.segments] == [one.text for one in other.segments]


def test_fewer_delimiters_may_be_declared():
    found = Message("MSH|^\rPID|1||a~b&c\\d^e")
    assert found.segments[1].part(3) == "a~b&c\\d"
    assert found.segments[1].part(3, 2) == "e"


def test_a_line_break_inside_a_text_belongs_to_its_segment():
    found = Message("MSH|^~\\&|A\nOBX|1|TX|c||first\nsecond line\nOBX|2|TX|c||x")
    assert [one.name for one in found.segments] == ["MSH", "OBX", "OBX"]
    assert found.segments[1].field(5) == "first\nsecond line"


@pytest.mark.parametrize("text", ["", "MSH", "PID|1", "MSHA^~\\&|", "MSH||||", "MSH|^^\\&|x"])
def test_what_has_no_usable_header_is_no_message(text: str):
    with pytest.raises(XinglinError):
        delimiters(text)


def test_the_tokenizer_agrees_with_the_hl7_library():
    text = "MSH|^~\\&|A|B^1.2^ISO|||2026||ADT^A01\rPID|1||7^^^H^MR~8^^^N&1&ISO||W^X||\rZZ1|a^b&c~d"
    ours, theirs = Message(text), hl7.parse(text)
    for mine, other in zip(ours.segments, theirs, strict=True):
        assert mine.fields == [str(field) for field in other]
