"""HL7 v2: whatever is sent is read or refused, and nothing of it is lost."""

import io
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Item, Origin
from xinglin.standards.hl7v2 import Hl7v2, framing, item
from xinglin.standards.hl7v2.message import Message
from xinglin.standards.hl7v2.segments import HANDLERS
from xinglin.standards.hl7v2.tables import events
from xinglin.standards.hl7v2.text import USUAL, printable, unescape
from xinglin.standards.validation import validate

ORIGIN = Origin("his", "1", "某医院", "h", ZoneInfo("Asia/Shanghai"))
TEXT = st.text(st.characters(blacklist_characters="\r\n\x0b\x1c\x85\u2028\u2029", codec="utf-8"), max_size=12)
VALUE = st.one_of(
    st.sampled_from(
        (
            "",
            '""',
            "1",
            "-5.10",
            "20260401",
            "202604010830+0800",
            "F",
            "Y",
            "NM",
            "ED",
            "SN",
            "TX",
            "A^B^L",
            "72^次/分",
            "8867-4^心率^LN",
            "I10^高血压^I10",
            "7^^^JXYY&1.2.3&ISO^MR",
            "D01^李^四",
            "a&b&c",
            "x~y~z",
            "^^^",
            "~",
            r"\X41\\.br\\T\ ",
            "10^min",
            "<5",
            "3-5",
            "20260401^20260301",
            "GB 18030",
        )
    ),
    TEXT,
)
SEGMENT = st.builds(
    lambda name, fields: "|".join([name, *fields]),
    st.sampled_from([*HANDLERS, "ZZ1", "PRT", "ROL"]),
    st.lists(VALUE, max_size=45),
)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(raw: bytes):
    found = item(raw, ORIGIN)
    assert isinstance(found, Item)
    assert found.error is not None
    assert found.raw == raw


@given(
    st.lists(
        st.sampled_from(
            (b"MSH|^~\\&|A", b"FHS|^~\\&", b"BTS|1", b"\r", b"\n", b"\x0b", b"\x1c", b"PID|1", b"\xff")
        )
    )
)
def test_cutting_loses_no_line(parts: list[bytes]):
    body = b"".join(parts)
    pieces = list(Hl7v2().pieces(io.BytesIO(body), ORIGIN))
    kept = b"".join(one.raw for piece in pieces for one in framing.parts(piece.body))
    for word in (b"MSH|", b"PID|", b"\xff"):
        assert kept.count(word) >= body.count(word) - _inside_wrapping(body, word)


def _inside_wrapping(body: bytes, word: bytes) -> int:
    """Count what stands on the lines that only wrap a batch."""
    for edge in (b"\n", b"\x0b", b"\x1c"):
        body = body.replace(edge, b"\r")
    lines = [one for one in body.split(b"\r") if one.startswith((b"FHS", b"BTS"))]
    return sum(one.count(word) for one in lines)


@settings(deadline=None)
@given(st.sampled_from(sorted(events())), st.lists(SEGMENT, max_size=12))
def test_whatever_stands_in_segments_gives_valid_records(event: tuple[str, str], segments: list[str]):
    header = f"MSH|^~\\&|HIS|H|HUB|J|20260401||{event[0]}^{event[1]}|M1|P|2.5|||||CHN|UNICODE UTF-8"
    needed = [
        {"PID": "PID|1||7^^^H^MR", "MRG": "MRG|8^^^H^MR", "SCH": "SCH||1"}.get(
            one.split("|")[0], one.split("|")[0] + "|1"
        )
        for one in events()[event]["needs"].split()
    ]
    raw = "\r".join([header, *needed, *segments]).encode()
    found = item(raw, ORIGIN)
    if found.error is not None:
        assert found.error.code in ("XL7106", "XL7105")
        return
    for fact in found.facts:
        errors = [
            f"{one.location}: {one.text()}" for one in validate(fact.resource) if one.severity == "error"
        ]
        assert errors == [], fact.resource
    assert item(raw, ORIGIN).facts == found.facts
    _kept(found, segments)


def _kept(found: Item, segments: list[str]) -> None:
    """Own segments stay whole, on whatever record they are."""
    extensions = [one for fact in found.facts for one in _extensions(fact.resource)]
    for segment in segments:
        if segment.startswith("ZZ1"):
            assert printable(segment) in extensions


def _extensions(record: Json) -> list[str]:
    return [one.get("valueString", "") for one in record.get("extension", [])]


@given(
    st.permutations("!*%$@").map("".join),
    st.lists(st.text("ab!*%$@|^~\\&", max_size=8), min_size=1, max_size=6),
)
def test_other_delimiters_say_the_same(own: str, texts: list[str]):
    def written(delimiters: str) -> str:
        field, component, repetition, escape, sub = delimiters
        names = {field: "F", component: "S", repetition: "R", escape: "E", sub: "T"}
        safe = [
            "".join(f"{escape}{names[one]}{escape}" if one in names else one for one in text)
            for text in texts
        ]
        return f"MSH{delimiters}{field}A\rOBX{field}{field.join(safe)}"

    for delimiters in (USUAL, own):
        segment = Message(written(delimiters)).segments[1]
        assert [unescape(segment.fields[at]) for at in range(1, len(texts) + 1)] == texts
