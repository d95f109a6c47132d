"""Vital signs and laboratory results as Observation and DiagnosticReport.

Vital signs keep to http://hl7.org/fhir/R4/observation-vitalsigns.html.
"""

from collections.abc import Mapping

from xinglin_demo import measurements
from xinglin_demo.fhir import LOINC, TERMINOLOGY, Json, concept, number, quantity, reference
from xinglin_demo.measurements import Target
from xinglin_demo.tables import Row, groups_by, rows_by
from xinglin_demo.visits import Visit

ADULT = 18
"""Below this age no reference range is given: the table's ranges are those of adults."""


def vital(visit: Visit, key: str, value: float) -> str:
    """Record one vital sign; give the reference to it."""
    row = measurements.vital_row(key)
    measured = quantity(number(value, int(row["decimals"])), row["unit"], row["unit_text"])
    return visit.case.chart.add(_vital(visit, row["loinc"], row["name"]) | {"valueQuantity": measured})


def blood_pressure(visit: Visit, systolic: float, diastolic: float) -> str:
    """Record a blood pressure in mmHg as one Observation with two components."""
    adult = visit.case.person.age(visit.day) >= ADULT
    components: list[Json] = []
    for code, text, value, limit in (
        ("8480-6", "收缩压", systolic, 140),
        ("8462-4", "舒张压", diastolic, 90),
    ):
        pressure = round(value)
        measured = quantity(pressure, "mm[Hg]", "mmHg")
        component: Json = {"code": concept(LOINC, code, text), "valueQuantity": measured}
        if adult:
            component["interpretation"] = [_flag("H" if pressure >= limit else "N")]
        components.append(component)
    return visit.case.chart.add(_vital(visit, "85354-9", "血压") | {"component": components})


def laboratory(visit: Visit, panel: str, targets: Mapping[str, Target]) -> str:
    """Record a laboratory panel: an Observation for each item and the report that gathers them."""
    case = visit.case
    if panel == "urine":
        results = [
            _strip(visit, row, positive=row["key"] in targets) for row in groups_by("items", "panel")[panel]
        ]
    else:
        values = measurements.panel(case.dice, panel, case.person.sex, targets)
        results = [_item(visit, rows_by("items", "key")[key], value) for key, value in values.items()]
    row = rows_by("panels", "key")[panel]
    report = visit.frame("DiagnosticReport") | {
        "status": "final",
        "category": [concept(f"{TERMINOLOGY}/v2-0074", "LAB", "检验")],
        "code": concept(LOINC, row["loinc"], row["name"]),
        "effectiveDateTime": visit.start,
        "result": [reference(result) for result in results],
    }
    return case.chart.add(report)


def _observation(visit: Visit, category: str, text: str, code: str, name: str) -> Json:
    return visit.frame("Observation") | {
        "status": "final",
        "category": [concept(f"{TERMINOLOGY}/observation-category", category, text)],
        "code": concept(LOINC, code, name),
        "effectiveDateTime": visit.start,
    }


def _vital(visit: Visit, code: str, name: str) -> Json:
    return _observation(visit, "vital-signs", "生命体征", code, name)


def _item(visit: Visit, row: Row, value: float) -> str:
    measured = number(value, int(row["decimals"]))
    resource = _observation(visit, "laboratory", "检验", row["loinc"], row["name"])
    resource["valueQuantity"] = quantity(measured, row["unit"], row["unit_text"])
    person = visit.case.person
    if ADULT <= person.age(visit.day) <= int(row["range_to_age"] or 150):
        low, high = measurements.bounds(row, person.sex)
        resource["interpretation"] = [_flag(_judge(float(measured), low, high))]
        resource["referenceRange"] = [_range(row, low, high)]
    return visit.case.chart.add(resource)


def _judge(value: float, low: float | None, high: float | None) -> str:
    if low is not None and value < low:
        return "L"
    return "H" if high is not None and value > high else "N"


def _flag(code: str) -> Json:
    text = {"H": "偏高", "L": "偏低", "N": "正常"}[code]
    return concept(f"{TERMINOLOGY}/v3-ObservationInterpretation", code, text)


def _range(row: Row, low: float | None, high: float | None) -> Json:
    # A range is written with the places of the table, not of the measurement: 3.5, not 3.50.
    places = max(
        len(row[side].partition(".")[2]) for side in ("low_male", "high_male", "low_female", "high_female")
    )
    found: Json = {}
    if low is not None:
        found["low"] = quantity(number(low, places), row["unit"], row["unit_text"])
    if high is not None:
        found["high"] = quantity(number(high, places), row["unit"], row["unit_text"])
    return found


def _strip(visit: Visit, row: Row, *, positive: bool) -> str:
    resource = _observation(visit, "laboratory", "检验", row["loinc"], row["name"])
    resource["valueCodeableConcept"] = {"text": "1+" if positive else "阴性"}
    return visit.case.chart.add(resource)
