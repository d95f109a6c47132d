"""Doors: which action each address of the hub is about, by the table routes.csv of the policies."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from xinglin.trust.gate.errors import UnknownDoor

ANY: Final = "*"
"""The group stands for whatever records the request is about."""

RECORDS: Final = frozenset(
    {"read", "search", "write", "delete", "person.find", "person.cross", "audit.read", "emergency.ask"}
)
"""Actions that are decided for each record or person they are about, not at the door."""


@dataclass(frozen=True, slots=True)
class Door:
    """An address: its action and the group of what it is about."""

    name: str
    action: str
    group: str

    @property
    def by_record(self) -> bool:
        """Whether it is decided record by record."""
        return self.action in RECORDS


def door(routes: Mapping[str, tuple[str, str]], name: str, method: str) -> Door:
    """Give the door of an interaction; by one method where the table says so (`name:POST`).

    Raises UnknownDoor: an interaction that nobody thought of stays shut.
    """
    found = routes.get(f"{name}:{method}") or routes.get(name)
    if found is None:
        raise UnknownDoor(name=name)
    return Door(name, *found)
