"""A hospital of traditional medicine in documents of WS/T 500 (CDA): each visit's, packed by year.

Outpatient record C0002, western prescription C0004, laboratory report C0007, discharge summary C0053. It
declares no table for the abnormal flag of its results, so the flag is kept and nobody says what it means.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from xml.sax.saxutils import escape, quoteattr

from xinglin_demo import identifiers
from xinglin_demo.sending.files import as_zip
from xinglin_demo.story import Diagnosis, Prescription, Report, Result, Staff, Story, Visit
from xinglin_demo.tables import rows_by

ELEMENTS = "2.16.156.10011.2.2.1"
ICD10 = 'codeSystem="2.16.156.10011.2.3.3.11.3" codeSystemName="诊断代码表(ICD-10)"'
SEXES = {"male": ("1", "男性"), "female": ("2", "女性")}
TITLES = {"C0002": "门(急)诊病历", "C0004": "西药处方", "C0007": "检验报告", "C0053": "出院小结"}
ROUTE = 'codeSystem="2.16.156.10011.2.3.1.158"'
FREQUENCIES = {1: "qd", 2: "bid", 3: "tid", 4: "qid"}
FLAGS = {"N": ("1", "正常"), "H": ("2", "异常"), "L": ("2", "异常")}


class Traditional:
    """Collects what happens at the hospital of traditional medicine."""

    def __init__(self) -> None:
        self.documents: dict[str, list[tuple[str, bytes]]] = defaultdict(list)

    def take(self, story: Story) -> None:
        """Take a person's visits to the hospital."""
        for visit in story.at("tcm"):
            self.documents[f"{visit.start:%Y}"] += [
                (f"{name}.xml", text.encode()) for name, text in _documents(story, visit)
            ]

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Give the documents of each year, packed."""
        for year, members in sorted(self.documents.items()):
            yield f"{year}-documents.zip", as_zip(sorted(members))


def example(story: Story) -> bytes:
    """Give a document that says no more than who the person is and that the doctor was seen."""
    start = datetime(2026, 10, 15, 9, 0)
    visit = Visit(
        number="20261015999999901",
        place="tcm",
        department="内科",
        stay=False,
        reason="咨询",
        start=start,
        end=start + timedelta(minutes=20),
        staff=Staff("internal-001", "示例医师"),
        diagnoses=(),
    )
    return _document(story, visit, "C0002", _record(story, visit), at=visit.end)[1].encode()


def _documents(story: Story, visit: Visit) -> Iterator[tuple[str, str]]:
    if visit.stay:
        yield _document(story, visit, "C0053", _discharge(visit), at=visit.end)
    else:
        yield _document(story, visit, "C0002", _record(story, visit), at=visit.end)
    if visit.prescriptions:
        medicines = "".join(_medicine(one) for one in visit.prescriptions)
        sections = [
            _diagnosed("29548-5", "诊断记录章节", visit),
            _section("10160-0", "用药管理章节", medicines),
        ]
        numbers = [("20", f"CF{visit.number}")]
        yield _document(story, visit, "C0004", sections, at=visit.end, numbers=numbers)
    for at, report in enumerate(visit.reports):
        if report.results:
            sections = [_section("30954-2", "实验室检查章节", _laboratory(visit, report))]
            numbers = [("33", f"JY{visit.number}{at}")]
            done = visit.start + timedelta(hours=3)
            yield _document(story, visit, "C0007", sections, at=done, numbers=numbers, suffix=str(at))


def _record(story: Story, visit: Visit) -> Iterator[str]:
    flag = f'<value xsi:type="BL" value="{"true" if story.allergies else "false"}"/>'
    told = _observation("DE02.10.023.00", "过敏史标志", flag)
    told += "".join(_text("DE05.01.022.00", "过敏史", f"{name}过敏") for _, name, _ in story.allergies)
    yield _section("48765-2", "过敏史章节", told)
    yield _section("10154-3", "主诉章节", _text("DE04.01.119.00", "主诉", visit.reason))
    if visit.diagnoses:
        yield _diagnosed("29548-5", "诊断记录章节", visit)


def _discharge(visit: Visit) -> Iterator[str]:
    yield _diagnosed("46241-6", "入院诊断章节", visit)
    yield _diagnosed("11535-2", "出院诊断章节", visit)
    if visit.operations:
        done = "".join(
            f'<entry><procedure classCode="PROC" moodCode="EVN"><code code={quoteattr(one.code)} '
            'codeSystem="2.16.156.10011.2.3.3.12" codeSystemName="手术(操作)代码表(ICD-9-CM)" '
            f"displayName={quoteattr(one.name)}/><effectiveTime value={quoteattr(one.day.replace('-', ''))}/>"
            "</procedure></entry>"
            for one in visit.operations
        )
        yield _section("47519-4", "手术操作章节", done)
    advice = _text("DE06.00.287.00", "出院医嘱", "两周后门诊复查，不适随诊。")
    yield _section("46209-3", "医嘱章节", advice)


def _section(code: str, title: str, entries: str) -> str:
    return (
        f'<component><section><code code="{code}" codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC"/>'
        f"<title>{title}</title><text/>{entries}</section></component>"
    )


def _element(code: str, name: str, inside: str) -> str:
    return (
        f'<observation classCode="OBS" moodCode="EVN"><code code="{code}" codeSystem="{ELEMENTS}" '
        f'displayName="{name}"/>{inside}</observation>'
    )


def _observation(code: str, name: str, inside: str) -> str:
    return f"<entry>{_element(code, name, inside)}</entry>"


def _text(code: str, name: str, words: str) -> str:
    return _observation(code, name, f'<value xsi:type="ST">{escape(words)}</value>')


def _diagnosed(code: str, title: str, visit: Visit) -> str:
    return _section(code, title, "".join(_diagnosis(one) for one in visit.diagnoses))


def _diagnosis(one: Diagnosis) -> str:
    value = f'<value xsi:type="CD" code={quoteattr(one.code)} {ICD10} displayName={quoteattr(one.name)}/>'
    return _observation("DE05.01.024.00", "诊断代码", value)


def _medicine(one: Prescription) -> str:
    return (
        '<entry><substanceAdministration classCode="SBADM" moodCode="EVN"><text/>'
        f'<routeCode code="{one.route}" {ROUTE} displayName="{one.route_name}"/>'
        f'<doseQuantity value="{one.amount}" unit="{one.unit}"/>'
        f'<rateQuantity value="1" unit="{FREQUENCIES[one.per_day]}"/>'
        "<consumable><manufacturedProduct><manufacturedLabeledDrug>"
        f"<name>{escape(one.name)}</name></manufacturedLabeledDrug></manufacturedProduct></consumable>"
        "</substanceAdministration></entry>"
    )


def _laboratory(visit: Visit, report: Report) -> str:
    category = _text("DE04.30.018.00", "检验类别", report.panel["name"])
    return category + "".join(_item(visit, one) for one in report.results)


def _item(visit: Visit, one: Result) -> str:
    """Write an item as an organizer of its own, so that what belongs together stays together."""
    row = rows_by("local_items", "key")[one.item["key"]]
    taken = f'<effectiveTime value="{visit.start:%Y%m%d%H%M%S}"/>'
    parts = [
        _element(
            "DE04.30.019.00", "检验项目代码", f'{taken}<value xsi:type="ST">{escape(row["tcm_code"])}</value>'
        ),
        _element("DE04.30.020.00", "检验项目名称", f'<value xsi:type="ST">{escape(row["tcm_name"])}</value>'),
        _element("DE04.30.015.00", "检验定量结果", _value(one)),
    ]
    if one.flag:
        code, name = FLAGS[one.flag]
        meant = (
            f'<value xsi:type="CD" code="{code}" codeSystem="2.16.156.10011.2.3.2.38" displayName="{name}"/>'
        )
        parts.append(_element("DE04.30.017.00", "检验结果代码", meant))
    inside = "".join(f"<component>{part}</component>" for part in parts)
    return f'<entry><organizer classCode="BATTERY" moodCode="EVN">{inside}</organizer></entry>'


def _value(one: Result) -> str:
    if not one.item["unit"]:
        return f'<value xsi:type="ST">{escape(one.value)}</value>'
    unit = f'<value xsi:type="ST">{escape(one.item["unit_text"])}</value>'
    return (
        f'<value xsi:type="REAL" value="{one.value}"/><entryRelationship typeCode="COMP">'
        f"{_element('DE04.30.016.00', '检验定量结果计量单位', unit)}</entryRelationship>"
    )


def _document(
    story: Story,
    visit: Visit,
    kind: str,
    sections: Iterable[str],
    *,
    at: datetime,
    numbers: Iterable[tuple[str, str]] = (),
    suffix: str = "",
) -> tuple[str, str]:
    """Give the name and the text of a document of `kind`."""
    title = TITLES[kind]
    name = f"{kind}-{visit.number}{suffix}"
    local = [("12" if visit.stay else "11", visit.number), *numbers]
    return name, (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<realmCode code="CN"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_MT000040"/>'
        f'<id root="2.16.156.10011.1.1" extension="{name}"/>'
        f'<code code="{kind}" codeSystem="2.16.156.10011.2.4" '
        'codeSystemName="卫生信息共享文档规范编码体系"/>'
        f'<title>{title}</title><effectiveTime value="{at:%Y%m%d%H%M%S}"/>'
        '<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/><languageCode code="zh-CN"/>'
        f"{_patient(story, visit, local)}{_author(visit, at)}{_custodian()}{_encounter(visit)}"
        f"<component><structuredBody>{''.join(sections)}</structuredBody></component></ClinicalDocument>\n"
    )


def _patient(story: Story, visit: Visit, numbers: Iterable[tuple[str, str]]) -> str:
    code, name = SEXES[story.sex]
    kind, words = ("3", "住院") if visit.stay else ("1", "门诊")
    ids = "".join(f'<id root="2.16.156.10011.1.{arc}" extension="{value}"/>' for arc, value in numbers)
    return (
        f'<recordTarget><patientRole>{ids}<patientType><patienttypeCode code="{kind}" '
        f'codeSystem="2.16.156.10011.2.3.1.271" displayName="{words}"/></patientType>'
        f"<addr><state>杏林省</state><city>青囊市</city><county>橘井县</county></addr>"
        f'<telecom value="{story.phone}"/>'
        f'<patient><id root="2.16.156.10011.1.3" extension="{story.resident_number}"/>'
        f"<name>{escape(story.name)}</name>"
        f'<administrativeGenderCode code="{code}" codeSystem="2.16.156.10011.2.3.3.4" displayName="{name}"/>'
        f'<birthTime value="{story.born:%Y%m%d}"/></patient></patientRole></recordTarget>'
    )


def _author(visit: Visit, at: datetime) -> str:
    return (
        f'<author><time value="{at:%Y%m%d%H%M%S}"/><assignedAuthor>'
        f'<id root="2.16.156.10011.1.7" extension="{visit.staff.number}"/>'
        f"<assignedPerson><name>{escape(visit.staff.name)}</name></assignedPerson></assignedAuthor></author>"
    )


def _custodian() -> str:
    sender = rows_by("senders", "sender")["tcm-hospital"]
    code = identifiers.credit_code("12", sender["serial"])
    return (
        "<custodian><assignedCustodian><representedCustodianOrganization>"
        f'<id root="2.16.156.10011.1.5" extension="{code}"/><name>{sender["institution"]}</name>'
        "</representedCustodianOrganization></assignedCustodian></custodian>"
    )


def _encounter(visit: Visit) -> str:
    return (
        f'<componentOf><encompassingEncounter><effectiveTime><low value="{visit.start:%Y%m%d%H%M%S}"/>'
        f'<high value="{visit.end:%Y%m%d%H%M%S}"/></effectiveTime></encompassingEncounter></componentOf>'
    )
