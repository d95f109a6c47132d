"""Answers to messages."""

from datetime import UTC, datetime

import hl7
import pytest

from xinglin.standards.hl7v2.ack import Outcome, Verdict, answer
from xinglin.standards.hl7v2.errors import FieldMissing, UnknownEvent

AT = datetime(2026, 4, 1, 2, 30, tzinfo=UTC)
MISSING = FieldMissing(expression="PID-3", place="PID-3", event="ADT^A01")


def _message(
    version: str = "2.5", accept: str = "", application: str = "", charset: str = "UNICODE UTF-8"
) -> bytes:
    sides = "HIS|医院^1.2^ISO|HUB|JX"
    rest = f"ADT^A01^ADT_A01|M1|P|{version}|||{accept}|{application}||{charset}"
    header = f"MSH|^~\\&|{sides}|20260401||{rest}"
    return f"{header}\rPID|1".encode("gb18030" if "18030" in charset else "utf-8")


def _answer(raw: bytes, outcome: Outcome, language: str = "en") -> bytes | None:
    return answer(raw, outcome, control="A1", at=AT, language=language)


def _segments(raw: bytes, outcome: Outcome, codec: str = "utf-8", language: str = "en") -> list[list[str]]:
    found = _answer(raw, outcome, language)
    assert found is not None
    return [line.split("|") for line in found.decode(codec).strip("\r").split("\r")]


def test_the_answer_goes_back_to_the_sender():
    msh, msa = _segments(_message(), Outcome(Verdict.TAKEN))
    assert msh[2:6] == ["HUB", "JX", "HIS", "医院^1.2^ISO"]
    assert msh[6] == "20260401023000+0000"
    assert msh[8:12] == ["ACK^A01^ACK", "A1", "P", "2.5"]
    assert msh[17] == "UNICODE UTF-8"
    assert msa == ["MSA", "AA", "M1"]


def test_the_hl7_library_reads_the_answer():
    found = hl7.parse((_answer(_message(), Outcome(Verdict.REFUSED, MISSING)) or b"").decode())
    assert str(found.segment("MSA")[1]) == "AE"
    assert str(found.segment("ERR")[2]) == "PID^1^3"


def test_a_refusal_names_place_code_and_reason():
    _, msa, err = _segments(_message(), Outcome(Verdict.REFUSED, MISSING))
    assert msa == ["MSA", "AE", "M1"]
    assert err[2:5] == ["PID^1^3", "101^^HL70357", "E"]
    assert err[5].startswith("XL7106^PID-3 is empty")
    assert err[8].endswith("send the message again.")


def test_before_version_2_5_the_reason_stands_in_msa_and_the_place_in_err_1():
    _, msa, err = _segments(_message("2.3"), Outcome(Verdict.REFUSED, MISSING))
    assert msa[3].startswith("PID-3 is empty")
    assert err[1].startswith("PID^1^3^101&PID-3 is empty")


def test_texts_can_not_break_the_answer():
    error = UnknownEvent(expression="MSH-9", event="A|B^C~D\\E&F\rMSA|AA")
    lines = _segments(_message(), Outcome(Verdict.REFUSED, error))
    assert [one[0] for one in lines] == ["MSH", "MSA", "ERR"]
    assert r"A\F\B\S\C\R\D\E\E\T\F MSA\F\AA" in lines[2][8]


def test_the_answer_speaks_chinese_in_the_sender_s_character_set():
    lines = _segments(_message(charset="GB 18030-2000"), Outcome(Verdict.REFUSED, MISSING), "gb18030", "zh")
    assert "PID-3" in lines[2][8]
    assert not lines[2][8].isascii()
    assert lines[0][5] == "医院^1.2^ISO"


@pytest.mark.parametrize(
    ("accept", "application", "verdict", "code"),
    [
        ("", "", Verdict.TAKEN, "AA"),
        ("", "", Verdict.UNREADABLE, "AR"),
        ("AL", "", Verdict.TAKEN, "CA"),
        ("AL", "NE", Verdict.REFUSED, "CE"),
        ("AL", "AL", Verdict.UNREADABLE, "CR"),
        ("NE", "NE", Verdict.TAKEN, None),
        ("NE", "", Verdict.REFUSED, None),
        ("NE", "AL", Verdict.TAKEN, "AA"),
        ("ER", "", Verdict.TAKEN, None),
        ("ER", "", Verdict.REFUSED, "CE"),
        ("SU", "", Verdict.REFUSED, None),
        ("SU", "", Verdict.TAKEN, "CA"),
        ("", "ER", Verdict.TAKEN, None),
        ("", "ER", Verdict.REFUSED, "AE"),
    ],
)
def test_the_enhanced_mode_answers_as_the_sender_wishes(
    accept: str, application: str, verdict: Verdict, code: str | None
):
    raw = _message(accept=accept, application=application)
    found = _answer(raw, Outcome(verdict, None if verdict is Verdict.TAKEN else MISSING))
    assert (None if found is None else found.split(b"\r")[1].split(b"|")[1].decode()) == code


@pytest.mark.parametrize("raw", [b"", b"PID|1", b"MSH", b"\xff\xfe\x00", b"MSHA^~\\&|x"])
def test_what_has_no_header_is_rejected(raw: bytes):
    msh, msa, _ = _segments(raw, Outcome(Verdict.TAKEN))
    assert msh[0] == "MSH"
    assert msa[1] == "AR"


def test_own_delimiters_are_kept():
    raw = _message().replace(b"|", b"!").replace(b"^", b"*")
    found = _answer(raw, Outcome(Verdict.TAKEN)) or b""
    assert found.startswith(b"MSH!*~\\&!HUB!JX!HIS!")
