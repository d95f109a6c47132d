"""Hospital, follow-up, prevention and insurance mappings: the example tables of docs/, read to records."""

import csv
import io
from datetime import date, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from xinglin.core import exact_json
from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Item, Origin
from xinglin.standards.datasets import shipped
from xinglin.standards.datasets.check import check
from xinglin.standards.datasets.csv_format import TableCsv
from xinglin.standards.datasets.header import rank
from xinglin.standards.validation import validator

EXAMPLES = Path(__file__).parents[4] / "docs" / "examples" / "tables"
ZONE = timezone(timedelta(hours=8))
MAPPINGS = {
    "vital-signs": "ws445-vital-signs",
    "exam-report": "ws445-exam-report",
    "operation": "ws445-operation",
    "discharge-summary": "ws445-discharge-summary",
    "front-page": "ws445-front-page",
    "front-page-tcm": "ws445-front-page-tcm",
    "hypertension-follow-up": "ws365-hypertension",
    "diabetes-follow-up": "ws365-diabetes",
    "health-exam": "ws365-health-exam",
    "immunization": "ws365-immunization",
    "settlement": "yb-settlement",
    "drug-circulation": "drug-circulation",
}
LOINC = "http://loinc.org"


def read(table: bytes, **declared: str) -> list[Item]:
    """Read a table as intake does."""
    options = {key.replace("__", "."): value for key, value in declared.items()}
    origin = Origin("s", "i", "i", "county", ZONE, declared=options)
    made = TableCsv()
    return [item for piece in made.pieces(io.BytesIO(table), origin) for item in made.items(piece, origin)]


def example(name: str, **declared: str) -> list[Item]:
    """Read an example table of docs/."""
    return read((EXAMPLES / f"{name}.csv").read_bytes(), **declared)


def of(item: Item, kind: str) -> list[Json]:
    """Give an item's resources of one type."""
    assert item.error is None, item.error
    return [fact.resource for fact in item.facts if fact.resource["resourceType"] == kind]


def one(item: Item, kind: str) -> Json:
    """Give an item's only resource of a type."""
    (found,) = of(item, kind)
    return found


def observed(item: Item, code: str) -> Json:
    """Give the Observation with a code."""
    (found,) = [
        one for one in of(item, "Observation") if code in [c["code"] for c in one["code"].get("coding", [])]
    ]
    return found


def kept(resource: Json) -> dict[str, Any]:
    """Give what was kept beside a resource, by internal id."""
    return {
        entry["url"].removeprefix("urn:xinglin:dataset:"): entry.get("valueString")
        for entry in resource.get("extension", [])
    }


@pytest.mark.parametrize(("name", "mapping"), MAPPINGS.items())
def test_the_example_is_recognised_and_gives_valid_records(name: str, mapping: str) -> None:
    with (EXAMPLES / f"{name}.csv").open(encoding="utf-8") as handle:
        header = next(csv.reader(handle))
    assert rank(header, shipped().values(), {})[0][0].name == mapping
    items = example(name)
    assert items
    for item in items:
        assert item.error is None, item.error
        for fact in item.facts:
            found = [one.text() for one in validator().validate(fact.resource) if one.severity == "error"]
            assert found == [], fact.resource


@pytest.mark.parametrize("mapping", MAPPINGS.values())
def test_the_mapping_passes_its_check(mapping: str) -> None:
    assert [(one.line, str(one.text)) for one in check(shipped()[mapping])] == []


def cell(kind: str, at: int) -> str:
    """Make a cell that no other is like; codes and flags are ones that nobody knows."""
    day = date(2024, 1, 1) + timedelta(days=at)
    match kind:
        case "N":
            return f"90{at:03}"
        case "D":
            return f"{day:%Y%m%d}"
        case "DT":
            return f"{day:%Y%m%d}T083000"
        case _:
            return f"{'词' if kind == 'S1' else 'Q'}{at:03}"


@pytest.mark.parametrize("mapping", MAPPINGS.values())
def test_no_cell_of_a_row_is_lost_whatever_its_codes(mapping: str) -> None:
    columns = list(shipped()[mapping].columns.values())
    cells = [cell(one.kind, at) for at, one in enumerate(columns)]
    sheet = io.StringIO()
    csv.writer(sheet).writerows([[one.name for one in columns], cells])
    (item,) = read(sheet.getvalue().encode(), mapping=mapping)
    assert item.error is None, item.error
    said = b"".join(exact_json.dumps(fact.resource) for fact in item.facts).decode()
    compact = said.replace("-", "").replace(":", "")
    lost = [one.name for one, text in zip(columns, cells, strict=True) if text not in said + compact]
    assert lost == []
    for fact in item.facts:
        found = [one for one in validator().validate(fact.resource) if one.severity == "error"]
        # These days follow no order, so a period may end before it begins (per-1).
        assert [one.text() for one in found if one.rule != "per-1"] == [], fact.resource


def test_vital_signs_are_observations_with_loinc_codes_of_one_record() -> None:
    first, second, third = example("vital-signs")
    pressure = observed(first, "85354-9")
    assert [
        (part["code"]["coding"][0]["code"], part["valueQuantity"]["value"], part["valueQuantity"]["code"])
        for part in pressure["component"]
    ] == [("8480-6", 146, "mm[Hg]"), ("8462-4", 92, "mm[Hg]")]
    assert observed(first, "8310-5")["valueQuantity"]["value"] == Decimal("36.8")
    assert str(observed(first, "29463-7")["valueQuantity"]["value"]) == "68.50"
    assert observed(first, "9279-1")["effectiveDateTime"] == "2026-03-12T08:00:00+08:00"
    record = next(one for one in of(first, "Observation") if "hasMember" in one)
    assert len(record["hasMember"]) == len(of(first, "Observation")) - 1
    assert kept(record) == {"HDSD00.08.043": "61"}
    assert one(first, "Patient")["id"] == one(second, "Patient")["id"] != one(third, "Patient")["id"]
    assert one(first, "Encounter")["id"] == one(example("discharge-summary")[0], "Encounter")["id"]


@pytest.mark.parametrize(
    ("convention", "codes"), [("WS363", ["A", "N"]), ("WS365", ["N", "A"]), (None, [None, None])]
)
def test_an_examination_s_flag_is_read_as_declared_only(
    convention: str | None, codes: list[str | None]
) -> None:
    declared = {"abnormal-flag": convention} if convention else {}
    found = [
        next(one for one in of(item, "Observation") if "valueString" in one and "method" in one)
        for item in example("exam-report", **declared)
    ]
    assert [
        one["interpretation"][0]["coding"][0]["code"] if "interpretation" in one else None for one in found
    ] == codes
    if convention is None:
        assert kept(one(example("exam-report")[0], "DiagnosticReport"))["HDSD00.05.032"] == "2"


def test_an_examination_report_links_request_finding_specimen_and_diagnosis() -> None:
    inpatient, outpatient = example("exam-report")
    report = one(inpatient, "DiagnosticReport")
    assert report["conclusion"] == "右肺上叶结节，建议随访。"
    assert len(report["result"]) == 2
    assert report["basedOn"] == [{"reference": f"ServiceRequest/{one(inpatient, 'ServiceRequest')['id']}"}]
    assert one(inpatient, "Encounter")["class"]["code"] == "IMP"
    assert one(outpatient, "Encounter")["class"]["code"] == "AMB"
    specimen = one(outpatient, "Specimen")
    assert specimen["collection"]["collectedDateTime"] == "2026-03-12T09:30:00+08:00"
    assert one(outpatient, "DiagnosticReport")["specimen"] == [{"reference": f"Specimen/{specimen['id']}"}]


def test_an_operation_has_its_times_its_team_and_its_diagnoses() -> None:
    (item,) = example("operation")
    operation = one(item, "Procedure")
    assert operation["performedPeriod"] == {
        "start": "2026-03-20T09:30:00+08:00",
        "end": "2026-03-20T10:45:00+08:00",
    }
    team = {part["function"]["text"]: part["actor"]["display"] for part in operation["performer"]}
    assert (team["手术者"], team["麻醉医师"]) == ("龙在山", "许安然")
    assert operation["category"]["coding"][0]["display"] == "三级手术"
    assert len(operation["reasonReference"]) == 2
    assert kept(operation)["HDSD00.06.083"] == "1", "the table of 手术体位 isn't known"
    assert observed(item, "DE06.00.097.00")["valueQuantity"]["code"] == "mL"


def test_a_discharge_summary_is_a_composition_of_what_was_told() -> None:
    western, traditional = example("discharge-summary")
    summary = one(western, "Composition")
    assert summary["date"] == "2026-03-17T10:30:00+08:00"
    assert [part["title"] for part in summary["section"]] == ["入院情况", "诊疗过程", "出院情况", "出院医嘱"]
    assert {author["display"] for author in summary["author"]} == {"陶然", "林归云"}
    stay = one(western, "Encounter")
    assert [part["use"]["coding"][0]["code"] for part in stay["diagnosis"]] == ["AD", "DD"]
    systems = {c["code"]["coding"][0]["system"] for c in of(traditional, "Condition")}
    assert "urn:oid:2.16.156.10011.2.3.3.14" in systems, "diseases of traditional medicine: GB/T 15657"


def test_a_front_page_ranks_its_diagnoses_and_keeps_the_condition_on_admission() -> None:
    (item,) = example("front-page")
    stay = one(item, "Encounter")
    assert (stay["class"]["code"], stay["status"], stay["length"]["value"]) == ("IMP", "finished", 7)
    conditions = {f"Condition/{c['id']}": c for c in of(item, "Condition")}
    ranked = {
        part["rank"]: conditions[part["condition"]["reference"]]["code"]["text"]
        for part in stay["diagnosis"]
        if "rank" in part
    }
    assert ranked == {1: "高血压性心脏病", 2: "2型糖尿病", 3: "高脂血症"}
    admitted = [
        entry["valueCodeableConcept"]["coding"][-1]["code"]
        for condition in conditions.values()
        for entry in condition.get("extension", [])
    ]
    assert admitted == ["y", "y", "w"]
    assert stay["hospitalization"]["admitSource"]["coding"][-1]["code"] == "outp"
    home = stay["hospitalization"]["dischargeDisposition"]["coding"]
    assert [coding["code"] for coding in home] == ["1"], "医嘱离院 isn't always home: no international code"


@pytest.mark.parametrize(
    ("flag", "declared", "recorded"),
    [("T", {}, True), ("F", {}, False), ("", {}, False), ("2", {}, False), ("2", {"flag": "2/1"}, True)],
)
def test_an_allergy_is_recorded_only_where_its_flag_says_so(
    flag: str, declared: dict[str, str], *, recorded: bool
) -> None:
    table = f"住院号,姓名,出院科别,药物过敏标志,过敏药物\nZY1,章贡生,心内科,{flag},青霉素\n"
    (item,) = read(table.encode(), mapping="ws445-front-page", **declared)
    allergies = of(item, "AllergyIntolerance")
    assert [one["code"]["text"] for one in allergies] == (["青霉素"] if recorded else [])
    if not recorded:
        assert kept(one(item, "Encounter"))["HDSD00.11.037"] == "青霉素"


def test_fees_add_up_when_contained_ones_are_left_out() -> None:
    (item,) = example("front-page")
    fees = of(item, "ChargeItem")
    top = [fee["priceOverride"]["value"] for fee in fees if "partOf" not in fee]
    invoice = one(item, "Invoice")
    assert sum(top) == invoice["totalGross"]["value"] == Decimal("6832.45")
    assert {fee["priceOverride"]["currency"] for fee in fees} == {"CNY"}
    assert invoice["totalPriceComponent"][0]["amount"]["value"] == Decimal("1520.30")
    account = f"Account/{one(item, 'Account')['id']}"
    assert {fee["account"][0]["reference"] for fee in fees} == {account}
    assert one(item, "Coverage")["type"]["coding"][0]["display"] == "城镇职工基本医疗保险"


def test_a_front_page_of_traditional_medicine_has_both_diagnoses() -> None:
    (item,) = example("front-page-tcm")
    kinds = {c["category"][0]["text"]: c["code"]["text"] for c in of(item, "Condition")}
    assert (kinds["主要诊断"], kinds["中医主病"], kinds["中医主证"]) == (
        "腰椎间盘突出",
        "腰痛病",
        "气滞血瘀证",
    )


def test_a_hypertension_follow_up_is_a_visit_with_findings_goals_and_the_next_date() -> None:
    first, second = example("hypertension-follow-up")
    assert (one(first, "Encounter")["class"]["code"], one(second, "Encounter")["class"]["code"]) == (
        "AMB",
        "VR",
    )
    evaluation = observed(first, "DE05.10.066.00")["valueCodeableConcept"]["coding"][0]
    assert (evaluation["code"], evaluation["display"]) == ("2", "控制不满意")
    once, words = (one["dosage"][0]["timing"] for one in of(first, "MedicationStatement"))
    assert once["repeat"] == {"frequency": 1, "period": 1, "periodUnit": "d"}
    assert words == {"code": {"text": "一日一次"}}, "words that aren't an abbreviation stay words"
    detail = one(first, "CarePlan")["activity"][0]["detail"]
    assert detail["scheduledPeriod"]["start"] == "2026-03-15"
    assert {goal["description"]["text"] for goal in of(first, "Goal")} >= {"目标体重", "目标摄盐量分级"}
    assert one(first, "ServiceRequest")["performerType"]["text"] == "心血管内科"
    assert of(second, "ServiceRequest") == []


def test_shifted_element_ids_of_the_hypertension_set_name_no_column() -> None:
    header = "城乡居民健康档案编号,高血压患者随访服务记录表编号,本次随访日期,收缩压(mmHg),DE06.00.134.00"
    (item,) = read(f"{header}\n36072200100500017,S1,20260301,152,心内科\n".encode())
    assert one(item, "Encounter")["extension"] == [
        {"url": "urn:xinglin:dataset:column:DE06.00.134.00", "valueString": "心内科"}
    ]
    assert of(item, "ServiceRequest") == []


def test_a_diabetes_follow_up_has_glucose_and_insulin() -> None:
    first, second = example("diabetes-follow-up")
    assert observed(first, "14771-0")["valueQuantity"]["value"] == Decimal("8.4")
    assert observed(first, "4548-4")["valueQuantity"] == {
        "value": Decimal("7.9"),
        "unit": "%",
        "system": "http://unitsofmeasure.org",
        "code": "%",
    }
    assert observed(first, "DE04.50.024.00")["valueCodeableConcept"]["coding"][0]["display"] == "偶尔"
    metformin, insulin = of(first, "MedicationStatement")
    assert metformin["dosage"][0]["timing"]["repeat"]["frequency"] == 2
    assert insulin["dosage"][0]["doseAndRate"][0]["doseQuantity"]["value"] == 12
    assert of(second, "MedicationStatement") == []


def test_a_health_examination_gives_coded_observations_and_advice() -> None:
    item, _ = example("health-exam")
    left, right = (one for one in of(item, "Observation") if "component" in one and "bodySite" in one)
    assert (left["bodySite"]["text"], right["bodySite"]["text"]) == ("左上肢", "右上肢")
    assert observed(item, "718-7")["valueQuantity"]["code"] == "g/L"
    assert observed(item, "26464-8")["valueQuantity"]["code"] == "10*9/L"
    heart = observed(item, "DE05.10.081.00")
    assert (heart["valueBoolean"], heart["note"][0]["text"]) == (True, "左心室高电压")
    antigen = observed(item, "DE04.50.116.00")["valueCodeableConcept"]["coding"]
    assert [coding["code"] for coding in antigen] == ["1", "NEG"]
    smoking = observed(item, "DE03.00.073.00")["valueCodeableConcept"]["coding"][0]
    assert (smoking["code"], smoking["display"]) == ("3", "吸烟")
    plan = one(item, "CarePlan")
    advised = [part["detail"]["code"]["coding"][0]["display"] for part in plan["activity"]]
    assert advised == ["戒烟", "减体重"]


@pytest.mark.parametrize(
    ("edition", "display"), [("2011", "狂犬病被动免疫制剂"), ("2023", "新型冠状病毒疫苗"), (None, None)]
)
def test_a_vaccine_is_named_by_the_declared_edition_only(edition: str | None, display: str | None) -> None:
    item = example("immunization", **({"edition": edition} if edition else {}))[2]
    coding = one(item, "Immunization")["vaccineCode"]["coding"][0]
    assert (coding["code"], coding.get("display")) == ("41", display)
    assert (item.unknown == []) == (edition is not None)


def test_a_vaccination_has_dose_lot_and_reaction() -> None:
    _, second, _ = example("immunization")
    vaccination = one(second, "Immunization")
    assert vaccination["vaccineCode"]["coding"][0]["display"] == "白喉百日咳破伤风疫苗"
    assert (vaccination["lotNumber"], vaccination["occurrenceDateTime"]) == ("DPT250911", "2025-12-16")
    assert vaccination["protocolApplied"][0]["doseNumberPositiveInt"] == 1
    reaction = observed(second, "DE05.01.052.00")
    assert vaccination["reaction"][0]["detail"] == {"reference": f"Observation/{reaction['id']}"}
    assert one(second, "Patient")["contact"][0]["relationship"][0]["coding"][0]["display"] == "父亲"


def test_zeros_lost_by_a_spreadsheet_come_back_to_vaccine_codes() -> None:
    table = "预防接种卡编号,本人姓名,疫苗名称代码,疫苗接种日期\nYF1,曾禾苗,1,20250916\n"
    (item,) = read(table.encode(), edition="2011")
    assert one(item, "Immunization")["vaccineCode"]["coding"][0]["code"] == "01"


def test_a_settlement_says_who_paid_what() -> None:
    full, reduced = example("settlement")
    settled = one(full, "ExplanationOfBenefit")
    totals = {t["category"].get("text", "fund"): t["amount"]["value"] for t in settled["total"]}
    assert totals["个人自付"] == Decimal("1520.30")
    assert totals["fund"] == Decimal("5192.15")
    assert [part["sequence"] for part in settled["diagnosis"]] == [1, 2]
    assert [part["net"]["value"] for part in settled["item"]] == [Decimal("1632.45"), Decimal("980.00")]
    assert settled["provider"]["identifier"]["value"] == "H36073200001"
    less = one(reduced, "ExplanationOfBenefit")
    assert less["insurer"] == {"display": "医疗保障经办机构"}
    assert "extension" not in less
    assert one(reduced, "Encounter")["class"]["code"] == "UNK"


def test_a_movement_of_medicine_names_its_batch() -> None:
    first, second = example("drug-circulation", edition="2011")
    batch = one(first, "Medication")
    assert batch["batch"] == {"lotNumber": "A260105", "expirationDate": "2028-01-04"}
    assert batch["form"]["coding"][0]["display"].startswith("片剂")
    assert one(second, "Medication")["batch"]["expirationDate"] == "2028-01", "no day is made up"
    movement = one(first, "SupplyDelivery")
    assert movement["suppliedItem"]["quantity"]["value"] == 200
    assert movement["suppliedItem"]["itemReference"]["reference"] == f"Medication/{batch['id']}"
