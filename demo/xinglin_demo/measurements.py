"""Draw plausible measurements: numbers only, no FHIR. Units are those of the tables `items` and `vitals`."""

from collections.abc import Mapping

from xinglin_demo.dice import Dice
from xinglin_demo.tables import Row, groups_by, rows_by, table

Target = tuple[float, float]
"""Mean and standard deviation to draw from instead of the healthy ones."""

_HEALTHY: Mapping[str, Target] = {
    "crp": (2.5, 0.8),
    "hba1c": (5.4, 0.25),
    "glucose": (5.2, 0.35),
    "cholesterol": (4.5, 0.4),
    "triglycerides": (1.2, 0.25),
    "hdl": (1.35, 0.2),
}
"""Where the middle of the reference range isn't the usual healthy value (own choice)."""


def bounds(item: Row, sex: str) -> tuple[float | None, float | None]:
    """Give the reference range of an adult; None where one side is open."""
    low, high = item[f"low_{sex}"], item[f"high_{sex}"]
    return float(low) if low else None, float(high) if high else None


def effects(names: list[str]) -> dict[str, Target]:
    """Give what illnesses do to laboratory items, by the rows of `tables/effects.csv`; later names win."""
    return {
        row["item"]: (float(row["mean"]), float(row["spread"]))
        for name in names
        for row in table("effects")
        if row["effect"] == name
    }


def panel(dice: Dice, name: str, sex: str, targets: Mapping[str, Target]) -> dict[str, float]:
    """Values of the items of one panel; those that depend on each other agree."""
    values = {row["key"]: _draw(dice, row, sex, targets) for row in groups_by("items", "panel")[name]}
    if name == "blood":
        # Haematocrit from haemoglobin at a usual MCHC of 335 g/L; red cells from that and their mean volume.
        values["haematocrit"] = values["haemoglobin"] / 335
        values["rbc"] = values["haematocrit"] * 1000 / values["mcv"]
        values["lymphocytes"] = max(5.0, 92 - values["neutrophils"] + dice.normal(0, 1))
    if name == "lipid":
        # Friedewald in mmol/L (Clin Chem 1972;18:499): LDL = TC - HDL - TG/2.2.
        values["ldl"] = max(0.8, values["cholesterol"] - values["hdl"] - values["triglycerides"] / 2.2)
    return values


def _draw(dice: Dice, item: Row, sex: str, targets: Mapping[str, Target]) -> float:
    mean, spread = targets.get(item["key"]) or _HEALTHY.get(item["key"]) or _middle(item, sex)
    return max(dice.normal(mean, spread), mean / 5)


def _middle(item: Row, sex: str) -> Target:
    low, high = bounds(item, sex)
    if high is None:
        raise ValueError(f"items.csv: {item['key']} needs an upper limit or a healthy value")
    bottom = high / 3 if low is None else low
    return (bottom + high) / 2, (high - bottom) / 6


def glucose_of(hba1c: float) -> float:
    """Fasting glucose in mmol/L that goes with an HbA1c in %.

    Average glucose is 1.59 HbA1c - 2.59 (ADAG study, Diabetes Care 2008;31:1473, unverified); fasting is
    taken 0.8 lower (own choice).
    """
    return 1.59 * hba1c - 2.59 - 0.8


def settling(start: float, goal: float, months: float) -> float:
    """How a value moves from `start` towards `goal` over months of treatment: half way in two."""
    return goal + (start - goal) / (1 + months / 2)


def growth(years: float, sex: str) -> tuple[float, float]:
    """Median height (cm) and weight (kg) of a child, between the rows of `tables/growth.csv`."""
    rows = table("growth")
    after = next((row for row in rows if float(row["age"]) > years), rows[-1])
    before = [row for row in rows if float(row["age"]) <= years][-1]
    span = float(after["age"]) - float(before["age"])
    part = (years - float(before["age"])) / span if span else 0.0

    def between(column: str) -> float:
        return float(before[column]) + part * (float(after[column]) - float(before[column]))

    return between(f"height_{sex}"), between(f"weight_{sex}")


def body_mass_index(height: float, weight: float) -> float:
    """Kilograms per square metre from cm and kg."""
    return weight / (height / 100 * (height / 100))


def vital_row(key: str) -> Row:
    """Give the row of a vital sign."""
    return rows_by("vitals", "key")[key]
