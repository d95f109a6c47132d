"""An empty field changes nothing, `""` deletes, and what isn't sent stays as it was known."""

from collections.abc import Callable
from typing import Any

from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Mode
from xinglin.standards.conversion.merge import merge
from xinglin.standards.validation import validate

PID = "PID|1||100^^^JXYY^MR||张^三||19700302|M|||某路1号^^南昌||13900000000^PRN^PH|||M"
Reader = Callable[..., Any]


def _visit(**fields: str) -> str:
    values = ["1", *(fields.get(f"f{at}", "") for at in range(2, 46))]
    return "PV1|" + "|".join(values)


def _after(kind: str, *messages: Any) -> Json:
    """Give the record as intake joins the messages, one after the other."""
    stored: Json = messages[0].one(kind)
    for message in messages[1:]:
        fact = message.fact(message.one(kind))
        assert fact.mode is Mode.MERGE
        stored = merge(stored, fact.resource, fact.lists, older=False, removed=fact.removed, gaps=fact.gaps)
    assert [one.text() for one in validate(stored) if one.severity == "error"] == []
    return stored


def test_what_an_update_leaves_empty_stays(read: Reader):
    first = read("EVN|A28", PID, event="ADT^A28")
    second = read("EVN|A31", "PID|1||100^^^JXYY^MR~7^^^CARD^PC||张^三丰|||||||||||S", event="ADT^A31")
    patient = _after("Patient", first, second)
    assert (patient["birthDate"], patient["gender"]) == ("1970-03-02", "male")
    assert patient["telecom"][0]["value"] == "13900000000"
    assert patient["name"] == [{"family": "张", "given": ["三丰"], "text": "张三丰"}]
    assert patient["maritalStatus"]["coding"][0]["code"] == "S"
    assert [one["value"] for one in patient["identifier"]] == ["100", "7"]


def test_an_explicit_null_deletes(read: Reader):
    first = read("EVN|A28", PID, event="ADT^A28")
    second = read("EVN|A31", 'PID|1||100^^^JXYY^MR||张^三||||||""||""|||""', event="ADT^A31")
    patient = _after("Patient", first, second)
    assert not {"address", "maritalStatus"} & set(patient)
    assert "telecom" in patient, "PID-14 fills it too"
    assert second.item.unknown == ["PID-13"]


def test_a_discharge_keeps_what_the_admission_said_and_can_be_cancelled(read: Reader):
    known = {"f19": "V1"}
    came = _visit(f2="I", f3="W1^R1^B1", f7="D1^李^明", f14="1", f17="D2^王^五", f44="202604010800", **known)
    admitted = read("EVN|A01", PID, came, event="ADT^A01")
    left = read("EVN|A03", PID, _visit(f7="D3^赵^六", f36="20", f45="202604050900", **known), event="ADT^A03")
    updated = read("EVN|A08", PID, _visit(**known), event="ADT^A08")
    visit = _after("Encounter", admitted, left, updated)
    assert visit["status"] == "finished"
    assert visit["class"]["code"] == "IMP"
    assert visit["period"] == {"start": "2026-04-01T08:00:00+08:00", "end": "2026-04-05T09:00:00+08:00"}
    assert set(visit["hospitalization"]) == {"admitSource", "dischargeDisposition"}
    assert [one["individual"]["display"] for one in visit["participant"]] == ["赵六", "王五"]
    back = read("EVN|A13", PID, _visit(**known), event="ADT^A13")
    again = _after("Encounter", admitted, left, back)
    assert again["status"] == "in-progress"
    assert again["period"] == {"start": "2026-04-01T08:00:00+08:00"}
    assert "dischargeDisposition" not in again["hospitalization"]


def test_a_corrected_report_keeps_the_results_it_does_not_name(read: Reader):
    def report(status: str, *results: str) -> Any:
        obx = [f"OBX|{at}|NM|{code}||{at}|g/L|||||{status}" for at, code in enumerate(results, 1)]
        return read(PID, f"OBR|1||F1^LIS|BC^生化^L{'|' * 21}{status}", *obx, event="ORU^R01")

    first, second = report("F", "NA^钠", "K^钾", "CA^钙"), report("C", "K^钾", "CL^氯")
    found = _after("DiagnosticReport", first, second)
    assert found["status"] == "corrected"
    ids = [one["id"] for one in (*first.all("Observation"), second.all("Observation")[1])]
    assert [one["reference"] for one in found["result"]] == [f"Observation/{one}" for one in ids]


def test_own_segments_stand_on_what_is_stored_in_any_case(read: Reader):
    found = read(PID, "PV1|1|O", "OBR|1||F1|GLU^血糖^L", event="ORU^R01")
    assert found.one("DiagnosticReport")["extension"][0]["valueString"] == "PV1|1|O"
    assert found.item.unknown == ["PV1"]


def test_a_visit_without_a_number_is_known_by_its_admission(read: Reader):
    came = _visit(f2="I", f44="202604010800")
    admitted = read("EVN|A01", PID, came, event="ADT^A01")
    person = read("EVN|A31", PID, came, event="ADT^A31")
    assert person.one("Encounter")["id"] == admitted.one("Encounter")["id"]
    nameless = read("EVN|A01", PID, "PV1|1|I", event="ADT^A01")
    assert nameless.one("Encounter")["id"] != admitted.one("Encounter")["id"]
    assert nameless.item.unknown == ["PV1-19"]
