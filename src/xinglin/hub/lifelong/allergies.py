"""Allergies beside the word that there are none (`tables/no_known.csv`)."""

from collections.abc import Mapping, Sequence
from functools import cache

from xinglin.hub.lifelong.same import Fact
from xinglin.hub.lifelong.tables import rows


def parted(facts: Sequence[Fact]) -> tuple[Sequence[Fact], Sequence[Fact]]:
    """Give the facts to be listed, and each "no known allergy" that an allergy which stands contradicts."""
    if not any(_stands(one) for one in facts):
        return facts, ()
    denials = [one for one in facts if _denies(one)]
    return [one for one in facts if one not in denials], denials


def _stands(fact: Fact) -> bool:
    """Tell whether somebody says that an allergy is there, and not that it is over."""
    if fact.shown.type != "AllergyIntolerance" or _says_none(fact):
        return False
    return any(not one.standing.denied and one.standing.course != "over" for one in fact.statements)


def _denies(fact: Fact) -> bool:
    return _says_none(fact) and not fact.shown.standing.denied


def _says_none(fact: Fact) -> bool:
    """Tell whether a fact is that there is no allergy; a code of an allergy beside it makes it one."""
    systems = {code.rpartition("|")[0] for code in _none()}
    found = [code for code in fact.shown.codes if code.rpartition("|")[0] in systems]
    return bool(found) and all(code in _none() for code in found)


@cache
def _none() -> Mapping[str, str]:
    return {row["code"]: row["display"] for row in rows("no_known.csv")}
