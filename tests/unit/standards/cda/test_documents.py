"""Clinical documents: what comes of the header, the sections and the original."""

import base64
import hashlib
import io
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from xinglin.core import exact_json
from xinglin.core.exact_json import Json
from xinglin.standards.cda import ClinicalDocuments
from xinglin.standards.conversion import Item, Mode, Origin
from xinglin.standards.identifiers import invented_resident
from xinglin.standards.validation import validator

CDA = ClinicalDocuments()
RESIDENT = invented_resident(7)


def origin(**declared: str) -> Origin:
    plain = {name.replace("_", "-"): value for name, value in declared.items()}
    return Origin("his", "TESTORG001", "测试医院", "h1", ZoneInfo("Asia/Shanghai"), declared=plain)


def read(text: str | bytes, **declared: str) -> Item:
    raw = text.encode() if isinstance(text, str) else text
    sender = origin(**declared)
    (item,) = [item for piece in CDA.pieces(io.BytesIO(raw), sender) for item in CDA.items(piece, sender)]
    check = validator()
    for fact in item.facts:
        found = check.validate(exact_json.loads(exact_json.dumps(fact.resource)), profiles=[])
        assert not [one.text() for one in found if one.severity == "error"], fact.resource
    return item


def of(item: Item, kind: str) -> list[Json]:
    return [fact.resource for fact in item.facts if fact.resource["resourceType"] == kind]


def one(item: Item, kind: str) -> Json:
    (found,) = of(item, kind)
    return found


def entry(code: str, value: str, words: str = "", inside: str = "", attributes: str = "") -> str:
    return (
        f'<entry><observation classCode="OBS" moodCode="EVN" {attributes}>'
        f'<code code="{code}" codeSystem="2.16.156.10011.2.2.1" displayName="{words}"/>{value}{inside}'
        "</observation></entry>"
    )


def text(said: str) -> str:
    return f'<value xsi:type="ST">{said}</value>'


def coded(code: str, system: str, name: str = "", display: str = "") -> str:
    return (
        f'<value xsi:type="CD" code="{code}" codeSystem="{system}" codeSystemName="{name}" '
        f'displayName="{display}"/>'
    )


def section(code: str, body: str, title: str = "") -> str:
    named = f'<code code="{code}" codeSystem="2.16.840.1.113883.6.1"/>' if code else "<code/>"
    return f"<component><section>{named}<title>{title}</title><text/>{body}</section></component>"


SIGNED = (
    '<legalAuthenticator><time value="20250312101200"/><assignedEntity>'
    '<id root="2.16.156.10011.1.4" extension="D2"/><code displayName="审核医师"/>'
    "<assignedPerson><name>测试医师丙</name></assignedPerson></assignedEntity></legalAuthenticator>"
)
CUSTODIAN = (
    "<custodian><assignedCustodian><representedCustodianOrganization>"
    '<id root="2.16.156.10011.1.5" extension="TESTORG001"/><name>测试医院</name>'
    "</representedCustodianOrganization></assignedCustodian></custodian>"
)


def document(
    *sections: str,
    code: str = "C0002",
    ids: Mapping[str, str] | None = None,
    person: str = f'<id root="2.16.156.10011.1.3" extension="{RESIDENT}"/><name>测试甲</name>'
    '<administrativeGenderCode code="1" codeSystem="2.16.156.10011.2.3.3.4"/><birthTime value="19800101"/>',
    head: str = "",
    tail: str = "",
    body: str = "structuredBody",
    document_id: str = '<id root="2.16.156.10011.1.1" extension="DOC-1"/>',
    time: str = '<effectiveTime value="20250312101500"/>',
    role: str = "",
) -> str:
    numbers = {"1.11": "OP1"} if ids is None else ids
    listed = "".join(f'<id root="2.16.156.10011.{root}" extension="{n}"/>' for root, n in numbers.items())
    inner = "".join(sections)
    whole = f"<component><structuredBody>{inner}</structuredBody></component>" if body else inner
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<templateId root="2.16.156.10011.2.1.1.21"/>{document_id}'
        f'<code code="{code}" codeSystem="2.16.156.10011.2.4"/><title>标题</title>{time}'
        f'<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>{head}'
        f"<recordTarget><patientRole>{listed}{role}<patient>{person}</patient></patientRole></recordTarget>"
        '<author><assignedAuthor><id root="2.16.156.10011.1.7" extension="D1"/>'
        "<assignedPerson><name>测试医师乙</name></assignedPerson></assignedAuthor></author>"
        f"{CUSTODIAN}{SIGNED}{tail}{whole}</ClinicalDocument>"
    )


DIAGNOSIS = section(
    "29548-5",
    entry(
        "DE05.01.024.00",
        '<effectiveTime value="20250310"/>'
        + coded("I10.x00", "2.16.156.10011.2.3.3.11.3", "诊断代码表(ICD-10)", "原发性高血压"),
        "诊断代码",
    ),
    "诊断记录章节",
)


def test_the_original_is_kept_whole():
    raw = document(DIAGNOSIS).encode()
    item = read(raw)
    reference, binary = one(item, "DocumentReference"), one(item, "Binary")
    assert base64.b64decode(binary["data"]) == raw == item.raw
    attachment = reference["content"][0]["attachment"]
    assert attachment["url"] == f"Binary/{binary['id']}"
    assert attachment["size"] == len(raw)
    assert base64.b64decode(attachment["hash"]) == hashlib.sha1(raw).digest()
    assert reference["status"] == "current"
    assert reference["date"] == "2025-03-12T02:15:00.000Z"
    assert reference["type"]["coding"][0] == {
        "system": "urn:oid:2.16.156.10011.2.4",
        "code": "C0002",
        "display": "门(急)诊病历",
    }
    assert reference["content"][0]["format"]["code"] == "urn:oid:2.16.156.10011.2.1.1.22"
    assert reference["securityLabel"][0]["coding"][0]["code"] == "N"


def test_the_header():
    item = read(document(DIAGNOSIS))
    patient = next(fact for fact in item.facts if fact.resource["resourceType"] == "Patient")
    assert patient.mode is Mode.MERGE
    assert patient.time is not None
    assert patient.time.isoformat() == "2025-03-12T10:15:00+08:00"
    assert patient.resource["gender"] == "male"
    assert patient.resource["birthDate"] == "1980-01-01"
    assert {(one["system"], one["value"]) for one in patient.resource["identifier"]} == {
        ("urn:oid:2.16.156.10011.1.3", RESIDENT),
        ("urn:xinglin:id:h1:outpatient", "OP1"),
    }
    encounter = one(item, "Encounter")
    assert (encounter["class"]["code"], encounter["status"]) == ("AMB", "finished")
    assert one(item, "Composition")["attester"][0]["time"] == "2025-03-12T10:12:00+08:00"
    assert {one["name"][0]["text"] for one in of(item, "Practitioner")} == {"测试医师乙", "测试医师丙"}
    assert one(item, "PractitionerRole")["code"] == [{"text": "审核医师"}]


def test_two_oids_of_the_resident_number_are_one():
    other = document().replace("2.16.156.10011.1.3", "2.16.840.1.113883.2.23.1.19.1")
    assert one(read(other), "Patient")["id"] == one(read(document()), "Patient")["id"]
    assert "2.16.840" not in str(one(read(other), "Patient"))


def test_local_numbers_of_two_institutions_stay_apart():
    plain = document(person="<name>测试甲</name>")
    here = read(plain)
    there = Origin("his", "X", "乙院", "h2", ZoneInfo("Asia/Shanghai"))
    (piece,) = CDA.pieces(io.BytesIO(plain.encode()), there)
    (other,) = CDA.items(piece, there)
    assert one(here, "Patient")["id"] != one(other, "Patient")["id"]
    assert one(here, "Patient")["identifier"] != one(other, "Patient")["identifier"]
    assert next(f for f in here.facts if f.resource["resourceType"] == "Patient").mode is Mode.MENTION


@pytest.mark.parametrize("number", ["000000000000000000", "无", "36010019800101001X"])
def test_a_wrong_resident_number_makes_no_two_people_one(number: str):
    def patient(name: str) -> str:
        identity = f'<id root="2.16.156.10011.1.3" extension="{number}"/>'
        who = f'{identity}<name>{name}</name><birthTime value="1980"/>'
        text = document(ids={}, person=who, document_id=f'<id root="1.2" extension="{name}"/>')
        item = read(text)
        assert any("resident-id" in word for word in item.unknown)
        return one(item, "Patient")["id"]

    assert patient("甲") != patient("乙")


def test_diagnoses():
    condition = one(read(document(DIAGNOSIS)), "Condition")
    assert condition["code"]["coding"] == [
        {"system": "urn:oid:2.16.156.10011.2.3.3.11", "code": "I10.x00", "display": "原发性高血压"}
    ]
    assert condition["recordedDate"] == "2025-03-10"


@pytest.mark.parametrize(
    ("element", "system", "name", "expected"),
    [
        ("DE05.01.024.00", "2.16.156.10011.2.3.3.11.5", "", "urn:oid:2.16.156.10011.2.3.3.11"),
        ("DE05.01.024.00", "2.16.156.10011.2.3.3.14", "ICD-10", "urn:oid:2.16.156.10011.2.3.3.11"),
        (
            "DE05.01.024.00",
            "2.16.156.10011.2.3.1.85",
            "诊断代码表(ICD-10)",
            "urn:oid:2.16.156.10011.2.3.3.11",
        ),
        ("DE05.10.130.00", "2.16.156.10011.2.3.3.14", "", "urn:oid:2.16.156.10011.2.3.3.14"),
        ("DE05.01.024.00", "2.16.156.10011.2.3.3.14", "", "urn:xinglin:code:h1:diagnosis"),
        ("DE05.01.024.00", "1.2.3", "院内码", "urn:xinglin:code:h1:diagnosis"),
    ],
)
def test_the_table_of_a_diagnosis_needs_two_witnesses(element: str, system: str, name: str, expected: str):
    item = read(document(section("29548-5", entry(element, coded("X1", system, name, "病")), "诊断")))
    assert one(item, "Condition")["code"]["coding"][0]["system"] == expected
    assert bool(item.unknown) == expected.startswith("urn:xinglin")


def test_events_of_a_summary_belong_to_no_one_visit():
    told = entry("DE05.01.024.00", coded("I10", "2.16.156.10011.2.3.3.11", "ICD-10"), "西医诊断编码")
    blood = entry(
        "DE04.50.001.00", coded("1", "2.16.156.10011.2.3.1.85", "ABO血型代码表", "A型"), "ABO血型代码"
    )
    rhesus = entry("DE04.50.001.00", coded("2", "2.16.156.10011.2.3.1.250", "rH血型代码表", "阳性"))
    item = read(document(section("", told, "卫生事件章节"), section("30954-2", blood + rhesus), code="C0001"))
    assert "encounter" not in one(item, "Condition")
    # The second stands under the element of the first, as in templates in use: it isn't an ABO group.
    assert one(item, "Observation")["valueCodeableConcept"]["text"] == "A型"


def test_names_of_traditional_medicine():
    gbt = "2.16.156.10011.2.3.3.14"
    parts = "".join(
        entry("DE05.10.172.00", text(name), f"中医{kind}名称")
        + entry("DE05.10.130.00", coded(code, gbt, "中医病症分类与代码表(GB/T 15657)"), f"中医{kind}代码")
        for kind, name, code in (("病名", "消渴病", "BNV060"), ("证候", "阴虚热盛证", "ZYVXK0"))
    )
    found = of(read(document(section("29548-5", parts, "诊断"))), "Condition")
    assert [(one["code"]["text"], one["code"]["coding"][0]["code"]) for one in found] == [
        ("消渴病", "BNV060"),
        ("阴虚热盛证", "ZYVXK0"),
    ]


def test_names_and_codes_are_paired_only_when_their_counts_agree():
    icd = "2.16.156.10011.2.3.3.11"
    name = entry("DE05.01.025.00", text("高血压"), "诊断名称")
    code = entry("DE05.01.024.00", coded("I10", icd, "ICD-10", ""), "诊断代码")
    more = entry("DE05.01.024.00", coded("E11", icd, "ICD-10", ""), "诊断代码")
    paired = read(document(section("29548-5", name + code, "诊断")))
    assert one(paired, "Condition")["code"]["text"] == "高血压"
    apart = read(document(section("29548-5", name + code + more, "诊断")))
    assert [one["code"].get("text") for one in of(apart, "Condition")] == [None, None]
    assert any("not paired" in word for word in apart.unknown)


def test_what_a_diagnosis_is_to_the_stay():
    icd = "2.16.156.10011.2.3.3.11"
    body = [
        section("46241-6", entry("DE05.01.024.00", coded("I10", icd, "ICD-10", "高血压"), "入院诊断编码")),
        # The discharge code stands on a section of admission diagnoses in templates that are in use.
        section("11535-2", entry("DE05.01.024.00", coded("E11", icd, "ICD-10", "糖尿病"), "入院诊断编码")),
        section("11535-2", entry("DE05.01.024.00", coded("I11", icd, "ICD-10", "心脏病"), "出院诊断编码")),
    ]
    encounter = one(read(document(*body, code="C0053", ids={"1.12": "IP1"})), "Encounter")
    assert [one["use"]["coding"][0]["code"] for one in encounter["diagnosis"]] == ["AD", "AD", "DD"]
    assert (encounter["class"]["code"], encounter["status"]) == ("IMP", "finished")


def item_code(code: str) -> str:
    return entry("DE04.30.019.00", text(code), "检验项目代码")


def result(value: str, unit: str = "mmol/L") -> str:
    inside = (
        '<entryRelationship><observation><code code="DE04.30.016.00" codeSystem="2.16.156.10011.2.2.1"/>'
        f'<value xsi:type="ST">{unit}</value></observation></entryRelationship>'
    )
    return entry("DE04.30.015.00", value, "检验定量结果", inside)


def real(value: str) -> str:
    return f'<value xsi:type="REAL" value="{value}"/>'


def flag(code: str) -> str:
    return entry("DE04.30.017.00", coded(code, "2.16.156.10011.2.3.2.38"), "检验结果代码")


LAB_IDS = {"1.11": "OP1", "1.33": "LR1", "1.24": "AP1", "1.14": "SP1"}


def lab(*parts: str, **options: Any) -> str:
    return document(
        section("30954-2", "".join(parts), "实验室检查章节"), code="C0007", ids=LAB_IDS, **options
    )


def test_a_lab_report():
    specimen = (
        '<entryRelationship><observation><code code="DE04.50.134.00" codeSystem="2.16.156.10011.2.2.1"/>'
        '<effectiveTime><low value="20250312080000"/><high value="20250312083000"/></effectiveTime>'
        '<value xsi:type="ST">血清</value></observation></entryRelationship>'
    )
    item = read(lab(entry("DE04.30.019.00", text("GLU"), "检验项目代码", specimen), result(real("7.80"))))
    observation, report = one(item, "Observation"), one(item, "DiagnosticReport")
    assert exact_json.dumps(observation["valueQuantity"]) == b'{"value":7.80,"unit":"mmol/L"}'
    assert observation["code"]["coding"] == [{"system": "urn:xinglin:code:h1:lab-item", "code": "GLU"}]
    assert report["result"] == [{"reference": f"Observation/{observation['id']}"}]
    assert report["identifier"][0]["value"] == "LR1"
    assert report["effectiveDateTime"] == "2025-03-12T08:00:00+08:00"
    assert observation["effectiveDateTime"] == "2025-03-12T08:00:00+08:00"
    assert observation["basedOn"] == [{"reference": f"ServiceRequest/{one(item, 'ServiceRequest')['id']}"}]
    assert one(item, "ServiceRequest")["identifier"][0]["value"] == "AP1"
    sample = one(item, "Specimen")
    assert observation["specimen"] == {"reference": f"Specimen/{sample['id']}"}
    assert sample["receivedTime"] == "2025-03-12T08:30:00+08:00"
    assert {one["identifier"]["value"] for one in one(item, "DocumentReference")["context"]["related"]} == {
        "LR1",
        "AP1",
        "SP1",
    }


def test_a_corrected_report_takes_the_place_of_the_first():
    first = read(lab(item_code("GLU"), result(real("7.8"))))
    other = '<id root="2.16.156.10011.1.1" extension="DOC-2"/>'
    second = read(lab(item_code("GLU"), result(real("5.8")), document_id=other))
    assert one(first, "Observation")["id"] == one(second, "Observation")["id"]
    assert one(first, "DiagnosticReport")["id"] == one(second, "DiagnosticReport")["id"]
    assert one(first, "Binary")["id"] != one(second, "Binary")["id"]


def test_items_are_paired_by_order_when_the_counts_agree():
    item = read(lab(item_code("A"), item_code("B"), result(real("1")), result(real("2"))))
    found = {
        one["code"]["coding"][0]["code"]: str(one["valueQuantity"]["value"])
        for one in of(item, "Observation")
    }
    assert found == {"A": "1", "B": "2"}


def test_unpaired_items_give_no_observation_but_stay_readable():
    item = read(lab(item_code("A"), item_code("B"), result(real("1"))))
    assert of(item, "Observation") == []
    assert any("not paired" in word for word in item.unknown)
    div = one(item, "Composition")["section"][0]["text"]["div"]
    assert "检验项目代码" in div
    assert ">A<" in div
    assert item.error is None


def test_a_value_without_its_unit_is_not_told():
    bare = entry("DE04.30.015.00", real("2"), "检验定量结果")
    assert of(read(lab(item_code("A"), item_code("B"), result(real("1")), bare)), "Observation") == []


def test_grouped_items_need_no_order():
    group = "<entry><organizer><component>{}</component><component>{}</component></organizer></entry>"
    inner = [
        group.format(code, value)
        .replace("<component><entry>", "<component>")
        .replace("</entry></component>", "</component>")
        for code, value in ((item_code("A"), result(real("1"))), (item_code("B"), result(real("2"))))
    ]
    found = of(read(lab(*inner, item_code("C"))), "Observation")
    assert [one["code"]["coding"][0]["code"] for one in found] == ["A", "B"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (text("阴性"), {"valueString": "阴性 mmol/L"}),
        (text("&lt;0.50"), {"valueQuantity": {"value": 0.5, "comparator": "<", "unit": "mmol/L"}}),
        (text("7.8"), {"valueQuantity": {"value": 7.8, "unit": "mmol/L"}}),
        ('<value xsi:type="PQ" value="7.8" unit="g/L"/>', {"valueQuantity": {"value": 7.8, "unit": "g/L"}}),
    ],
)
def test_values(value: str, expected: Json):
    observation = one(read(lab(item_code("A"), result(value))), "Observation")
    found = {key: part for key, part in observation.items() if key.startswith("value")}
    if "valueQuantity" in found:
        found["valueQuantity"]["value"] = float(found["valueQuantity"]["value"])
    assert found == expected


@pytest.mark.parametrize(
    ("declared", "code", "expected"),
    [
        ("WS 363-2011", "2", "A"),
        ("WS 365-2011", "2", "N"),
        ("WS 363-2011", "1", "N"),
        ("WS 365-2011", "1", "A"),
        ("WS 363-2011", "7", None),
        ("", "2", None),
    ],
)
def test_abnormal_flags_by_declaration_only(declared: str, code: str, expected: str | None):
    item = read(lab(item_code("A"), result(real("1")), flag(code)), abnormal_flag=declared)
    found = one(item, "Observation").get("interpretation")
    assert (found[0]["coding"][0]["code"] if found else None) == expected
    assert (expected is None) == any("abnormal flag" in word for word in item.unknown)


def test_a_prescription():
    drug = (
        '<entry><substanceAdministration classCode="SBADM" moodCode="EVN">'
        '<routeCode code="1" codeSystem="2.16.156.10011.2.3.1.158" displayName="口服"/>'
        '<doseQuantity value="5" unit="mg"/><rateQuantity value="1" unit="qd"/>'
        "<consumable><manufacturedProduct><manufacturedLabeledDrug><code/><name>氨氯地平片</name>"
        "</manufacturedLabeledDrug></manufacturedProduct></consumable></substanceAdministration></entry>"
    )
    ids = {"1.11": "OP1", "1.20": "RX1"}
    request = one(
        read(document(section("10160-0", drug, "用药章节"), code="C0004", ids=ids)), "MedicationRequest"
    )
    dosage = request["dosageInstruction"][0]
    assert request["medicationCodeableConcept"] == {"text": "氨氯地平片"}
    assert request["groupIdentifier"]["value"] == "RX1"
    assert dosage["timing"] == {
        "repeat": {"frequency": 1, "period": 1, "periodUnit": "d"},
        "code": {"text": "qd"},
    }
    assert dosage["route"]["coding"][0]["code"] == "1"


def test_a_herbal_formula():
    parts = (
        entry("DE08.50.049.00", text("当归10g，黄芪15g"), "中药饮片处方")
        + entry("DE08.50.050.00", '<value xsi:type="PQ" value="7"/>', "中药饮片剂数")
        + entry("DE08.50.047.00", text("水煎"), "煎煮法")
    )
    request = one(read(document(section("10160-0", parts, "用药章节"), code="C0005")), "MedicationRequest")
    assert request["medicationCodeableConcept"]["text"] == "当归10g，黄芪15g"
    assert (
        int(request["dispenseRequest"]["quantity"]["value"]),
        request["dispenseRequest"]["quantity"]["unit"],
    ) == (7, "剂")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("青霉素过敏", 1),
        ("无", 0),
        ("否认药物过敏史", 0),
        ("无药物、食物过敏史。", 0),
        ("否认青霉素过敏，磺胺过敏", 1),
    ],
)
def test_allergies(said: str, expected: int):
    item = read(document(section("48765-2", entry("DE05.01.022.00", text(said), "过敏史"), "过敏史章节")))
    assert len(of(item, "AllergyIntolerance")) == expected


def test_operations():
    act = (
        '<entry><procedure classCode="PROC" moodCode="EVN">'
        '<code code="47.09" codeSystem="2.16.156.10011.2.3.3.12" '
        'displayName="阑尾切除术"/><effectiveTime value="20250301"/></procedure></entry>'
    )
    item = read(document(section("47519-4", act, "手术操作"), code="C0032", ids={"1.12": "IP1"}))
    procedure = one(item, "Procedure")
    assert procedure["code"]["coding"][0]["system"] == "urn:oid:2.16.156.10011.2.3.3.12"
    assert procedure["performedDateTime"] == "2025-03-01"


@pytest.mark.parametrize("attributes", ['negationInd="true"', 'nullFlavor="UNK"'])
def test_what_is_denied_is_no_diagnosis(attributes: str):
    told = entry("DE05.01.024.00", coded("I10", "2.16.156.10011.2.3.3.11", "ICD-10"), "诊断", "", attributes)
    assert of(read(document(section("29548-5", told, "诊断"))), "Condition") == []


def test_an_examination():
    parts = entry("DE04.50.131.00", text("右肺结节"), "检查报告结果-客观所见") + entry(
        "DE04.50.131.00", text("建议复查"), "检查报告结果-主观提示"
    )
    kind = section("29545-1", entry("DE04.30.018.00", text("CT检查"), "检查类别"), "体格检查章节")
    item = read(document(kind, section("", parts, "检查报告章节"), code="C0006", ids={"1.32": "ER1"}))
    report = one(item, "DiagnosticReport")
    assert report["conclusion"] == "建议复查"
    assert report["category"][0]["coding"][0]["code"] == "CT"
    assert one(item, "Observation")["valueString"] == "右肺结节"


@pytest.mark.parametrize("body", ["structuredBody", ""])
def test_sections_stand_in_the_body_or_under_the_root(body: str):
    item = read(document(DIAGNOSIS, body=body))
    assert one(item, "Composition")["section"][0]["title"] == "诊断记录章节"
    assert len(of(item, "Condition")) == 1


def test_other_documents_keep_their_words():
    item = read(
        document(section("8716-3", entry("DE04.10.174.00", real("120"), "收缩压"), "生命体征"), code="C0020")
    )
    assert "120" in one(item, "Composition")["section"][0]["text"]["div"]
    assert not {"Observation", "Condition"} & {fact.resource["resourceType"] for fact in item.facts}


def test_a_document_that_replaces_another():
    related = (
        '<relatedDocument typeCode="RPLC"><parentDocument><id root="2.16.156.10011.1.1" extension="DOC-0"/>'
        "</parentDocument></relatedDocument>"
    )
    old = read(document(document_id='<id root="2.16.156.10011.1.1" extension="DOC-0"/>'))
    (relation,) = one(read(document(tail=related)), "DocumentReference")["relatesTo"]
    assert relation["code"] == "replaces"
    assert relation["target"]["reference"] == f"DocumentReference/{one(old, 'DocumentReference')['id']}"


def test_versions_of_one_set_correct_each_others_records():
    group = '<setId root="1.2.3" extension="S1"/>'
    first = read(document(DIAGNOSIS, head=group))
    second = read(
        document(DIAGNOSIS, head=group, document_id='<id root="2.16.156.10011.1.1" extension="DOC-2"/>')
    )
    assert one(first, "Condition")["id"] == one(second, "Condition")["id"]
    assert one(first, "DocumentReference")["id"] != one(second, "DocumentReference")["id"]


def test_the_same_document_gives_the_same_records():
    assert read(document(DIAGNOSIS)).facts == read(document(DIAGNOSIS)).facts


@pytest.mark.parametrize(
    ("time", "date"),
    [
        ('<effectiveTime value="20250312"/>', "2025-03-12"),
        ('<effectiveTime value="202503121015"/>', "2025-03-12T10:15:00+08:00"),
        ('<effectiveTime value="20250312T101500"/>', "2025-03-12T10:15:00+08:00"),
        ('<effectiveTime value="20250312101500+0000"/>', "2025-03-12T10:15:00+00:00"),
        # Of nine digits one is wrong, and which isn't known: when it was signed counts.
        ('<effectiveTime value="202503121"/>', "2025-03-12T10:12:00+08:00"),
        ("", "2025-03-12T10:12:00+08:00"),
    ],
)
def test_times(time: str, date: str):
    assert one(read(document(time=time)), "Composition")["date"] == date


def test_a_birth_date_that_is_none_is_left_out_and_named():
    item = read(document(person='<name>甲</name><birthTime value="199101010"/>'))
    assert "birthDate" not in one(item, "Patient")
    assert "time of 9 characters" in item.unknown


def test_narrative_carries_nothing_that_acts():
    own = (
        '<text><paragraph onclick="x()" styleCode="y">一&lt;script&gt;</paragraph><table><tr><td colspan="2" '
        'style="z">二</td></tr></table><linkHtml href="javascript:x()">三</linkHtml></text>'
    )
    found = document(f"<component><section><title>现病史</title>{own}</section></component>")
    div = one(read(found), "Composition")["section"][0]["text"]["div"]
    for word in ("onclick", "style", "javascript", "<script"):
        assert word not in div
    assert '<td colspan="2">二</td>' in div


def test_beds_and_wards():
    def place(root: str, number: str, name: str, inner: str) -> str:
        part = f"<asOrganizationPartOf><wholeOrganization>{inner}</wholeOrganization></asOrganizationPartOf>"
        own = f'<id root="2.16.156.10011.1.{root}" extension="{number}"/><name>{name}</name>'
        return own + (part if inner else "")

    hospital = place("5", "TESTORG001", "测试医院", "")
    ward = place("27", "W1", "一病区", hospital)
    bed = place("22", "B1", "1床", place("26", "D1", "内科", ward))
    tail = (
        '<componentOf><encompassingEncounter><effectiveTime><low value="20250301"/><high value="20250310"/>'
        "</effectiveTime><location><healthCareFacility><serviceProviderOrganization>"
        f"{bed}</serviceProviderOrganization></healthCareFacility></location></encompassingEncounter></componentOf>"
    )
    item = read(document(code="C0053", ids={"1.12": "IP1"}, tail=tail))
    encounter = one(item, "Encounter")
    assert encounter["period"] == {"start": "2025-03-01", "end": "2025-03-10"}
    assert encounter["serviceType"] == {"text": "内科"}
    assert [one["name"] for one in of(item, "Location")] == ["一病区", "1床"]
    assert len(of(item, "Organization")) == 2


def test_an_outpatient_number_declared_the_persons_needs_the_day():
    later = document(time='<effectiveTime value="20250401"/>')
    same = one(read(document()), "Encounter")["id"]
    assert one(read(later), "Encounter")["id"] == same
    apart = {one(read(text, outpatient_number="person"), "Encounter")["id"] for text in (document(), later)}
    assert len(apart) == 2


def test_unknown_entries_and_types_are_named():
    item = read(document(section("29548-5", entry("DE99.99.999.99", text("x")), "诊断")))
    assert "entry DE99.99.999.99" in item.unknown
    assert "document type X9999" in read(document(code="X9999")).unknown


@pytest.mark.parametrize(
    "name",
    ["C0002_outpatient_record", "C0004_western_prescription", "C0007_lab_report", "C0053_discharge_summary"],
)
def test_invented_samples(shared, name: str):
    item = read(shared(f"reference/national/cda/synthetic/{name}.xml").read_bytes())
    assert item.error is None
    assert one(item, "Condition" if name[:5] != "C0053" else "Encounter")
