"""Purposes as consent knows them: which is part of which, and which law puts above consent."""

from collections.abc import Mapping
from functools import cache

from xinglin.core.tables import rows_of


def is_above_consent(purpose: str) -> bool:
    """Tell whether a law lets data be used for a purpose whatever a person has decided."""
    return _table().get(purpose, {}).get("overrides") == "yes"


def is_own(purpose: str) -> bool:
    """Tell whether a purpose is to look at the own data, which no consent closes."""
    return _table().get(purpose, {}).get("overrides") == "own"


def wider(purpose: str) -> frozenset[str]:
    """Give the purpose with all that it is part of."""
    found = {purpose}
    while broader := _table().get(purpose, {}).get("broader", ""):
        found.add(broader)
        purpose = broader
    return frozenset(found)


@cache
def _table() -> Mapping[str, Mapping[str, str]]:
    return {row["purpose"]: row for row in rows_of("xinglin.trust.consent", "data", "purposes.csv")}
