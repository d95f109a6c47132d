"""What rules may ask of a record beyond FHIRPath: `%lag_hours`, `%days`, `%age`, `%identity_valid` and so on.

Every variable is there for every record; where it has nothing to say it is empty.

| variable | what it says |
|---|---|
| `%lag_hours` | hours from the complete event to the first receipt; empty where no day is named |
| `%ahead_hours` | hours that the complete event lies after this version was stored: the future |
| `%days` | days from the start to the end of a visit |
| `%age` | Patient: whole years at the first receipt |
| `%identity_given`, `%identity_valid` | Patient: has national identity numbers; all of them are valid |
| `%identity_born`, `%identity_sex` | Patient: birth dates and sexes that valid numbers tell |
| `%identity_residents` | Patient: how many different valid resident identity numbers there are |
| `%phones_wrong` | Patient: telephone numbers that aren't valid; empty where there is none |
| `%credit_valid` | Organization: has a valid unified social credit code |
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Final, cast

from xinglin.core.exact_json import Json
from xinglin.hub.quality.ruleset import Event
from xinglin.standards.fhirpath import Compiled
from xinglin.standards.identifiers import SCHEMES, Fault, Identifier, Kind, read

VARIABLES: Final = (
    *(
        "lag_hours",
        "ahead_hours",
        "days",
        "age",
        "identity_given",
        "identity_valid",
        "identity_born",
        "identity_sex",
    ),
    *("identity_residents", "phones_wrong", "credit_valid"),
)
EARLIEST: Final = date(1900, 1, 1)
"""Events dated before this day, or after the day of receipt, are counted on the day of receipt."""

_NATIONAL: Final = frozenset(
    {
        *(Kind.RESIDENT, Kind.HK_MACAO_RESIDENCE, Kind.TAIWAN_RESIDENCE, Kind.PERMANENT_RESIDENCE),
        *(Kind.HK_MACAO_TRAVEL, Kind.TAIWAN_TRAVEL, Kind.PASSPORT),
    }
)
_EMPTY: Final[Mapping[str, Any]] = dict.fromkeys(VARIABLES, cast("list[Any]", []))


def moment(text: object, zone: tzinfo) -> datetime | None:
    """Read a FHIR dateTime to its latest instant; None where it doesn't name the day."""
    if not isinstance(text, str) or len(text) < 10:
        return None
    try:
        if len(text) == 10:
            return datetime.combine(date.fromisoformat(text), time.max, zone).astimezone(UTC)
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):  # no day, or beyond the calendar
        return None


def first(expressions: tuple[Compiled, ...], content: Json, zone: tzinfo) -> datetime | None:
    """Give the first moment that one of `expressions` finds."""
    for expression in expressions:
        for value in expression.values(content):
            found = moment(value, zone)
            if found is not None:
                return found
    return None


def day_of(event: Event | None, content: Json, received: datetime, zone: tzinfo) -> date:
    """Give the day a record is counted on: when it happened, else when it was first received."""
    here = received.astimezone(zone).date()
    happened = first(event.day, content, zone) if event else None
    if happened is None:
        return here
    day = _day(happened, zone)
    return day if day is not None and EARLIEST <= day <= here else here


def _day(happened: datetime, zone: tzinfo) -> date | None:
    try:
        return happened.astimezone(zone).date()
    except OverflowError:  # the first or the last year of the calendar
        return None


def variables(content: Json, event: Event | None, received: datetime, zone: tzinfo) -> Mapping[str, Any]:
    """Give the variables of a record that was first received at `received`."""
    found: dict[str, Any] = dict(_EMPTY)
    complete = first(event.complete, content, zone) if event else None
    if complete is not None:
        meta: Json = content.get("meta") or {}
        stored = moment(meta.get("lastUpdated"), zone) or received
        found["lag_hours"] = [_hours(received - complete)]
        found["ahead_hours"] = [_hours(complete - stored)]
    kind = content["resourceType"]
    if kind == "Patient":
        found.update(_patient(content, received.astimezone(zone).date()))
    elif kind == "Encounter":
        found["days"] = _days(content, zone)
    elif kind == "Organization":
        found["credit_valid"] = [any(_is_credit(one) for one in _objects(content, "identifier"))]
    return found


def _hours(span: timedelta) -> Decimal:
    return Decimal(round(span.total_seconds())) / 3600


def _days(content: Json, zone: tzinfo) -> list[Decimal]:
    period: Json = content.get("period") or {}
    start, end = moment(period.get("start"), zone), moment(period.get("end"), zone)
    return [_hours(end - start) / 24] if start and end else []


def _objects(content: Json, key: str) -> list[Json]:
    return cast("list[Json]", content.get(key) or [])


def national(content: Json) -> tuple[list[Identifier], int]:
    """Give a patient's valid national identity numbers, and how many others aren't valid."""
    answers = [read(one) for one in _objects(content, "identifier")]
    known = [one for one in answers if one is not None and one.kind in _NATIONAL]
    valid = [one for one in known if isinstance(one, Identifier)]
    return valid, len(known) - len(valid)


def _patient(content: Json, today: date) -> dict[str, Any]:
    valid, wrong = national(content)
    found: dict[str, Any] = {
        "identity_given": [bool(valid) or wrong > 0],
        "identity_valid": [wrong == 0] if valid or wrong else [],
        "identity_born": [one.born.isoformat() for one in valid if one.born],
        "identity_sex": [one.sex for one in valid if one.sex],
        "identity_residents": [len({one.value for one in valid if one.kind is Kind.RESIDENT})],
    }
    phones = [one.get("value") for one in _objects(content, "telecom") if one.get("system") == "phone"]
    if phones:
        wrong = sum(isinstance(SCHEMES[Kind.PHONE].parse(str(one or "")), Fault) for one in phones)
        found["phones_wrong"] = [wrong]
    born = content.get("birthDate")
    if isinstance(born, str) and len(born) >= 4:
        text = f"{today:%Y-%m-%d}"[: len(born)]
        found["age"] = [int(text[:4]) - int(born[:4]) - (text[4:] < born[4:])]
    return found


def _is_credit(identifier: Json) -> bool:
    value = identifier.get("value")
    return isinstance(value, str) and SCHEMES[Kind.CREDIT_CODE].is_valid(value)
