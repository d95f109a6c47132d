"""Who sees which fields of a person: the tables in `data/`, by roles and purposes, and by names of masks."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cache
from typing import Final

from xinglin.core.tables import rows_of
from xinglin.trust.masking.errors import UnknownMask

ANY: Final = "*"


class Shown(IntEnum):
    """How much of a field is seen, from all to nothing."""

    shown = 0
    partly = 1
    hidden = 2


@dataclass(frozen=True, slots=True)
class Masks:
    """How much is seen of each group of fields.

    `narrative` is text in which anything may stand, attachments included; where any other group isn't shown
    whole, it isn't shown either. `contact` are the people to turn to.
    """

    name: Shown = Shown.shown
    number: Shown = Shown.shown
    phone: Shown = Shown.shown
    address: Shown = Shown.shown
    birth_date: Shown = Shown.shown
    photo: Shown = Shown.shown
    narrative: Shown = Shown.shown
    contact: Shown = Shown.shown

    @property
    def nothing(self) -> bool:
        """Whether everything is shown."""
        return self == NOTHING

    def stricter(self, other: "Masks") -> "Masks":
        """Give what both leave open."""
        return _each(self, other, max)

    def milder(self, other: "Masks") -> "Masks":
        """Give what either leaves open."""
        return _each(self, other, min)

    @property
    def text(self) -> Shown:
        """How much of texts in which anything may stand is seen: nothing where anything else is masked."""
        return Shown.shown if self.nothing else Shown.hidden


def _each(one: Masks, other: Masks, choose: Callable[[Shown, Shown], Shown]) -> Masks:
    return Masks(*(choose(getattr(one, group), getattr(other, group)) for group in GROUPS))


GROUPS: Final = tuple(one.name for one in fields(Masks))
NOTHING: Final = Masks()
EVERYTHING: Final = Masks(*(Shown.hidden for _ in GROUPS))


def masks_for(roles: Iterable[str], purpose: str) -> Masks:
    """Give what somebody with these roles sees for a purpose: what any of the roles shows."""
    known = _roles()
    found: Masks | None = None
    for role in roles:
        masks = known.get((role, purpose)) or known.get((role, ANY))
        if masks is not None:
            found = masks if found is None else found.milder(masks)
    return known[ANY, ANY] if found is None else found


def masks_named(names: Iterable[str]) -> Masks:
    """Give what is left where all masks of these names apply. Raises UnknownMask."""
    known = _profiles()
    found = NOTHING
    for name in names:
        if name not in known:
            raise UnknownMask(name=name, known=", ".join(sorted(known)))
        found = found.stricter(known[name])
    return found


@cache
def _roles() -> Mapping[tuple[str, str], Masks]:
    return {(row["role"], row["purpose"]): _masks(row) for row in rows("roles.csv")}


@cache
def _profiles() -> Mapping[str, Masks]:
    return {row["mask"]: _masks(row) for row in rows("profiles.csv")}


def _masks(row: Mapping[str, str]) -> Masks:
    return Masks(*(Shown[row[group.replace("_", "-")]] for group in GROUPS))


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Give the rows of a table."""
    return tuple(rows_of("xinglin.trust.masking", "data", name))
