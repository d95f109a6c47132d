"""The search parameters of `/fhir/AuditEvent`, and its answer (http://hl7.org/fhir/R4/auditevent.html#search).

An agent is asked for by the id of Who (`agent=user:wang`) or as `agent=Practitioner/ID`, an action by FHIR's
letter (`action=R`) or the gate's word (`subtype=search`).
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from xinglin.core.exact_json import dumps
from xinglin.hub.bundles import Link, bundle, entry
from xinglin.hub.search.errors import BadPage
from xinglin.standards.search.dates import DEFAULT_ZONE, MAX_TIME, MIN_TIME, date_range
from xinglin.standards.search.errors import BadValue, EmptyValue, UnknownParameter
from xinglin.trust.log.auditevent import OUTCOMES, audit_event, events
from xinglin.trust.log.find import Asked, Found, Place

PARAMETERS: Final = (
    "_id",
    "patient",
    "agent",
    "date",
    "action",
    "outcome",
    "entity",
    "subtype",
    "client",
    "session",
)
PAGE: Final = ("_count", "_after", "_format", "_pretty", "_total")
DEFAULT_COUNT: Final = 50
MOST: Final = 1_000
MOST_VALUES: Final = 200

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CRUDE: Final = frozenset("CRUDE")
_OUTCOME_CODES: Final = {code: name for name, (code, _) in OUTCOMES.items()}


def read_asked(pairs: Iterable[tuple[str, str]], zone: str = DEFAULT_ZONE) -> tuple[Asked, Place | None, int]:
    """Read search parameters; give what is asked, from behind which place, and how many.

    A value may hold several with commas between, any of which will do. Raises SearchError.
    """
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in {*PARAMETERS, *PAGE}:
            raise UnknownParameter(type="AuditEvent", name=name, nearest="patient")
        if not value:
            raise EmptyValue(name=name)
        if name in given and name != "date":
            raise BadValue(value=value, name=name, kind="token", example=f"{name}=a,b")
        given.setdefault(name, []).extend(value.split(",") if name != "date" else [value])
    since, until = _dates(given.get("date", []), zone)
    asked = Asked(
        patients=_ids(given, "patient", "Patient"),
        agents=tuple(one for one in given.get("agent", ()) if "/" not in one),
        practitioners=tuple(
            one.removeprefix("Practitioner/") for one in given.get("agent", ()) if "/" in one
        ),
        clients=tuple(given.get("client", ())),
        sessions=tuple(given.get("session", ())),
        entities=tuple(given.get("entity", ())),
        actions=_actions(given),
        outcomes=_outcomes(given.get("outcome", ())),
        numbers=tuple(_number("_id", one) for one in given.get("_id", ())),
        since=since,
        until=until,
    )
    return asked, _place(given.get("_after", [])), _count(given.get("_count", []))


def _ids(given: dict[str, list[str]], name: str, kind: str) -> tuple[str, ...]:
    return tuple(one.removeprefix(f"{kind}/") for one in given.get(name, ()))


def _actions(given: dict[str, list[str]]) -> tuple[str, ...]:
    """Give the gate's words for FHIR's letters (`action`) and for words (`subtype`); both must hold."""
    crude, named = given.get("action", []), given.get("subtype", [])
    for one in crude:
        if one not in _CRUDE:
            raise BadValue(value=one, name="action", kind="token", example="action=R")
    words = {word for word, event in events().items() if event.crude in crude}
    if not crude:
        return tuple(named)
    return tuple(sorted(words & set(named) if named else words)) or ("-",)


def _outcomes(values: Sequence[str]) -> tuple[str, ...]:
    for one in values:
        if one not in _OUTCOME_CODES:
            raise BadValue(value=one, name="outcome", kind="token", example="outcome=4")
    return tuple(_OUTCOME_CODES[one] for one in values)


def _number(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise BadValue(value=text, name=name, kind="number", example=f"{name}=17")
    return int(text)


def _count(values: Sequence[str]) -> int:
    return min(max(_number("_count", values[0]), 1), MOST) if values else DEFAULT_COUNT


def _dates(values: Sequence[str], zone: str) -> tuple[datetime | None, datetime | None]:
    """Give from when and up to when, by FHIR's prefixes; an entry is an instant, so nothing overlaps."""
    low, high = MIN_TIME, MAX_TIME
    for value in values:
        prefix, text = (value[:2], value[2:]) if value[:2].isalpha() else ("eq", value)
        try:
            wanted = date_range(text, zone)
        except ValueError:
            raise BadValue(value=value, name="date", kind="date", example="date=ge2026-11-01") from None
        if prefix in {"eq", "ge", "sa", "gt"}:
            low = max(low, wanted.high if prefix in {"sa", "gt"} else wanted.low)
        if prefix in {"eq", "le", "lt", "eb"}:
            high = min(high, wanted.low if prefix in {"lt", "eb"} else wanted.high)
        if prefix not in {"eq", "ge", "sa", "gt", "le", "lt", "eb"}:
            raise BadValue(value=value, name="date", kind="date", example="date=ge2026-11-01")
    return _moment(low), _moment(high)


def _moment(micros: int) -> datetime | None:
    if micros in {MIN_TIME, MAX_TIME}:
        return None
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return None


def write_place(place: Place) -> str:
    """Write where a page ends, for the link to the next."""
    return f"{(place[0] - _EPOCH) // timedelta(microseconds=1)}-{place[1]}"


def _place(values: Sequence[str]) -> Place | None:
    if not values:
        return None
    at, dash, number = values[0].partition("-")
    if not (dash and at.isdecimal() and number.isdecimal() and len(at) < 18 and len(number) < 19):
        raise BadPage
    moment = _moment(int(at))
    if moment is None:
        raise BadPage
    return moment, int(number)


def searchset(
    found: Found, *, origin: str, base: str, pairs: Sequence[tuple[str, str]], total: int | None = None
) -> bytes:
    """Make the Bundle of a page. `base` is the hub's FHIR address, `pairs` what was asked for this page."""
    address = f"{base}/AuditEvent"
    links = [Link("self", f"{address}?{urlencode(pairs)}" if pairs else address)]
    if found.after:
        kept = [one for one in pairs if one[0] != "_after"]
        links.append(Link("next", f"{address}?{urlencode([*kept, ('_after', write_place(found.after))])}"))
    entries = [
        entry(
            dumps(audit_event(one.number, one.told, origin)),
            full_url=f"{address}/{one.number}",
            search={"mode": "match"},
        )
        for one in found.entries
    ]
    return bundle("searchset", entries, links=links, total=total)
