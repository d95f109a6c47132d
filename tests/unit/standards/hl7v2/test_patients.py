"""Patients, their numbers, merges and visits."""

from collections.abc import Callable
from typing import Any

import pytest

from xinglin.standards.conversion import Mode
from xinglin.standards.identifiers import SCHEMES, Kind

PV1 = "PV1|1|I|内科^01^02^JXYY||||D01^李^四||||||||||||V77^^^JXYY^VN" + "|" * 25 + "202604010800"
RESIDENT = SCHEMES[Kind.RESIDENT].invented(7)
Reader = Callable[..., Any]


def test_a_patient_is_told_as_far_as_it_is_sent(read: Reader):
    found = read(
        "EVN|A01|20260401102900",
        f"PID|1||100^^^JXYY^MR~{RESIDENT.lower()}^^^GA^ID||张^三||197003020915|M|||某路1号^^南昌^江西^330000^CHN^H||13900000000^PRN^CP|||M",
        PV1,
    )
    patient = found.one("Patient")
    assert found.fact(patient).mode is Mode.MERGE
    assert found.fact(patient).time.isoformat() == "2026-04-01T10:29:00+08:00"
    assert patient["name"] == [{"family": "张", "given": ["三"], "text": "张三"}]
    assert patient["birthDate"] == "1970-03-02"
    assert patient["gender"] == "male"
    assert patient["telecom"] == [{"system": "phone", "value": "13900000000", "use": "mobile"}]
    assert patient["address"][0]["city"] == "南昌"
    national = next(one for one in patient["identifier"] if one["system"] == "urn:oid:2.16.156.10011.1.3")
    assert national["value"] == RESIDENT


def test_a_wrong_resident_number_is_kept_as_it_is(read: Reader):
    wrong = RESIDENT[:-1] + ("0" if RESIDENT[-1] != "0" else "1")
    found = read("EVN|A28", f"PID|1||100^^^JXYY^MR~{wrong}^^^GA^NI||张^三", event="ADT^A28")
    numbers = found.one("Patient")["identifier"]
    assert {"system": "urn:xinglin:id:jx-hospital:GA", "value": wrong} in [
        {"system": one["system"], "value": one["value"]} for one in numbers
    ]


@pytest.mark.parametrize(
    ("event", "status"),
    [
        ("A01", "in-progress"),
        ("A03", "finished"),
        ("A05", "planned"),
        ("A11", "cancelled"),
        ("A13", "in-progress"),
    ],
)
def test_the_event_tells_the_state_of_the_visit(read: Reader, event: str, status: str):
    found = read(f"EVN|{event}", "PID|1||100^^^JXYY^MR||张^三", PV1, event=f"ADT^{event}")
    visit = found.one("Encounter")
    assert visit["status"] == status
    assert visit["class"]["code"] == "IMP"
    assert visit["period"] == {"start": "2026-04-01T08:00:00+08:00"}
    assert visit["participant"][0]["individual"]["display"] == "李四"


def test_one_number_is_one_person_and_another_authority_another(read: Reader):
    def of(pid3: str) -> str:
        return read("EVN|A28", f"PID|1||{pid3}||张^三", event="ADT^A28").one("Patient")["id"]

    assert of("100^^^JXYY^MR") == of("999^^^CARD^PC~100^^^JXYY^MR")
    assert of("100^^^JXYY^MR") != of("100^^^OTHER^MR")


def test_a_merge_leaves_the_survivor_and_ends_the_other(read: Reader):
    found = read("EVN|A40", "PID|1||100^^^JXYY^MR||张^三", "MRG|200^^^JXYY^MR", event="ADT^A40^ADT_A39")
    survivor, prior = found.all("Patient")
    assert [found.fact(one).mode for one in (survivor, prior)] == [Mode.MERGE, Mode.MERGE]
    assert survivor["link"] == [{"other": {"reference": f"Patient/{prior['id']}"}, "type": "replaces"}]
    assert prior["active"] is False
    assert prior["link"] == [{"other": {"reference": f"Patient/{survivor['id']}"}, "type": "replaced-by"}]
    assert found.fact(prior).lists == ("identifier", "link")


def test_elsewhere_people_are_only_mentioned(read: Reader):
    found = read("PID|1||100^^^JXYY^MR||张^三", PV1, "OBR|1||F1|GLU^血糖^L", event="ORU^R01")
    assert found.fact(found.one("Patient")).mode is Mode.MENTION
    assert found.fact(found.one("Encounter")).mode is Mode.MENTION


def test_own_segments_and_unknown_fields_are_kept_whole(read: Reader):
    zpd = "ZPD|1|城镇职工^保险~a|x\\T\\y"
    found = read(
        "EVN|A28", "PID|1||100^^^JXYY^MR||张^三||||||||||||||||||||||Vet^退役", zpd, zpd, event="ADT^A28"
    )
    extensions = found.one("Patient")["extension"]
    assert {"url": "urn:xinglin:hl7v2:segment", "valueString": zpd} in extensions
    assert {"url": "urn:xinglin:hl7v2:PID-27", "valueString": "Vet^退役"} in extensions
    assert sorted(found.item.unknown) == ["PID-27", "ZPD"]


@pytest.mark.parametrize(
    ("lines", "event", "code", "place"),
    [
        (("EVN|A01", "PID|1||||张^三", PV1), "ADT^A01", "XL7106", "PID-3"),
        (("EVN|A01", "PID|1||^^^JXYY^MR||张^三", PV1), "ADT^A01", "XL7106", "PID-3"),
        (("EVN|A01", PV1), "ADT^A01", "XL7105", "PID"),
        (("EVN|A01", "PID|1||1"), "ADT^A01", "XL7105", "PV1"),
        (("EVN|A40", "PID|1||1", "MRG|"), "ADT^A40", "XL7106", "MRG-1"),
        (("PID|1||1",), "", "XL7103", "MSH-9"),
        (("PID|1||1",), "MFN^M02", "XL7104", "MSH-9"),
        (("PID|1||1",), "ADT^A99", "XL7104", "MSH-9"),
    ],
)
def test_what_lacks_the_necessary_is_refused_with_its_place(
    read: Reader, lines: tuple[str, ...], event: str, code: str, place: str
):
    error = read(*lines, event=event).item.error
    assert (error.code, error.expression) == (code, place)
    for language in ("en", "zh"):
        assert error.text(language)
        assert error.advice(language)


def test_a_message_needs_a_time_that_can_be_read(read: Reader):
    error = read("EVN|A28", "PID|1||1", event="ADT^A28", time="yesterday").item.error
    assert (error.code, error.expression) == ("XL7109", "MSH-7")


def test_an_event_recorded_after_its_message_has_the_time_of_the_message(read: Reader):
    found = read("EVN|A28|20290801", "PID|1||1", event="ADT^A28")
    assert found.item.facts[0].time.isoformat() == "2026-04-01T10:30:00+08:00"
    assert "EVN-2" in found.item.unknown
