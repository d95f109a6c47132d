"""Which patients a rule is about: the specially labelled, one's household, the never treated, the self-made.

What is found is a reason to look, never a proof: a telephone that two people share makes them no family.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from xinglin.core.exact_json import Json
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key
from xinglin.hub.search.search import Asked
from xinglin.hub.sight.origins import origin_of
from xinglin.trust.log.alerts.rules import Rule
from xinglin.trust.log.entry import Agent
from xinglin.trust.policy.relations import INSTITUTION, related, same_people
from xinglin.trust.policy.standing import origins, own_places, standing
from xinglin.trust.policy.tables import Tables
from xinglin.trust.who import Who

_LEAST_ADDRESS: Final = 8
"""Letters that an address must have to name a home: `长沙市` is no household."""
_LEAST_PHONE: Final = 7


@dataclass(frozen=True, slots=True)
class Traits:
    """What tells a person, and who lives together: numbers (system, value), telephones, addresses."""

    numbers: frozenset[tuple[str, str]] = frozenset()
    phones: frozenset[str] = frozenset()
    homes: frozenset[str] = frozenset()

    def plus(self, other: "Traits") -> "Traits":
        """Give all of both."""
        return Traits(self.numbers | other.numbers, self.phones | other.phones, self.homes | other.homes)

    def household(self, other: "Traits") -> bool:
        """Tell whether both share a telephone or a home, and aren't evidently one person."""
        if self.numbers & other.numbers:
            return False
        return bool(self.phones & other.phones or self.homes & other.homes)


def traits(record: Mapping[str, Any]) -> Traits:
    """Read the traits of a Patient, Practitioner or RelatedPerson, with the persons to contact."""
    contacts: list[Json] = list(record.get("contact", ()))
    telecom = [*record.get("telecom", ()), *(one for each in contacts for one in each.get("telecom", ()))]
    address = [*record.get("address", ()), *(each["address"] for each in contacts if "address" in each)]
    return Traits(
        frozenset(
            (one["system"], one["value"])
            for one in record.get("identifier", ())
            if one.get("system") and one.get("value")
        ),
        frozenset(filter(None, (_phone(one) for one in telecom if one.get("system") in {"phone", "sms"}))),
        frozenset(filter(None, map(_home, address))),
    )


def _phone(telecom: Mapping[str, Any]) -> str:
    digits = "".join(letter for letter in str(telecom.get("value", "")) if letter.isdecimal())
    digits = digits.removeprefix("86") if len(digits) > 11 else digits
    return digits if len(digits) >= _LEAST_PHONE else ""


def _home(address: Mapping[str, Any]) -> str:
    given = address.get("text") or "".join(address.get("line", ()))
    told = "".join(str(given).split())
    return told if len(told) >= _LEAST_ADDRESS else ""


_MAKING: Final = ("Encounter", "EpisodeOfCare", "CareTeam", "ServiceRequest", "Appointment")
"""What tells that somebody treats a patient, or shall."""
_ANNOUNCING: Final = frozenset({"Appointment"})
"""What makes no relation by itself."""
_LATEST: Final = "50"


class Choosing:
    """Looks patients up for the rules, within one transaction; what was looked up once is remembered."""

    def __init__(self, hub: Hub, connection: Connection, tables: Tables) -> None:
        self._hub, self._connection, self._tables = hub, connection, tables
        self._records: dict[Key, Json] = {}
        self._agents: dict[str, Traits] = {}
        self._staff: dict[tuple[str, str], frozenset[str]] = {}
        self._treated: dict[tuple[str, str], bool] = {}
        self._made: dict[tuple[str, str], tuple[list[datetime], bool]] = {}

    async def chosen(self, rule: Rule, agent: Agent, patients: Sequence[str]) -> list[str]:
        """Give those of the patients that a rule is about."""
        if rule.patients == "any" or not patients:
            return list(patients)
        if rule.patients == "untreated":
            return [one for one in patients if not await self._is_treated(agent, one)]
        await self._fetch(Key("Patient", one) for one in patients)
        if rule.patients == "labelled":
            return [one for one in patients if self._labels(one) & rule.labels]
        if rule.patients == "family":
            own = await self._own(agent)
            return [one for one in patients if own.household(traits(self._patient(one)))]
        return [one for one in patients if await self._is_colleague(agent, one)]

    async def _fetch(self, keys: Iterable[Key]) -> None:
        missing = [key for key in keys if key not in self._records]
        found = await self._hub.store.current(self._connection, missing)
        for key in missing:
            record = found.get(key)
            self._records[key] = record.content if record and not record.deleted else {}

    def _patient(self, id_: str) -> Json:
        return self._records[Key("Patient", id_)]

    def _labels(self, id_: str) -> frozenset[tuple[str, str]]:
        codings: list[Json] = self._patient(id_).get("meta", {}).get("security", [])
        return frozenset((one.get("system", ""), one.get("code", "")) for one in codings)

    async def _own(self, agent: Agent) -> Traits:
        """Give the traits of whoever acts, as staff and as a patient."""
        if agent.id not in self._agents:
            named = (("Practitioner", agent.practitioner), ("Patient", agent.patient))
            keys = [Key(kind, id_) for kind, id_ in named if id_]
            await self._fetch(keys)
            own = Traits()
            for key in keys:
                own = own.plus(traits(self._records[key]))
            self._agents[agent.id] = own
        return self._agents[agent.id]

    async def _is_colleague(self, agent: Agent, patient: str) -> bool:
        """Tell whether a patient bears the number of another member of the staff."""
        own = await self._own(agent)
        for number in traits(self._patient(patient)).numbers - own.numbers:
            if await self._practitioners(number) - {agent.practitioner}:
                return True
        return False

    async def _practitioners(self, number: tuple[str, str]) -> frozenset[str]:
        if number not in self._staff:
            pairs = [("identifier", "|".join(map(_escaped, number)))]
            found = await self._hub.search(Asked(pairs, "Practitioner"), self._connection)
            self._staff[number] = frozenset(hit.record.key.id for hit in found.matches)
        return self._staff[number]

    async def _is_treated(self, agent: Agent, patient: str) -> bool:
        """Tell whether anything says that whoever acts, or the institution, has to do with a patient."""
        asked = (agent.id, patient)
        if asked not in self._treated:
            who = _who(agent)
            near = await related(self._hub, self._connection, who, [patient], self._tables)
            self._treated[asked] = bool(near - {INSTITUTION}) or await self._has_visited(agent, patient)
        return self._treated[asked]

    async def is_self_made(self, agent: Agent, patient: str, at: datetime) -> bool:
        """Tell whether only what whoever acts wrote shortly before says that they treat a patient.

        An appointment, a referral, or a visit that somebody else wrote down speaks for more than that.
        """
        source = f"urn:xinglin:{agent.id}"
        if (source, patient) not in self._made:
            people = (await same_people(self._connection, [patient])).get(patient, frozenset({patient}))
            about = ",".join(f"Patient/{one}" for one in sorted(people))
            self._made[source, patient] = await self._made_by(source, about, _who(agent))
        mine, others = self._made[source, patient]
        shortly = timedelta(hours=self._tables.value("self_made_hours"))
        return not others and any(at - shortly <= one <= at for one in mine)

    async def _made_by(self, source: str, about: str, who: Who) -> tuple[list[datetime], bool]:
        """Give when somebody wrote what makes a relation, and whether anybody else wrote such of them.

        What other institutions did says nothing of this one.
        """
        mine: list[datetime] = []
        own = await self._names(who)
        sources = await origins(self._connection, who)
        for kind in _MAKING:
            asked = Asked([("patient", about), ("_sort", "-_lastUpdated"), ("_count", _LATEST)], kind)
            for hit in (await self._hub.search(asked, self._connection)).matches:
                record = hit.record
                if record.content.get("meta", {}).get("source") == source:
                    mine += [record.updated] if kind not in _ANNOUNCING else []
                elif origin_of(record.content) in sources or any(one in (record.body or b"") for one in own):
                    return [], True
        return mine, False

    async def _names(self, who: Who) -> list[bytes]:
        """Give how records refer to somebody, and to their institution and department."""
        person = (await standing(self._hub, self._connection, who)).practitioners
        places = await own_places(self._hub, self._connection, who)
        return [f'"reference":"{one}"'.encode() for one in (*person.references, *places.references)]

    async def _has_visited(self, agent: Agent, patient: str) -> bool:
        people = (await same_people(self._connection, [patient])).get(patient, frozenset({patient}))
        subjects = ("subject", ",".join(f"Patient/{one}" for one in sorted(people)))
        for name, kind, id_ in (
            ("service-provider", "Organization", agent.institution),
            ("participant", "Practitioner", agent.practitioner),
        ):
            if id_:
                pairs = [subjects, (name, f"{kind}/{id_}"), ("_count", "1")]
                if (await self._hub.search(Asked(pairs, "Encounter"), self._connection)).matches:
                    return True
        return False


_ESCAPES: Final = {ord(letter): f"\\{letter}" for letter in "\\,$|"}


def _escaped(text: str) -> str:
    """Write a value so that its marks aren't read as separators."""
    return text.translate(_ESCAPES)


def _who(agent: Agent) -> Who:
    return Who(
        agent.id,
        "user",
        roles=frozenset(agent.roles),
        institution=agent.institution,
        department=agent.department,
        practitioner=agent.practitioner,
        patient=agent.patient,
    )
