"""Tell each kind of event: what is measured, found, prescribed and written down."""

from collections.abc import Callable
from datetime import timedelta

from xinglin_demo import measurements
from xinglin_demo.conditions import disease
from xinglin_demo.course import FOLLOWED, Event
from xinglin_demo.documents import discharge_summary, report
from xinglin_demo.measurements import Target
from xinglin_demo.observations import blood_pressure, laboratory, vital
from xinglin_demo.orders import operate, prescribe
from xinglin_demo.visits import Case, Visit, hold_visit

CHEST = {
    True: "双肺纹理增多，右下肺见斑片状密度增高影，考虑炎症。",
    False: "双肺野清晰，心影大小、形态未见异常。",
}
ECG = {True: "窦性心律，ST-T改变，请结合临床。", False: "窦性心律，正常心电图。"}
"""Conclusions of reports, abnormal or not."""


def tell(case: Case, event: Event) -> None:
    """Put an event into the chart."""
    _TELLERS[event.kind](case, event)


def _followup(case: Case, event: Event) -> None:
    known = case.health.known(event.day)
    followed = [key for key in known if key in FOLLOWED]
    visit = hold_visit(case, event.institution, event.department, event.day, diseases=followed)
    _pressure(visit)
    vital(visit, "heartrate", case.dice.normal(76, 6))
    vital(visit, "weight", case.health.weight + case.dice.normal(0, 0.8))
    if "diabetes" in followed:
        _sugar(visit)
    for medicine in case.health.medicines(event.day):
        prescribe(visit, medicine)


def _checkup(case: Case, event: Event) -> None:
    known = case.health.known(event.day)
    reason = {"text": "健康体检"}
    visit = hold_visit(case, event.institution, event.department, event.day, diseases=known, reason=reason)
    weight = case.health.weight + case.dice.normal(0, 0.8)
    _pressure(visit)
    vital(visit, "heartrate", case.dice.normal(75, 6))
    vital(visit, "temperature", case.dice.normal(36.5, 0.15))
    vital(visit, "height", case.health.height)
    vital(visit, "weight", weight)
    vital(visit, "bmi", measurements.body_mass_index(case.health.height, weight))
    targets = _targets(case, known)
    for panel in ("blood", "liver", "kidney", "lipid"):
        laboratory(visit, panel, targets)
    if "hypothyroid" in known:
        laboratory(visit, "thyroid", targets)
    laboratory(visit, "urine", targets)
    _sugar(visit)
    report(visit, "ecg", ECG["coronary" in known])


def _acute(case: Case, event: Event) -> None:
    row = disease(event.disease)
    visit = hold_visit(case, event.institution, event.department, event.day, diseases=[event.disease])
    if row["fever"]:
        vital(visit, "temperature", case.dice.normal(36.8 + float(row["fever"]), 0.4))
        vital(visit, "heartrate", case.dice.normal(92 if case.person.age(event.day) >= 6 else 112, 7))
    elif case.person.age(event.day) >= 35:
        _pressure(visit)
    if event.institution != "village":
        for panel in row["panels"].split():
            laboratory(visit, panel, measurements.effects(row["effects"].split()))
    for medicine in case.health.usual(event.disease):
        prescribe(visit, medicine)


def _stay(case: Case, event: Event) -> None:
    row, dice = disease(event.disease), case.dice
    # A stay that would reach beyond today isn't told: a discharge can't lie in the future.
    nights = dice.integer(2, 9)
    if event.day + timedelta(days=nights) > case.today:
        return
    visit = hold_visit(
        case, "county", event.department, event.day, diseases=[event.disease], kind="IMP", nights=nights
    )
    vital(visit, "temperature", dice.normal(36.8 + float(row["fever"] or 0), 0.4))
    _pressure(visit)
    vital(visit, "heartrate", dice.normal(84, 8))
    vital(visit, "respiration", dice.normal(19, 1.5))
    targets = measurements.effects(row["effects"].split())
    for panel in row["panels"].split():
        laboratory(visit, panel, targets)
    report(visit, "chest", CHEST[event.disease == "pneumonia"])
    procedure = operate(visit, event.disease, event.day + timedelta(days=1))
    medicines = case.health.usual(event.disease)
    for medicine in medicines:
        prescribe(visit, medicine)
    discharge_summary(visit, event.disease, nights=nights, procedure=procedure, medicines=medicines)


def _wellchild(case: Case, event: Event) -> None:
    reason = {"text": "儿童健康检查"}
    visit = hold_visit(case, event.institution, event.department, event.day, diseases=[], reason=reason)
    years = (event.day - case.person.born).days / 365.25
    height, weight = measurements.growth(years, case.person.sex)
    # The ratio to the median stays with the child: a small child stays small.
    vital(visit, "height", height * case.health.height / (168 if case.person.sex == "male" else 157))
    vital(visit, "weight", weight + case.dice.normal(0, weight / 60))
    vital(visit, "temperature", case.dice.normal(36.7, 0.15))


def _pressure(visit: Visit) -> None:
    case, health = visit.case, visit.case.health
    systolic, diastolic = health.systolic, health.diastolic
    onset = health.onsets.get("hypertension")
    if onset and onset <= visit.day:
        months = (visit.day - onset).days / 30
        goal = (130, 80) if health.controlled else (148, 91)
        systolic = measurements.settling(systolic, goal[0], months)
        diastolic = measurements.settling(diastolic, goal[1], months)
    elif case.person.age(visit.day) < 14:
        systolic, diastolic = 90 + 2 * case.person.age(visit.day), 60.0
    blood_pressure(visit, case.dice.normal(systolic, 4), case.dice.normal(diastolic, 3))


def _sugar(visit: Visit) -> None:
    """Fasting glucose; HbA1c with it where the institution has a laboratory and the person diabetes."""
    case, health = visit.case, visit.case.health
    onset = health.onsets.get("diabetes")
    has_diabetes = onset is not None and onset <= visit.day
    hba1c = health.hba1c
    if onset is not None and has_diabetes:
        goal = 6.7 if health.controlled else 8.2
        hba1c = measurements.settling(hba1c, goal, (visit.day - onset).days / 30)
    hba1c = case.dice.normal(hba1c, 0.15)
    target: Target = (measurements.glucose_of(hba1c), 0.4) if has_diabetes else (5.2, 0.35)
    laboratory(visit, "glucose", {"glucose": target})
    if has_diabetes and visit.institution != "village":
        laboratory(visit, "hba1c", {"hba1c": (hba1c, 0.05)})


def _targets(case: Case, known: list[str]) -> dict[str, Target]:
    names = [name for key in known for name in disease(key)["effects"].split()]
    if case.health.controlled:
        names = ["treatedlipids" if name == "lipids" else name for name in names]
    elif "diabetes" in known:
        names.append("sugar")
    return measurements.effects(names)


_TELLERS: dict[str, Callable[[Case, Event], None]] = {
    "followup": _followup,
    "checkup": _checkup,
    "acute": _acute,
    "stay": _stay,
    "delivery": _stay,
    "wellchild": _wellchild,
}
