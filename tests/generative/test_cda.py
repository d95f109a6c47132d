"""Clinical documents changed at random: read or refused, never anything else."""

import io
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from xinglin.core import exact_json
from xinglin.standards.cda import ClinicalDocuments
from xinglin.standards.cda.times import read_time
from xinglin.standards.conversion import Item, Origin
from xinglin.standards.validation import validator

CDA = ClinicalDocuments()
ORIGIN = Origin("s", "i", "医院", "h", ZoneInfo("Asia/Shanghai"), declared={"abnormal-flag": "WS 363"})
SAMPLE = (
    '<?xml version="1.0" encoding="UTF-8"?><ClinicalDocument xmlns="urn:hl7-org:v3" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><id root="2.16.156.10011.1.1" extension="D1"/>'
    '<code code="C0007" codeSystem="2.16.156.10011.2.4"/><title>检验报告</title>'
    '<effectiveTime value="20250312101500"/><recordTarget><patientRole>'
    '<id root="2.16.156.10011.1.11" extension="OP1"/><id root="2.16.156.10011.1.33" extension="LR1"/>'
    '<id root="2.16.156.10011.1.14" extension="SP1"/><telecom value="13800000000"/><patient>'
    '<id root="2.16.156.10011.1.3" extension="36010019800101001X"/><name>测试甲</name>'
    '<administrativeGenderCode code="1"/><birthTime value="19800101"/></patient></patientRole></recordTarget>'
    '<author><assignedAuthor><id root="2.16.156.10011.1.7" extension="A1"/></assignedAuthor></author>'
    "<component><structuredBody><component><section>"
    '<code code="29548-5" codeSystem="2.16.840.1.113883.6.1"/><text/><entry><observation>'
    '<code code="DE05.01.024.00" codeSystem="2.16.156.10011.2.2.1"/><effectiveTime value="20250310"/>'
    '<value xsi:type="CD" code="I10" codeSystem="2.16.156.10011.2.3.3.11" displayName="高血压"/>'
    '</observation></entry></section></component><component><section><code code="30954-2"/>'
    "<title>实验室检查</title><entry>"
    '<observation><code code="DE04.30.019.00"/><value xsi:type="ST">GLU</value></observation></entry><entry>'
    '<observation><code code="DE04.30.015.00"/><value xsi:type="REAL" value="7.80"/></observation></entry>'
    "</section></component></structuredBody></component></ClinicalDocument>"
)


def read(raw: bytes) -> Item:
    (item,) = [item for piece in CDA.pieces(io.BytesIO(raw), ORIGIN) for item in CDA.items(piece, ORIGIN)]
    assert item.raw == raw
    assert (item.error is None) == bool(item.facts)
    check = validator()
    for fact in item.facts:
        found = check.validate(exact_json.loads(exact_json.dumps(fact.resource)), profiles=[])
        assert not [one.text() for one in found if one.severity == "error"], fact.resource
    return item


def test_the_sample_is_whole():
    kinds = [fact.resource["resourceType"] for fact in read(SAMPLE.encode()).facts]
    assert {"Condition", "Observation", "DiagnosticReport", "Specimen"} <= set(kinds)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(SAMPLE)), st.integers(0, 12), st.text(max_size=8))
def test_any_text_anywhere(place: int, length: int, put: str):
    read((SAMPLE[:place] + put + SAMPLE[place + length :]).encode("utf-8", "surrogatepass"))


QUOTED = [n for n, part in enumerate(SAMPLE.split('"')) if n % 2 and n > 6]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(QUOTED),
    st.text(max_size=30) | st.sampled_from(["-", "0", "1e9", "é", " ", "2.16", "9" * 70]),
)
def test_any_value_in_any_attribute(place: int, put: str):
    parts = SAMPLE.split('"')
    parts[place] = put.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    read('"'.join(parts).encode("utf-8", "surrogatepass"))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes):
    CDA.recognises(raw)
    assert read(raw).error is not None


@given(st.text(alphabet="0123456789TZ+-.", max_size=22) | st.text(max_size=20))
def test_times_are_never_more_precise_than_they_came(text: str):
    found = read_time(text, ZoneInfo("Asia/Shanghai"))
    if found:
        digits = [one for one in found.text.partition("+")[0] if one.isdigit()]
        assert len(digits) <= max(14, sum(one.isdigit() for one in text))
        assert found.moment.tzinfo is not None
        assert "T" not in found.text or sum(one.isdigit() for one in text) >= 12
