"""An identifier that was understood, and how the schemes that understand them look."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from xinglin.core.clock import now
from xinglin.standards.identifiers.divisions import Division
from xinglin.standards.identifiers.faults import Fault, WrongForm, fault
from xinglin.standards.identifiers.kinds import Kind
from xinglin.standards.identifiers.text import compact

Sex = Literal["male", "female"]

LONGEST = 200
"""Characters that are looked at at most; no identifier is nearly as long."""

FEWEST_HIDDEN = 4
"""Characters that `mask` hides at least; of shorter numbers it shows nothing."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier in its normal form, with what the number itself tells.

    `born` and `sex` are what the number says, not what is known of the person. `nationality` is as written
    in the number: ISO 3166-1, three letters or three digits. `parts` names further pieces in the words of
    the standard.
    """

    kind: Kind
    value: str
    born: date | None = None
    sex: Sex | None = None
    division: Division | None = None
    nationality: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Terms:
    """How strictly to read, and on which day; see `Scheme.parse`."""

    strict: bool
    today: date


def today_in_china() -> date:
    """Give the calendar day in China (UTC+8), which birth dates are compared with."""
    return (now() + timedelta(hours=8)).date()


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """All that can be done with identifiers of one kind."""

    kind: Kind
    read: Callable[[str, Terms], Identifier]
    """Reads normalised text; raises WrongForm."""
    invent: Callable[[int], str]
    clean: Callable[[str], str] = compact
    shown: tuple[int, int] | None = (0, 0)
    """How many characters `mask` leaves at the start and the end; None where nothing need be hidden."""

    def parse(self, text: str, *, strict: bool = False, today: date | None = None) -> Identifier | Fault:
        """Understand `text`, or say what is wrong with it.

        `strict` refuses divisions and telephone ranges that no table known here has; tables age, so leave
        it off where records must not be lost. `today` is what birth dates are compared with (by default
        today in China).
        """
        try:
            if len(text) > LONGEST:
                raise WrongForm("length", found=len(text), expected=f"≤ {LONGEST}")
            cleaned = self.clean(text)
            if not cleaned:
                raise WrongForm("empty")
            return self.read(cleaned, Terms(strict, today or today_in_china()))
        except WrongForm as wrong:
            return fault(self.kind, wrong)

    def is_valid(self, text: str, *, strict: bool = False, today: date | None = None) -> bool:
        """Tell whether `parse` understands `text`."""
        return isinstance(self.parse(text, strict=strict, today=today), Identifier)

    def normalise(self, text: str) -> str:
        """Undo what keyboards, spreadsheets and copying do to identifiers, without judging what is left."""
        return self.clean(text)

    def mask(self, text: str) -> str:
        """Give what may be shown to those who needn't know it all; of what isn't understood, nothing."""
        cleaned = self.clean(text[:LONGEST])
        if not self.is_valid(text):
            return "*" * len(cleaned)
        if self.shown is None:
            return cleaned
        start, end = self.shown
        hidden = len(cleaned) - start - end
        if hidden < FEWEST_HIDDEN:
            return "*" * len(cleaned)
        return cleaned[:start] + "*" * hidden + cleaned[len(cleaned) - end :]

    def invented(self, seed: int) -> str:
        """Give a number of the right form that can't be anybody's; the same `seed`, the same number."""
        return self.invent(seed)
