"""Who sent a record, and where what it tells was done."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from xinglin.core.exact_json import Json
from xinglin.hub.lifelong.elements import member, objects
from xinglin.hub.lifelong.tables import shapes

_SOURCE: Final = re.compile(r"urn:xinglin:source:(?P<source>[^:#]+):(?P<delivery>\d+)#")


class Sender(msgspec.Struct, frozen=True):
    """Who delivered: the source, its institution (credit code and name), and the delivery's number.

    All empty for records that didn't come by intake.
    """

    source: str = ""
    institution: str = ""
    name: str = ""
    delivery: int = 0


class Place(msgspec.Struct, frozen=True):
    """An institution: what the record calls it (a reference or a number), and its name where it is known."""

    id: str = ""
    name: str = ""


NOWHERE: Final = Place()


class Places:
    """Senders and institutions of a person's records.

    `institutions` gives credit code and name by source, `organizations` names by `Organization/id`.
    """

    def __init__(self, institutions: Mapping[str, tuple[str, str]], organizations: Mapping[str, str]) -> None:
        self._institutions = institutions
        self._organizations = organizations
        self._senders: dict[tuple[str, str], Sender] = {}
        self._visits: dict[str, Place] = {}

    def learn(self, encounters: Iterable[Json]) -> None:
        """Learn where visits were, for the records made in them."""
        for one in encounters:
            self._visits[f"Encounter/{one['id']}"] = self.place(one, self.sender(one))

    def sender(self, content: Json) -> Sender:
        """Give who delivered a record."""
        source, delivery = source_of(content)
        found = self._senders.get((source, delivery))
        if found is None:
            code, name = self._institutions.get(source, ("", ""))
            found = Sender(source, code, name, int(delivery or 0))
            self._senders[source, delivery] = found
        return found

    def place(self, content: Json, sender: Sender) -> Place:
        """Give where it was done: what the record names, else where its visit was, else who sent it."""
        for provider in _providers(content):
            found = self._named(provider)
            if found is not None:
                return found
        encounter = content.get("encounter")
        if encounter is not None:
            visited = self._visits.get(str(member(encounter).get("reference") or ""))
            if visited is not None and visited != NOWHERE:
                return visited
        return Place(sender.institution, sender.name) if sender.institution else NOWHERE

    def _named(self, provider: Json) -> Place | None:
        target = str(provider.get("reference") or "")
        number = str(member(provider.get("identifier")).get("value") or "")
        name = self._organizations.get(target) or str(provider.get("display") or "")
        if target.startswith("Organization/") or number or (name and not target):
            return Place(target or number, name)
        return None


def source_of(content: Json) -> tuple[str, str]:
    """Give source and delivery that a record came with; empty where it didn't come by intake."""
    source = member(content.get("meta")).get("source")
    return _read(source) if isinstance(source, str) else ("", "")


@lru_cache(maxsize=16_384)
def _read(source: str) -> tuple[str, str]:
    found = _SOURCE.match(source)
    return (found["source"], found["delivery"]) if found else ("", "")


def organizations_of(content: Json) -> list[str]:
    """Give the Organizations that a record names as its institution."""
    targets = [str(one.get("reference") or "") for one in _providers(content)]
    return [one for one in targets if one.startswith("Organization/")]


def _providers(content: Json) -> list[Json]:
    name = shapes()[content["resourceType"]].provider
    value: Any = content.get(name) if name else None
    if value is None:
        return []
    found = objects(value)
    if isinstance(value, list):
        # Performers are people too, and a name alone doesn't tell which.
        return [one for one in found if str(one.get("reference") or "").startswith("Organization/")]
    return found
