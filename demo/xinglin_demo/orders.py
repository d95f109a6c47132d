"""What is ordered and done: MedicationRequest, Procedure, AllergyIntolerance, Immunization."""

from dataclasses import dataclass
from datetime import date

from xinglin_demo import fhir
from xinglin_demo.fhir import Json, concept, number, quantity, reference, status
from xinglin_demo.institutions import organization_id, somebody
from xinglin_demo.measurements import growth
from xinglin_demo.tables import Row, rows_by, table
from xinglin_demo.visits import Case, Visit

ROUTES = {
    "1": "口服",
    "401": "皮下注射",
    "402": "皮内注射",
    "403": "肌肉注射",
    "5": "吸入用药",
    "607": "滴眼",
}
"""The routes of CV06.00.102 (WS 364.12-2011) that occur here."""
GROWN = 12
"""Age in years from which the adult's product and dose are prescribed."""


@dataclass(frozen=True)
class _Dose:
    """What is taken at a time: the product, the amount as written, its unit in UCUM and in Chinese."""

    name: str
    amount: str
    unit: str
    unit_text: str


def _dose(visit: Visit, row: Row) -> _Dose:
    """Give the dose for the person of the visit; small children get by weight, never more than adults."""
    person = visit.case.person
    if person.age(visit.day) >= GROWN or not row["child_name"]:
        return _Dose(row["name"], row["dose"], row["unit"], row["unit_text"])
    _, weight = growth((visit.day - person.born).days / 365.25, person.sex)
    step = float(row["child_step_mg"])
    most = float(row["dose"]) * (1000 if row["unit"] == "g" else 1)
    amount = min(most, max(1, int(weight * float(row["child_mg_per_kg"]) / step)) * step)
    return _Dose(row["child_name"], f"{amount:.1f}".removesuffix(".0"), "mg", "mg")


def prescribe(visit: Visit, medicine: str) -> None:
    """Prescribe a medicine for what the visit is about."""
    row = rows_by("medicines", "key")[medicine]
    dose, route = _dose(visit, row), ROUTES[row["route"]]
    running = (visit.case.today - visit.day).days <= int(row["days"])
    amount = number(float(dose.amount), len(dose.amount.partition(".")[2]))
    resource: Json = {
        "resourceType": "MedicationRequest",
        "status": "active" if running else "completed",
        "intent": "order",
        "medicationCodeableConcept": concept(fhir.ATC, row["atc"], dose.name),
        "subject": reference(visit.case.patient),
        "encounter": reference(visit.encounter),
        "authoredOn": visit.start,
        "requester": reference(visit.practitioner),
        "dosageInstruction": [
            {
                "text": f"{route}，一次{dose.amount}{dose.unit_text}，一日{row['per_day']}次",
                "timing": {"repeat": {"frequency": int(row["per_day"]), "period": 1, "periodUnit": "d"}},
                "route": concept(fhir.ROUTES, row["route"], route),
                "doseAndRate": [{"doseQuantity": quantity(amount, dose.unit, dose.unit_text)}],
            }
        ],
        "dispenseRequest": {"expectedSupplyDuration": quantity(int(row["days"]), "d", "天")},
    }
    if visit.conditions:
        resource["reasonReference"] = [reference(one) for one in visit.conditions]
    visit.case.chart.add(resource)


def operate(visit: Visit, disease: str, day: date) -> str | None:
    """Record the procedure that goes with a disease, if there is one; give its name."""
    row = rows_by("procedures", "disease").get(disease)
    if row is None:
        return None
    visit.case.chart.add(
        {
            "resourceType": "Procedure",
            "status": "completed",
            "code": concept(fhir.PROCEDURES, row["code"], row["name"], row["name"]),
            "subject": reference(visit.case.patient),
            "encounter": reference(visit.encounter),
            "performedDateTime": day.isoformat(),
            "performer": [{"actor": reference(visit.practitioner)}],
            "reasonReference": [reference(one) for one in visit.conditions],
        }
    )
    return row["name"]


def allergy(case: Case, since: date) -> None:
    """Record an allergy, known since a day."""
    rows = table("allergens")
    row = case.dice.weighted(rows, [float(row["weight"]) for row in rows])
    case.health.avoid.update(row["avoid"].split())
    case.chart.add(
        {
            "resourceType": "AllergyIntolerance",
            "clinicalStatus": status("allergyintolerance-clinical", "active"),
            "verificationStatus": status("allergyintolerance-verification", "confirmed"),
            "type": "allergy",
            "category": [row["category"]],
            "criticality": "high" if row["code"] == "101" else "low",
            "code": concept(fhir.ALLERGENS, row["code"], row["name"], row["name"]),
            "patient": reference(case.patient),
            "recordedDate": since.isoformat(),
            "reaction": [{"manifestation": [{"text": row["reaction"]}]}],
        }
    )


def vaccinate(case: Case, row: Row, day: date) -> None:
    """Record one dose of the national programme; the first day's doses are given where the child is born."""
    institution, department = (
        ("county", "obstetrics") if row["months"] == "0" else ("township", "publichealth")
    )
    lot = f"DEMO{day:%y%m}{case.dice.integer(0, 99):02d}"
    resource: Json = {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": concept(fhir.VACCINES, row["code"], row["product"], row["name"]),
        "patient": reference(case.patient),
        "occurrenceDateTime": day.isoformat(),
        "primarySource": True,
        "location": reference(f"Location/{organization_id(institution)}"),
        "lotNumber": lot,
        "route": concept(fhir.ROUTES, row["route"], ROUTES[row["route"]]),
        "performer": [{"actor": reference(somebody(case.dice, institution, department))}],
        "protocolApplied": [
            {"doseNumberPositiveInt": int(row["dose"]), "seriesDosesPositiveInt": int(row["total"])}
        ],
    }
    if row["site"] != ROUTES["1"]:
        resource["site"] = {"text": row["site"]}
    case.chart.add(resource)
