"""Which medicines a person takes at present, and which of them nobody has confirmed for long."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.hub.lifelong.agree import codes_agree
from xinglin.hub.lifelong.elements import member
from xinglin.hub.lifelong.gathering import Person
from xinglin.hub.lifelong.periods import period_end
from xinglin.hub.lifelong.same import Fact, same_facts
from xinglin.hub.lifelong.statements import Statement
from xinglin.hub.lifelong.tables import rows, rules

_KINDS: Final = frozenset({"MedicationRequest", "MedicationStatement"})
_TAKEN: Final = frozenset({"active", "on-hold", "unknown", "intended", ""})
"""Statuses of medicines that may be taken at present."""
_ENDED: Final = frozenset({"stopped", "cancelled"})
"""Statuses that end the order whose number they bear; that a part was completed doesn't."""
_NOT_ORDERED: Final = frozenset({"proposal", "plan", "option"})


def listed_facts(person: Person, today: str) -> list[Fact]:
    """Give the facts that lists are chosen from; `today` is a FHIR date.

    Medicines that aren't taken at present are left out before records are joined: whatever is over may be
    newer, and may never hide what is still taken.
    """
    ends = _ends([*person.statements, *person.cancelled])
    present = (
        one
        for one in person.statements
        if one.type not in _KINDS or (is_taken(one.content, today) and not _is_ended(one, ends))
    )
    return same_facts(present, rules("list"))


def is_taken(content: Json, today: str) -> bool:
    """Tell whether a medicine may be taken at present, as far as its record says."""
    end = _end_of(content)
    return (
        str(content.get("status") or "") in _TAKEN
        and str(content.get("intent") or "") not in _NOT_ORDERED
        and content.get("doNotPerform") is not True
        and (end is None or end[:10] >= today[: len(end[:10])])
    )


def unconfirmed_since(fact: Fact, today: str) -> str:
    """Give the date of an order without an end that is long past; empty where it is recent or has an end."""
    content = fact.shown.content
    if fact.shown.type != "MedicationRequest" or not is_taken(content, today) or _end_of(content) is not None:
        return ""
    ordered = fact.shown.start[:10]
    oldest = (date.fromisoformat(today) - timedelta(days=_limit())).isoformat()
    return ordered if ordered and ordered < oldest[: len(ordered)] else ""


Ends = Mapping[tuple[str, str], Sequence[Statement]]
"""What was stopped or cancelled, by type and number."""


def _ends(statements: Iterable[Statement]) -> Ends:
    found: dict[tuple[str, str], list[Statement]] = {}
    for one in statements:
        if one.type in _KINDS and one.status in _ENDED:
            for number in one.numbers:
                found.setdefault((one.type, number), []).append(one)
    return found


def _is_ended(one: Statement, ends: Ends) -> bool:
    """Tell whether another record ends this very order: its number, and the same medicine and dose.

    One number may be a whole prescription's; and a number without a system says nothing.
    """
    return any(
        codes_agree(one, end) and (not one.dose or not end.dose or one.dose == end.dose)
        for number in one.numbers
        if not number.startswith("|")
        for end in ends.get((one.type, number), ())
    )


def _end_of(content: Json) -> str | None:
    """Give until when a medicine goes, where that is said."""
    supply = member(content.get("dispenseRequest"))
    for period in (content.get("effectivePeriod"), supply.get("validityPeriod")):
        end = member(period).get("end")
        if end:
            return str(end)
    return period_end(content)


@cache
def _limit() -> int:
    (row,) = (row for row in rows("limits.csv") if row["limit"] == "unconfirmed")
    return int(row["days"])
