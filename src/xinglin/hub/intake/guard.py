"""Facts that must not be joined to the record they name: a number given to another person since.

A result on the wrong person's record is worse than a refusal, so intake refuses what evidently speaks of
somebody else; borrowed and re-used numbers are for a person to decide.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from xinglin.core.errors import IntakeError
from xinglin.core.exact_json import Json
from xinglin.hub.intake.order import Stamp
from xinglin.standards.conversion import Mode
from xinglin.standards.identifiers import Fault, Kind, read, short_form

CLOCKS_DIFFER = timedelta(days=1)
"""How far a source's clock or zone may lie before the hub's."""


class AnotherPerson(IntakeError):
    """The record is evidently another person's."""

    code = "XL7010"
    message = "{key} is another person here: {differences} differ."
    remedy = (
        "Check who this number belongs to. If the number was given to a new person, send that person under a "
        "number of their own; if the stored person is wrong, correct it first, then replay this."
    )
    issue = "conflict"


class AnotherSource(IntakeError):
    """The id belongs to records of another institution."""

    code = "XL7011"
    message = "{key} is a record of the source {owner}."
    remedy = "Have this source's ids made its own (`xinglin source add … --ids own`), then replay this."
    issue = "conflict"


class FromTheFuture(IntakeError):
    """The source gives a time that hasn't come yet."""

    code = "XL7012"
    message = "{key} is dated {time}, which hasn't come yet."
    remedy = "Correct the clock or the time zone of the source, and send it again."
    issue = "value"


def refuse_future(key: object, time: datetime | None, received: datetime) -> None:
    """Raise FromTheFuture for a source time after the delivery's arrival."""
    if time is not None and time > received + CLOCKS_DIFFER:
        raise FromTheFuture(key=key, time=time.isoformat())


def refuse_foreign(key: object, stored: Stamp, arriving: Stamp, namespaces: Mapping[str, str]) -> None:
    """Raise AnotherSource where a record belongs to a source that doesn't share its numbers with this one."""
    if stored.source and stored.source != arriving.source:
        owner, sender = namespaces.get(stored.source), namespaces.get(arriving.source)
        if owner != sender:
            raise AnotherSource(key=key, owner=stored.source)


def refuse_another_person(key: object, stored: Json, arriving: Json, mode: Mode) -> None:
    """Raise AnotherPerson where two of identity number, birth date and name speak against one person.

    Only what both sides say is compared, and a name only where it is the name as a whole.
    """
    if stored.get("resourceType") != "Patient" or (mode is Mode.MERGE and "link" in arriving):
        return
    differences = list(_differences(stored, arriving))
    if len(differences) > 1:
        raise AnotherPerson(key=key, differences=", ".join(differences))


def _differences(stored: Json, arriving: Json) -> Iterator[str]:
    one, other = _identity_numbers(stored), _identity_numbers(arriving)
    if one and other and not one & other:
        yield "identifier"
    born, others_born = stored.get("birthDate"), arriving.get("birthDate")
    if born and others_born and not _agree(born, others_born):
        yield "birthDate"
    names, others = _names(stored), _names(arriving)
    if names and others and not names & others:
        yield "name"


def _agree(one: Any, other: Any) -> bool:
    """Tell whether two values agree as far as both are precise."""
    return str(one).startswith(str(other)) or str(other).startswith(str(one))


def _names(patient: Json) -> set[str]:
    return {"".join(text.split()) for name in _elements(patient, "name") if (text := _full_name(name))}


def _full_name(name: Json) -> str:
    """Give a name's letters in an order of their own: family or given name may come first."""
    given = name.get("given", [])
    parts = [*cast("list[Any]", given if isinstance(given, list) else []), name.get("family")]
    return _letters(parts) or _letters([name.get("text")])


def _letters(parts: Iterable[Any]) -> str:
    return "".join(sorted("".join(part for part in parts if isinstance(part, str)).casefold()))


def _elements(patient: Json, name: str) -> list[Json]:
    """Give an array's objects; where a source's records aren't checked, anything may stand in its place."""
    value = patient.get(name)
    return (
        [one for one in cast("list[Any]", value) if isinstance(one, dict)] if isinstance(value, list) else []
    )


def _identity_numbers(patient: Json) -> set[str]:
    found: set[str] = set()
    for identifier in _elements(patient, "identifier"):
        number = read(identifier)
        if number is not None and not isinstance(number, Fault) and number.kind is Kind.RESIDENT:
            found.add(_short(number.value))
    return found


def _short(number: str) -> str:
    """Give the form in which a number of 15 and one of 18 characters are the same."""
    return (short_form(number) if len(number) == 18 else None) or number
