"""A person's bundle read back as what institutions know: who came, what was found, ordered and written.

The bundles of `province` are the one source of the invented people; whoever sends data of them reads this.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from types import MappingProxyType

from xinglin_demo.fhir import Json
from xinglin_demo.identifiers import HEALTH_RECORD, RESIDENT
from xinglin_demo.province import DEFAULT_TODAY, province
from xinglin_demo.tables import Row, rows_by, table

PRESSURE = "85354-9"
HOSPITALS = ("city", "county", "tcm")
"""Who really saw a patient of the county's hospital: people go here and there, and have a number at each."""


@dataclass(frozen=True)
class Staff:
    """Who works at an institution."""

    number: str
    name: str


@dataclass(frozen=True)
class Diagnosis:
    """A disease by its code in ICD-10; `since` is the day it was first seen."""

    code: str
    name: str
    since: str


@dataclass(frozen=True)
class Result:
    """A laboratory result: `value` as written, `flag` H, L, N or empty, `reference` such as 3.5-9.5."""

    item: Row
    value: str
    flag: str
    reference: str


@dataclass(frozen=True)
class Report:
    """A report: of the laboratory with results, else with a conclusion in words. `panel` is its row."""

    panel: Row
    results: tuple[Result, ...]
    conclusion: str


@dataclass(frozen=True)
class Prescription:
    """A medicine as it was ordered: amount and unit at a time, times a day, route by CV06.00.102, days."""

    name: str
    atc: str
    amount: str
    unit: str
    unit_code: str
    per_day: int
    route: str
    route_name: str
    days: int


@dataclass(frozen=True)
class Operation:
    """A procedure, by ICD-9-CM-3, and its day."""

    code: str
    name: str
    day: str


@dataclass(frozen=True)
class Vaccination:
    """A dose given; `place` is the institution of the province that gave it."""

    row: Row
    day: str
    lot: str
    place: str
    staff: Staff


@dataclass
class Visit:
    """A visit; `place` is who saw the person: city, county, tcm, township or village."""

    number: str
    place: str
    department: str
    stay: bool
    reason: str
    start: datetime
    end: datetime
    staff: Staff
    diagnoses: tuple[Diagnosis, ...]
    pressure: tuple[str, str] | None = None
    vitals: dict[str, str] = field(default_factory=dict[str, str])
    """Vital signs by their key in `tables/vitals.csv`, as written."""
    reports: list[Report] = field(default_factory=list[Report])
    prescriptions: list[Prescription] = field(default_factory=list[Prescription])
    operations: list[Operation] = field(default_factory=list[Operation])


@dataclass(frozen=True)
class Story:
    """All that is known of person `index` (from 0)."""

    index: int
    name: str
    sex: str
    born: date
    resident_number: str
    record_number: str
    phone: str
    address: str
    mother: str
    allergies: tuple[tuple[str, str, str], ...]
    """Code by CV05.01.038, name and the day it was recorded."""
    visits: tuple[Visit, ...]
    vaccinations: tuple[Vaccination, ...]

    def number_at(self, place: str) -> str:
        """Give the number by which an institution knows the person: each counts in its own way."""
        row = rows_by("numbering", "place")[place]
        return f"{row['prefix']}{(self.index + 1) * int(row['step']) + int(row['start']):0{row['width']}d}"

    def at(self, *places: str) -> list[Visit]:
        """Give the visits to any of some places."""
        return [visit for visit in self.visits if visit.place in places]

    def age(self, day: date) -> int:
        """Whole years on a day."""
        return day.year - self.born.year - ((day.month, day.day) < (self.born.month, self.born.day))


def stories(people: int, seed: int = 20261121, today: date = DEFAULT_TODAY) -> Iterator[Story]:
    """Give the story of each person, one after another."""
    bundles = province(people, seed, today)
    staff = _staff(next(bundles))
    for index, bundle in enumerate(islice(bundles, people)):
        yield _Reader(bundle, staff).story(index)


def _staff(bundle: Json) -> MappingProxyType[str, Staff]:
    return MappingProxyType(
        {
            f"Practitioner/{one['id']}": Staff(one["identifier"][0]["value"], one["name"][0]["text"])
            for one in (entry["resource"] for entry in bundle["entry"])
            if one["resourceType"] == "Practitioner"
        }
    )


class _Reader:
    """One bundle's records by type and by what refers to them."""

    def __init__(self, bundle: Json, staff: MappingProxyType[str, Staff]) -> None:
        self._staff = staff
        self._by_address: dict[str, Json] = {one["fullUrl"]: one["resource"] for one in bundle["entry"]}

    def _all(self, kind: str) -> list[tuple[str, Json]]:
        return [(url, one) for url, one in self._by_address.items() if one["resourceType"] == kind]

    def story(self, index: int) -> Story:
        patient = self._all("Patient")[0][1]
        numbers = {one["system"]: one["value"] for one in patient["identifier"]}
        mother = next((one["name"][0]["text"] for _, one in self._all("RelatedPerson")), "")
        return Story(
            index=index,
            name=patient["name"][0]["text"],
            sex=patient["gender"],
            born=date.fromisoformat(patient["birthDate"]),
            resident_number=numbers[RESIDENT],
            record_number=numbers[HEALTH_RECORD],
            phone=patient["telecom"][0]["value"],
            address=patient["address"][0]["line"][0],
            mother=mother,
            allergies=tuple(
                (one["code"]["coding"][0]["code"], one["code"]["text"], one["recordedDate"])
                for _, one in self._all("AllergyIntolerance")
            ),
            visits=self._visits(index),
            vaccinations=tuple(self._vaccination(one) for _, one in self._all("Immunization")),
        )

    def _visits(self, index: int) -> tuple[Visit, ...]:
        visits: dict[str, Visit] = {}
        for order, (url, one) in enumerate(self._all("Encounter")):
            visits[url] = self._visit(one, index + order)
        for _, one in self._all("Observation"):
            _measured(visits[one["encounter"]["reference"]], one)
        for _, one in self._all("DiagnosticReport"):
            visits[one["encounter"]["reference"]].reports.append(self._report(one))
        for _, one in self._all("MedicationRequest"):
            visits[one["encounter"]["reference"]].prescriptions.append(_prescription(one))
        for _, one in self._all("Procedure"):
            code = one["code"]["coding"][0]
            done = Operation(code["code"], one["code"]["text"], one["performedDateTime"])
            visits[one["encounter"]["reference"]].operations.append(done)
        return tuple(visits.values())

    def _visit(self, one: Json, turn: int) -> Visit:
        place = one["serviceProvider"]["reference"].removeprefix("Organization/demo-")
        found = [self._by_address[each["condition"]["reference"]] for each in one.get("diagnosis", ())]
        return Visit(
            number=one["identifier"][0]["value"],
            place=HOSPITALS[turn % len(HOSPITALS)] if place == "county" else place,
            department=one["serviceType"]["text"],
            stay=one["class"]["code"] == "IMP",
            reason=one["reasonCode"][0]["text"] if one["reasonCode"] else "随访",
            start=datetime.fromisoformat(one["period"]["start"]),
            end=datetime.fromisoformat(one["period"]["end"]),
            staff=self._staff[one["participant"][0]["individual"]["reference"]],
            diagnoses=tuple(
                Diagnosis(each["code"]["coding"][0]["code"], each["code"]["text"], each["onsetDateTime"])
                for each in found
            ),
        )

    def _report(self, one: Json) -> Report:
        results = [self._by_address[each["reference"]] for each in one.get("result", ())]
        panel = rows_by("panels", "name")[one["code"]["text"]]
        return Report(panel, tuple(_result(each) for each in results), one.get("conclusion", ""))

    def _vaccination(self, one: Json) -> Vaccination:
        key = one["vaccineCode"]["text"], str(one["protocolApplied"][0]["doseNumberPositiveInt"])
        row = next(row for row in table("vaccines") if (row["product"], row["dose"]) == key)
        place = one["location"]["reference"].removeprefix("Location/demo-")
        staff = self._staff[one["performer"][0]["actor"]["reference"]]
        return Vaccination(row, one["occurrenceDateTime"], one["lotNumber"], place, staff)


def _measured(visit: Visit, one: Json) -> None:
    code = one["code"]["coding"][0]["code"]
    if code == PRESSURE:
        upper, lower = (str(part["valueQuantity"]["value"]) for part in one["component"])
        visit.pressure = (upper, lower)
    elif code in rows_by("vitals", "loinc"):
        visit.vitals[rows_by("vitals", "loinc")[code]["key"]] = str(one["valueQuantity"]["value"])


def _result(one: Json) -> Result:
    item = rows_by("items", "loinc")[one["code"]["coding"][0]["code"]]
    value = one["valueCodeableConcept"]["text"] if "valueCodeableConcept" in one else ""
    flag = one["interpretation"][0]["coding"][0]["code"] if "interpretation" in one else ""
    return Result(item, value or str(one["valueQuantity"]["value"]), flag, _reference(one))


def _reference(one: Json) -> str:
    if "referenceRange" not in one:
        return ""
    low, high = (one["referenceRange"][0].get(side, {}).get("value") for side in ("low", "high"))
    if low is None:
        return f"<={high}"
    return f">={low}" if high is None else f"{low}-{high}"


def _prescription(one: Json) -> Prescription:
    dosage = one["dosageInstruction"][0]
    amount = dosage["doseAndRate"][0]["doseQuantity"]
    route = dosage["route"]
    return Prescription(
        name=one["medicationCodeableConcept"]["text"],
        atc=one["medicationCodeableConcept"]["coding"][0]["code"],
        amount=str(amount["value"]),
        unit=amount["unit"],
        unit_code=amount["code"],
        per_day=dosage["timing"]["repeat"]["frequency"],
        route=route["coding"][0]["code"],
        route_name=route["text"],
        days=int(one["dispenseRequest"]["expectedSupplyDuration"]["value"]),
    )
