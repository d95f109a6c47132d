"""A visit: who came where and when, and what was diagnosed (Encounter, Condition)."""

from dataclasses import dataclass
from datetime import date, timedelta

from xinglin_demo.bundle import Chart
from xinglin_demo.conditions import Health, diagnosis
from xinglin_demo.dice import Dice
from xinglin_demo.fhir import TERMINOLOGY, VISIT_KINDS, Json, concept, reference, status
from xinglin_demo.identifiers import local_system
from xinglin_demo.institutions import organization_id, somebody
from xinglin_demo.people import Person
from xinglin_demo.tables import groups_by

KINDS = {"AMB": ("1", "门诊"), "IMP": ("3", "住院"), "HH": ("9", "其他")}
"""ActCode class of an Encounter to code and name in CV09.00.404 (outpatient, inpatient, other)."""


@dataclass(frozen=True)
class Case:
    """One person's story while it is being told; `patient` is the reference to the Patient."""

    person: Person
    health: Health
    chart: Chart
    patient: str
    today: date

    @property
    def dice(self) -> Dice:
        """The person's own chance."""
        return self.chart.dice


@dataclass(frozen=True)
class Visit:
    """A visit that is in the chart. `start` is a FHIR dateTime; `conditions` are what it is about."""

    case: Case
    institution: str
    department: str
    day: date
    start: str
    practitioner: str
    encounter: str
    conditions: tuple[str, ...] = ()

    def frame(self, kind: str) -> Json:
        """Give the start of a resource made in this visit: whose it is, which visit, who made it."""
        return {
            "resourceType": kind,
            "subject": reference(self.case.patient),
            "encounter": reference(self.encounter),
            "performer": [reference(self.practitioner)],
        }


def moment(day: date, hour: int, minute: int) -> str:
    """Give a FHIR dateTime in Chinese standard time."""
    return f"{day.isoformat()}T{hour:02d}:{minute:02d}:00+08:00"


def hold_visit(
    case: Case,
    institution: str,
    department: str,
    day: date,
    *,
    diseases: list[str],
    kind: str = "AMB",
    reason: Json | None = None,
    nights: int = 0,
) -> Visit:
    """Put a visit about `diseases` into the chart; a long-lasting disease gets its Condition only once.

    A stay lasts `nights` and ends at eleven; another visit takes twenty minutes.
    """
    dice = case.dice
    hour, minute = dice.integer(8, 16), dice.integer(0, 39)
    start = moment(day, hour, minute)
    end = moment(day + timedelta(days=nights), 11, 0) if nights else moment(day, hour, minute + 20)
    practitioner = somebody(dice, institution, department)
    encounter = case.chart.reserve()
    conditions = tuple(_condition(case, disease, day, encounter, practitioner) for disease in diseases)
    resource: Json = {
        "resourceType": "Encounter",
        "identifier": [_number(case, institution, day)],
        "status": "finished",
        "class": {"system": f"{TERMINOLOGY}/v3-ActCode", "code": kind},
        "type": [concept(VISIT_KINDS, *KINDS[kind])],
        "serviceType": {"text": _department_name(institution, department)},
        "subject": reference(case.patient),
        "participant": [{"individual": reference(practitioner)}],
        "period": {"start": start, "end": end},
        "reasonCode": [reason] if reason else [diagnosis(disease) for disease in diseases],
        "location": [{"location": reference(f"Location/{organization_id(institution)}")}],
        "serviceProvider": reference(f"Organization/{organization_id(institution)}"),
    }
    if conditions:
        resource["diagnosis"] = [{"condition": reference(one)} for one in conditions]
    if nights:
        resource["hospitalization"] = {"dischargeDisposition": _home()}
    case.chart.add(resource, encounter)
    return Visit(case, institution, department, day, start, practitioner, encounter, conditions)


def _number(case: Case, institution: str, day: date) -> Json:
    return {
        "type": {"text": "就诊流水号"},
        "system": local_system(institution, "visit-number"),
        "value": f"{day:%Y%m%d}{case.person.index:07d}{case.dice.integer(0, 99):02d}",
    }


def _department_name(institution: str, department: str) -> str:
    rows = groups_by("departments", "institution")[institution]
    return next(row["name"] for row in rows if row["key"] == department)


def _home() -> Json:
    system = f"{TERMINOLOGY}/discharge-disposition"
    return {"coding": [{"system": system, "code": "home"}], "text": "医嘱离院"}


def _condition(case: Case, disease: str, day: date, encounter: str, practitioner: str) -> str:
    onset = case.health.onsets.get(disease)
    if onset is None:
        return _acute(case, disease, day, encounter, practitioner)
    known = case.health.references.get(disease)
    if known is None:
        resource = _diagnosed(case, disease, encounter, practitioner) | {
            "clinicalStatus": status("condition-clinical", "active"),
            "category": [status("condition-category", "problem-list-item")],
            "onsetDateTime": onset.isoformat(),
            "recordedDate": max(onset, day).isoformat(),
        }
        known = case.health.references[disease] = case.chart.add(resource)
    return known


def _acute(case: Case, disease: str, day: date, encounter: str, practitioner: str) -> str:
    over = day + timedelta(days=case.dice.integer(5, 14))
    resource = _diagnosed(case, disease, encounter, practitioner) | {
        "clinicalStatus": status("condition-clinical", "resolved" if over <= case.today else "active"),
        "category": [status("condition-category", "encounter-diagnosis")],
        "onsetDateTime": (day - timedelta(days=case.dice.integer(0, 3))).isoformat(),
        "recordedDate": day.isoformat(),
    }
    if over <= case.today:
        resource["abatementDateTime"] = over.isoformat()
    return case.chart.add(resource)


def _diagnosed(case: Case, disease: str, encounter: str, practitioner: str) -> Json:
    return {
        "resourceType": "Condition",
        "verificationStatus": status("condition-ver-status", "confirmed"),
        "code": diagnosis(disease),
        "subject": reference(case.patient),
        "encounter": reference(encounter),
        "recorder": reference(practitioner),
    }
