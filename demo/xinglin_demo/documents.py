"""Reports and documents in words: imaging and electrocardiogram reports, discharge summaries."""

from base64 import b64encode
from datetime import timedelta

from xinglin_demo.conditions import disease
from xinglin_demo.fhir import LOINC, TERMINOLOGY, concept, reference
from xinglin_demo.institutions import organization_id
from xinglin_demo.tables import rows_by
from xinglin_demo.visits import Visit, moment

_SECTIONS = {"chest": ("RAD", "放射"), "ecg": ("EC", "心电")}
"""Diagnostic service section (HL7 v2 table 0074) of each kind of report."""


def report(visit: Visit, kind: str, conclusion: str) -> str:
    """Record a report of `kind` ("chest" or "ecg") that says `conclusion`."""
    row = rows_by("panels", "key")[kind]
    section, text = _SECTIONS[kind]
    resource = visit.frame("DiagnosticReport") | {
        "status": "final",
        "category": [concept(f"{TERMINOLOGY}/v2-0074", section, text)],
        "code": concept(LOINC, row["loinc"], row["name"]),
        "effectiveDateTime": visit.start,
        "conclusion": conclusion,
    }
    return visit.case.chart.add(resource)


def discharge_summary(
    visit: Visit, key: str, *, nights: int, procedure: str | None, medicines: list[str]
) -> None:
    """Record the discharge summary of a stay as a text document."""
    end = visit.day + timedelta(days=nights)
    names = "、".join(rows_by("medicines", "key")[medicine]["name"] for medicine in medicines)
    lines = [
        "出院小结（演示用虚构数据）",
        f"入院日期：{visit.day.isoformat()}　出院日期：{end.isoformat()}　住院{nights}天",
        f"出院诊断：{disease(key)['name']}",
        f"手术及操作：{procedure or '无'}",
        f"出院带药：{names or '无'}",
        "出院情况：好转。两周后门诊复查，不适随诊。",
    ]
    content = b64encode("\n".join(lines).encode()).decode()
    resource = {
        "resourceType": "DocumentReference",
        "status": "current",
        "docStatus": "final",
        "type": concept(LOINC, "18842-5", "出院小结"),
        "subject": reference(visit.case.patient),
        "date": moment(end, 11, 0),
        "author": [reference(visit.practitioner)],
        "custodian": reference(f"Organization/{organization_id(visit.institution)}"),
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain; charset=utf-8",
                    "language": "zh-CN",
                    "data": content,
                    "title": "出院小结",
                    "creation": end.isoformat(),
                }
            }
        ],
        "context": {
            "encounter": [reference(visit.encounter)],
            "period": {"start": visit.day.isoformat(), "end": end.isoformat()},
        },
    }
    visit.case.chart.add(resource)
