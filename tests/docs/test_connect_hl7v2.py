"""docs/connect-hl7v2.md: its examples go through, its table names what the code understands."""

import io
import re
from pathlib import Path
from zoneinfo import ZoneInfo

from xinglin.core.errors import all_errors
from xinglin.standards.conversion import Item, Origin
from xinglin.standards.hl7v2 import Hl7v2
from xinglin.standards.hl7v2.tables import events
from xinglin.standards.validation import validate

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "connect-hl7v2.md").read_text(encoding="utf-8")
ORIGIN = Origin("county-his", "91360000MA00000000", "演示县人民医院", "county-his", ZoneInfo("Asia/Shanghai"))


def _read(name: str) -> list[Item]:
    assert f"(examples/hl7v2/{name})" in PAGE
    raw = (DOCS / "examples" / "hl7v2" / name).read_bytes()
    format_ = Hl7v2()
    assert format_.recognises(raw)
    found = [one for piece in format_.pieces(io.BytesIO(raw), ORIGIN) for one in format_.items(piece, ORIGIN)]
    for fact in (fact for one in found for fact in one.facts):
        assert [finding.text() for finding in validate(fact.resource) if finding.severity == "error"] == []
    return found


def test_admission_order_and_report_meet():
    admission, order, report = _read("inpatient.hl7")
    assert [one.error for one in (admission, order, report)] == [None] * 3
    assert [one.line for one in (admission, order, report)] == [1, 8, 13]
    patients = {
        fact.resource["id"]
        for one in (admission, order, report)
        for fact in one.facts
        if fact.resource["resourceType"] == "Patient"
    }
    requests = {
        fact.resource["id"]
        for one in (order, report)
        for fact in one.facts
        if fact.resource["resourceType"] == "ServiceRequest"
    }
    assert len(patients) == len(requests) == 1
    assert not admission.unknown
    values = [fact.resource for fact in report.facts if fact.resource["resourceType"] == "Observation"]
    assert len(values) == 3
    assert values[0]["interpretation"][0]["coding"][0]["code"] == "H"


def test_gb_18030_is_read():
    (one,) = _read("prescription-gb18030.hl7")
    assert one.error is None
    patient = next(fact.resource for fact in one.facts if fact.resource["resourceType"] == "Patient")
    assert patient["name"][0]["text"] == "刘建国"


def test_the_refused_one_is_refused_at_its_place():
    (one,) = _read("refused.hl7")
    assert one.error is not None
    assert (one.error.code, one.error.expression) == ("XL7106", "PID-3")


def test_every_event_and_error_is_in_the_page():
    for message, trigger in events():
        rows = [row for row in PAGE.splitlines() if row.startswith("|") and re.search(rf"\b{message}\b", row)]
        assert any(_names(row, trigger) for row in rows), (message, trigger)
    for error in all_errors():
        if error.code.startswith("XL71"):
            assert error.code in PAGE


def _names(row: str, trigger: str) -> bool:
    letters, number = re.fullmatch(r"([A-Z]+)(\d+)", trigger).groups()  # type: ignore[union-attr]
    spans = re.findall(rf"\b{letters}(\d+)(?:–{letters}(\d+))?", row)
    return any(int(low) <= int(number) <= int(high or low) for low, high in spans)
