"""Invented names with the look of real ones: surnames by true frequency, given names from character lists."""

from xinglin_demo.dice import Dice
from xinglin_demo.fhir import Json
from xinglin_demo.tables import groups_by, table

TWO_CHARACTER_SHARE = 0.03
"""Families with a two-character surname such as 欧阳. Truly about 0.1 %; more here, so that a few show."""
DOTTED_SHARE = 0.02
"""Families whose names are written with `·`, given name first, then the father's."""


def surname(dice: Dice) -> str:
    """Give a surname; one or two characters."""
    length = 2 if dice.chance(TWO_CHARACTER_SHARE) else 1
    rows = [row for row in table("surnames") if len(row["surname"]) == length]
    return dice.weighted([row["surname"] for row in rows], [float(row["per_million"]) for row in rows])


def given(dice: Dice, sex: str, born: int) -> str:
    """Give a given name of one or two characters, by sex and year of birth."""
    rows = groups_by("given_characters", "sex")[sex]
    characters = next(
        row["characters"] for row in rows if int(row["born_from"]) <= born <= int(row["born_to"])
    )
    first = dice.pick(characters)
    if dice.chance(0.2):
        return first
    return first + dice.pick(characters)


def dotted(dice: Dice, sex: str) -> str:
    """Give a given name of a family whose names are written with `·`."""
    return dice.pick([row["name"] for row in groups_by("dotted_names", "sex")[sex]])


def human_name(family: str, given_name: str) -> Json:
    """Give a FHIR HumanName. Written with `·`, a name has no surname: both parts are given names."""
    if "·" in given_name:
        return {"use": "official", "text": given_name, "given": given_name.split("·")}
    return {"use": "official", "text": family + given_name, "family": family, "given": [given_name]}
