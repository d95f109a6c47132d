"""Files that are in no format, and what is said of them."""

from pathlib import Path

import pytest

from xinglin.core.errors import IntakeError
from xinglin.hub.intake.formats import EmptyFile, NulBytes, UnknownFormat, formats, recognise


def refused(start: bytes) -> IntakeError:
    with pytest.raises(IntakeError) as found:
        recognise(formats(Path("none")), start, "a.csv", ())
    return found.value


@pytest.mark.parametrize("start", [b"", b"\n", b"\xef\xbb\xbf\r\n \t"])
def test_an_empty_file_is_called_empty(start: bytes) -> None:
    assert isinstance(refused(start), EmptyFile)


@pytest.mark.parametrize(
    ("text", "found", "line"),
    [
        ("处方编号,药物名称,门诊号\nA\0B,阿莫,MZ7\n", "table-csv", 2),
        ("M\0SH|^~\\&|A|B|C|D|20260101||ADT^A01|1|P|2.5\rPID|1\r", "hl7v2", 1),
    ],
)
def test_a_nul_byte_in_a_text_is_named(text: str, found: str, line: int) -> None:
    error = refused(text.encode())
    assert isinstance(error, NulBytes)
    assert (error.params["found"], error.params["line"]) == (found, line)


@pytest.mark.parametrize(
    "start", [b"\x7fELF\x02\x01\x00,\x00\x05,\x00\n,,\n", b"hello", bytes(range(256)) * 9]
)
def test_anything_else_is_in_none_of_the_formats(start: bytes) -> None:
    assert isinstance(refused(start), UnknownFormat)
