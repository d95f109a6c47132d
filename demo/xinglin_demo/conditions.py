"""What a person has: long-lasting diseases with their onset, body measures, how well treatment works."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from xinglin_demo.dice import Dice
from xinglin_demo.fhir import ICD10, Json, concept
from xinglin_demo.people import Person
from xinglin_demo.tables import Row, rows_by, table

TREATMENT = {
    "hypertension": ["amlodipine"],
    "diabetes": ["metformin"],
    "lipids": ["atorvastatin"],
    "copd": ["salbutamol"],
    "coronary": ["aspirin", "atorvastatin"],
    "hypothyroid": ["levothyroxine"],
    "gout": ["allopurinol"],
}
"""Usual first medicine of each long-lasting disease: own choice, plausible, not advice."""
SECOND = {"hypertension": "valsartan", "diabetes": "gliclazide"}
"""Added when the first doesn't reach the goal."""


@dataclass
class Health:
    """A person's constitution. Pressures in mmHg, HbA1c in %, height in cm, weight in kg."""

    onsets: dict[str, date]
    controlled: bool
    height: float
    weight: float
    systolic: float
    diastolic: float
    hba1c: float
    references: dict[str, str] = field(default_factory=dict)
    """The Condition of each long-lasting disease, once it is in the chart."""
    avoid: set[str] = field(default_factory=set[str])
    """Medicines the person is allergic to."""

    def known(self, day: date) -> list[str]:
        """Long-lasting diseases that have been diagnosed by `day`."""
        return [disease for disease, onset in self.onsets.items() if onset <= day]

    def medicines(self, day: date) -> list[str]:
        """Give what the person takes for long on `day`, each once."""
        found = [medicine for disease in self.known(day) for medicine in TREATMENT[disease]]
        found += [SECOND[d] for d in self.known(day) if d in SECOND and not self.controlled]
        return list(dict.fromkeys(found))

    def usual(self, disease_key: str) -> list[str]:
        """Give the usual medicines of a short disease, without those the person is allergic to."""
        return [
            medicine for medicine in disease(disease_key)["medicines"].split() if medicine not in self.avoid
        ]


def disease(key: str) -> Row:
    """Give the row of a disease."""
    return rows_by("diseases", "key")[key]


def diagnosis(key: str) -> Json:
    """Give the code of a disease in ICD-10 with its Chinese name."""
    row = disease(key)
    return concept(ICD10, row["icd10"], row["name"], row["name"])


def health_of(person: Person, dice: Dice, today: date) -> Health:
    """Throw for a person's constitution."""
    onsets = {
        row["disease"]: _onset(dice, person, today)
        for row in table("prevalence")
        if _fits(row, person, today) and dice.chance(float(row["share"]))
    }
    male = person.sex == "male"
    height = dice.normal(168 if male else 157, 5.5) - max(0, person.age(today) - 60) / 10
    # People with high pressure or sugar are heavier on average.
    index = dice.normal(25.6 if {"hypertension", "diabetes"} & onsets.keys() else 23.2, 2.4)
    high = "hypertension" in onsets
    return Health(
        onsets=onsets,
        controlled=dice.chance(0.65),
        height=height,
        weight=max(17.0, index) * (height / 100 * (height / 100)),
        systolic=dice.normal(160, 8) if high else dice.normal(112, 6) + min(person.age(today), 80) / 8,
        diastolic=dice.normal(97, 5) if high else dice.normal(74, 5),
        hba1c=dice.normal(9.0, 0.8) if "diabetes" in onsets else dice.normal(5.4, 0.2),
    )


def _fits(row: Row, person: Person, today: date) -> bool:
    sex = disease(row["disease"])["sex"]
    return sex in {"any", person.sex} and int(row["age_from"]) <= person.age(today) <= int(row["age_to"])


def _onset(dice: Dice, person: Person, today: date) -> date:
    """Give some day of the last ten years, not before the person was thirty."""
    grown = date(person.born.year + 30, person.born.month, person.born.day)
    return max(grown, today - timedelta(days=dice.integer(120, 3650)))
