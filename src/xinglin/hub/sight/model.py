"""What may be seen of the hub, as a plain value: every function that reads records takes one.

A record is seen if one view admits it and no exclusion takes it away. Whoever makes a sight decides; here is
only what was decided. The same value is judged in SQL (`conditions`) and on one record (`judge`), equally.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

Label = tuple[str, str]
"""System and code of a coding in `meta.security`; compared as tokens are searched, codes without case."""

Restrictions = Mapping[str, tuple[str, ...]]
"""By resource type, search queries without "?": a record must answer one of its type's."""

Blind = Mapping[str, frozenset[str]]
"""By resource type, search parameters by which nobody may search, sort or chain. "*" stands for all types."""


@dataclass(frozen=True, slots=True)
class View:
    """Records that may be seen: all that fulfil everything said here; None says nothing.

    `types` are resource types. A record with any of `without_labels` isn't admitted. `patients` are ids:
    the record is one of these Patients or lies in their compartment; records that can't be in a Patient's
    compartment (Organization, Practitioner, ValueSet …) are admitted unless they name another Patient.
    `origins` are those that the hub got the record from: "source:his", "client:app-7" (see `origins`).
    `also` narrows the types that it names (SMART scopes: `{"Observation": ("category=laboratory",)}`); a type
    with no query at all is then not seen.
    """

    types: frozenset[str] | None = None
    without_labels: frozenset[Label] = frozenset()
    patients: frozenset[str] | None = None
    origins: frozenset[str] | None = None
    also: Restrictions | None = field(default=None, hash=False)


@dataclass(frozen=True, slots=True)
class Without:
    """Records that may not be seen whatever a view says: all that fulfil everything said here.

    `patients` as in `View`, but only records in their compartment; `labels`: any of them. `consents` are
    marks of rules (`hub.consents`): the record is of a person who has a consent that says one of them.
    `records` are single ones, as "Observation/1". One that says nothing hides everything.
    """

    patients: frozenset[str] | None = None
    labels: frozenset[Label] | None = None
    types: frozenset[str] | None = None
    origins: frozenset[str] | None = None
    consents: frozenset[int] | None = None
    records: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What may be seen: what one of `views` admits and none of `without` takes away.

    `blind` names search parameters that would tell what masking hides.
    """

    views: tuple[View, ...] = ()
    without: tuple[Without, ...] = ()
    blind: Blind = field(default_factory=dict[str, frozenset[str]], hash=False)

    @property
    def whole(self) -> bool:
        """Whether everything may be seen, so that nothing need be judged."""
        return not self.without and OPEN in self.views

    def hidden_parameters(self, resource_type: str) -> frozenset[str]:
        """Give the search parameters of a type that may not be used."""
        return self.blind.get(resource_type, frozenset()) | self.blind.get("*", frozenset())


OPEN: Final = View()
"""Admits every record."""

EVERYTHING: Final = Sight((OPEN,))
"""Nothing is hidden: what the hub itself sees at its own work."""

NOTHING: Final = Sight()
"""No record is seen."""
