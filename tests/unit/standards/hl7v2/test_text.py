"""Escape sequences and delimiters."""

from collections.abc import Callable
from pathlib import Path

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


FIELD = st.text(st.sampled_from("aB1 é中^~&\\."), max_size=8)
SEGMENTS = st.lists(
    st.tuples(st.sampled_from(["PID", "OBX", "ZZ1"]), st.lists(FIELD, max_size=6)), max_size=5
)


def cut_by_both(text: str) -> tuple[list[list[str]], list[list[str]]]:
    theirs = [[str(field) for field in segment] for segment in hl7.parse(text)]
    return [segment.fields for segment in Message(text).segments], theirs


@given(SEGMENTS)
def test_the_tokenizer_agrees_with_the_hl7_library(segments: list[tuple[str, list[str]]]):
    header = "MSH|^~\\&|A|B^1.2^ISO|||2026||ADT^A01"
    ours, theirs = cut_by_both(
        "\r".join([header, *("|".join([name, *fields, "x"]) for name, fields in segments)])
    )
    assert ours == theirs


def test_the_tokenizer_agrees_with_the_hl7_library_on_messages_of_real_systems(shared: Callable[[str], Path]):
    files = sorted(shared("data/hl7v2").glob("*.hl7"))
    assert files
    for file in files:
        lines = file.read_text("utf-8-sig").splitlines()
        ours, theirs = cut_by_both("\r".join(line for line in lines if line.strip()))
        assert ours == theirs, file.name
