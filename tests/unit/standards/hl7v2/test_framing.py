"""Cutting files into messages."""

import io

import pytest

from xinglin.standards.conversion import Origin
from xinglin.standards.hl7v2 import Hl7v2, framing

ONE = b"MSH|^~\\&|A\rPID|1"
TWO = b"MSH|^~\\&|B\rPID|2"


@pytest.mark.parametrize(
    "body",
    [
        ONE + b"\r" + TWO,
        ONE + b"\r\r" + TWO + b"\r",
        ONE.replace(b"\r", b"\r\n") + b"\r\n" + TWO.replace(b"\r", b"\r\n") + b"\r\n",
        ONE.replace(b"\r", b"\n") + b"\n" + TWO.replace(b"\r", b"\n"),
        b"\xef\xbb\xbf\r\n\r\n" + ONE + b"\n\xef\xbb\xbf" + TWO,
        b"\x0b" + ONE + b"\r\x1c\r\x0b" + TWO + b"\r\x1c\r",
        b"\x0b" + ONE + b"\x1c\x0b" + TWO + b"\x1c",
        b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + ONE + b"\r" + TWO + b"\rBTS|2\rFTS|1\r",
        b"FHS|^~\\&|A\r\n" + ONE + b"\r\nBTS|1\r\nBHS|^~\\&\r\n" + TWO,
    ],
)
def test_every_way_of_writing_messages_gives_the_same(body: bytes):
    assert framing.recognises(body)
    found = [one.raw.replace(b"\r\n", b"\r").replace(b"\n", b"\r") for one in framing.parts(body)]
    assert found == [ONE, TWO]


@pytest.mark.parametrize("start", [b"", b"{}", b"a,b\nMSH|", b"MSHA", b"PID|1", b"<xml/>", b"MS", b"MSH "])
def test_other_files_are_not_taken_for_messages(start: bytes):
    assert not framing.recognises(start)


def test_lines_are_those_of_the_file():
    body = b"\r\n\r\n" + ONE.replace(b"\r", b"\r\n") + b"\r\n\r\n" + TWO
    assert [one.line for one in framing.parts(body)] == [3, 6]


def test_what_stands_before_the_first_message_is_not_lost():
    found = [one.raw for one in framing.parts(b"garbage here\r" + ONE)]
    assert found == [b"garbage here", ONE]


def test_pieces_hold_whole_messages_in_bounded_number_and_size(origin: Origin):
    body = b"\r".join(b"MSH|^~\\&|%d\rPID|1||%s" % (at, b"x" * 20_000) for at in range(500))
    pieces = list(Hl7v2().pieces(io.BytesIO(body), origin))
    assert b"".join(one.body for one in pieces) == body
    assert all(len(one.body) <= framing.PIECE_BYTES + 25_000 for one in pieces)
    numbers = [one.number for piece in pieces for one in Hl7v2().items(piece, origin)]
    assert numbers == list(range(1, 501))


def test_many_small_messages_are_cut_by_number(origin: Origin):
    body = b"\r".join([ONE] * 1001)
    pieces = list(Hl7v2().pieces(io.BytesIO(body), origin))
    assert [sum(1 for _ in framing.parts(one.body)) for one in pieces] == [200, 200, 200, 200, 200, 1]
    assert [one.line for one in pieces][:2] == [1, 401]
    assert [one.item for one in pieces] == [1, 201, 401, 601, 801, 1001]


def test_a_message_larger_than_a_piece_stays_whole(origin: Origin):
    large = b"MSH|^~\\&|A\rOBX|1|ED|||" + b"A" * 3_000_000
    pieces = list(Hl7v2().pieces(io.BytesIO(ONE + b"\r" + large + b"\r" + TWO), origin))
    assert [one.raw for piece in pieces for one in framing.parts(piece.body)] == [ONE, large, TWO]


def test_an_endless_message_is_refused_piece_by_piece(origin: Origin, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(framing, "LONGEST", 2_000_000)
    body = b"MSH|^~\\&|A\rOBX|1|ED|||" + b"A" * 9_000_000
    pieces = list(Hl7v2().pieces(io.BytesIO(body), origin))
    assert b"".join(one.body for one in pieces) == body
    found = [one for piece in pieces for one in Hl7v2().items(piece, origin)]
    assert {one.error.code for one in found if one.error} <= {"XL7102", "XL7101"}
    assert all(one.error for one in found)
