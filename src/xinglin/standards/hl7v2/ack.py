"""Answers to messages: ACK with MSA and ERR (HL7 v2.8.2, 2.9 and 2.13).

The original mode answers AA, AE or AR. Where MSH-15 is filled the sender asks in the enhanced mode, and gets
CA, CE or CR as it wishes. What the codes mean here, and why, is told in docs/connect-hl7v2.md.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Final

from xinglin.core.errors import XinglinError
from xinglin.standards.hl7v2.charset import text_of
from xinglin.standards.hl7v2.message import delimiters
from xinglin.standards.hl7v2.tables import charsets, rows
from xinglin.standards.hl7v2.text import USUAL

_PLACE: Final = re.compile(r"([A-Z][A-Z0-9]{2})(?:-(\d{1,3}))?")
_LATER: Final = ("2.5", "2.6", "2.7", "2.8", "2.9", "3")
"""Versions whose ERR has a field for each thing."""


class Verdict(Enum):
    """What became of a message."""

    TAKEN = "A"
    """It is stored, for good."""

    REFUSED = "E"
    """It can't be taken as it is; it is kept in the refused queue."""

    UNREADABLE = "R"
    """It can't even be told what it is."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message, and why it wasn't taken."""

    verdict: Verdict
    error: XinglinError | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """The fields of MSH that an answer needs, as written, and in which delimiters and codec."""

    own: str
    codec: str
    fields: tuple[str, ...]

    def field(self, number: int) -> str:
        """Give MSH-`number`, "" where it is missing."""
        return self.fields[number - 1] if 0 < number <= len(self.fields) else ""


def header_of(raw: bytes, charset: str | None = None) -> Header:
    """Read what an answer needs. Raises NotAMessage and the errors of character sets."""
    line = re.split(rb"[\r\n]", raw.strip(b"\r\n\x0b\x1c \t"), maxsplit=1)[0].removeprefix(b"\xef\xbb\xbf")
    text, codec = text_of(line, charset)
    own = delimiters(text)
    return Header(own, codec, (own[0], *text.split(own[0])[1:]))


_UNKNOWN: Final = Header(USUAL, "utf-8", ("|", USUAL[1:]))


def answer(
    raw: bytes,
    outcome: Outcome,
    *,
    control: str,
    at: datetime,
    language: str = "en",
    charset: str | None = None,
) -> bytes | None:
    """Give the ACK to `raw` without framing; None where the sender wants none.

    `control` is the answer's own MSH-10, `charset` what the source declared.
    """
    try:
        header = header_of(raw, charset)
    except XinglinError as error:
        header, outcome = _UNKNOWN, Outcome(Verdict.UNREADABLE, outcome.error or error)
    code = _code(header, outcome.verdict)
    if code is None:
        return None
    segments = [_msh(header, control, at), _msa(header, code, outcome.error, language)]
    if outcome.error is not None:
        segments.append(_err(header, outcome.error, language))
    return _encoded(header, segments)


def _code(header: Header, verdict: Verdict) -> str | None:
    """Tell the acknowledgement code (HL7 table 0008); None where MSH-15 wants none (table 0155)."""
    wanted = header.field(15).upper()
    if wanted == "":
        # The original mode, or an application answer by MSH-16 alone.
        return _wanted(header.field(16).upper() or "AL", verdict, "A")
    if wanted == "NE" and header.field(16).upper() not in ("", "NE"):
        return _wanted(header.field(16).upper(), verdict, "A")
    return _wanted(wanted, verdict, "C")


def _wanted(condition: str, verdict: Verdict, mode: str) -> str | None:
    good = verdict is Verdict.TAKEN
    if condition == "NE" or (condition == "ER" and good) or (condition == "SU" and not good):
        return None
    return mode + verdict.value


def _msh(header: Header, control: str, at: datetime) -> str:
    field, component = header.own[0], (header.own[1:2] or "^")
    trigger = header.field(9).split(component)
    kind = component.join(["ACK", *trigger[1:2]] + (["ACK"] if len(trigger) > 1 else []))
    fields = [
        "MSH",
        header.field(2),
        header.field(5),
        header.field(6),
        header.field(3),
        header.field(4),
        at.strftime("%Y%m%d%H%M%S%z"),
        "",
        kind,
        control,
        header.field(11) or "P",
        header.field(12) or "2.5",
        *[""] * 5,
        header.field(18),
    ]
    return field.join(fields).rstrip(field)


def _msa(header: Header, code: str, error: XinglinError | None, language: str) -> str:
    said = _escape(header, _sentence(error, language)) if error and not _is_later(header) else ""
    return header.own[0].join(["MSA", code, header.field(10), said]).rstrip(header.own[0])


def _is_later(header: Header) -> bool:
    return header.field(12).startswith(_LATER) or not header.field(12)


def _sentence(error: XinglinError, language: str) -> str:
    return f"{error.text(language)} {error.advice(language)}"


def _err(header: Header, error: XinglinError, language: str) -> str:
    """Name place, codes and reason: ERR-2 to ERR-8, before v2.5 all in ERR-1."""
    component = header.own[1:2] or "^"
    place = _PLACE.fullmatch(error.expression or "")
    segment, field = (place[1], place[2] or "") if place else ("", "")
    general = _general().get(error.code, "207")
    if not _is_later(header):
        sub = header.own[4:5] or "&"
        code = sub.join([general, _escape(header, error.text(language)), "HL70357"])
        return header.own[0].join(["ERR", component.join([segment, "1" if segment else "", field, code])])
    location = component.join(["", segment, "1", field][1:]) if segment else ""
    return header.own[0].join(
        [
            "ERR",
            "",
            location.rstrip(component),
            component.join([general, "", "HL70357"]),
            "E",
            component.join([error.code, _escape(header, error.text(language)), "L"]),
            "",
            "",
            _escape(header, _sentence(error, language)),
        ]
    )


@cache
def _general() -> dict[str, str]:
    """HL7's own error condition (table 0357) for each of our codes."""
    return {row["code"]: row["hl7"] for row in rows("error_conditions")}


def _escape(header: Header, text: str) -> str:
    """Write a text so that no character of it is taken for a delimiter; line breaks become spaces."""
    own = header.own
    names = dict(zip(own, "FSRET", strict=False))
    mark = own[3:4]
    safe = (
        f"{mark}{names[one]}{mark}" if mark and one in names else " " if one in own or one < " " else one
        for one in text
    )
    return "".join(safe)


def _encoded(header: Header, segments: list[str]) -> bytes:
    codec = charsets().get(header.field(18).split(header.own[2:3] or "~")[0].upper(), header.codec)
    text = "\r".join(segments) + "\r"
    try:
        return text.encode(codec)
    except UnicodeEncodeError:
        return text.encode("ascii", "replace") if codec == "ascii" else text.encode(codec, "replace")
