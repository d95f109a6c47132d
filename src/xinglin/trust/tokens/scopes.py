"""SMART scopes: read strictly, narrowed, asked (http://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html).

A clinical scope is `patient|user|system/Type.cruds?name=value&…`; the forms of version 1 (`.read`, `.write`,
`.*`) mean `.rs`, `.cud` and `.cruds`. What stands after `?` restricts it as a search would; several
parameters must all hold. Restrictions look at one record alone: no chains, no `_has`, nothing that shapes
an answer; a restriction on `*` is refused, as parameters differ between types.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, Self, cast
from urllib.parse import quote, unquote_plus

from xinglin.core.i18n import Phrase
from xinglin.trust.tokens.errors import ScopeTooNarrow, WrongScope

Level = Literal["patient", "user", "system"]
Interaction = Literal[
    "create",
    "read",
    "vread",
    "history-instance",
    "update",
    "patch",
    "delete",
    "search-type",
    "search-system",
    "history-type",
    "history-system",
]
Pairs = tuple[tuple[str, str], ...]

EVERY: Final = "*"
LETTERS: Final = "cruds"
LETTER: Final[dict[Interaction, str]] = {
    "create": "c",
    "read": "r",
    "vread": "r",
    "history-instance": "r",
    "update": "u",
    "patch": "u",
    "delete": "d",
    "search-type": "s",
    "search-system": "s",
    "history-type": "s",
    "history-system": "s",
}
"""By FHIR interaction: the letter that allows it."""

FIRST_VERSION: Final = {"read": "rs", "write": "cud", EVERY: LETTERS}
WORDS: Final = frozenset({"openid", "fhirUser", "launch", "launch/patient", "offline_access"})
"""What is granted beside clinical scopes."""

UNGRANTED: Final = frozenset({"profile", "online_access", "launch/encounter"})
"""What SMART knows too, and this hub doesn't grant: left out silently, as the specification has it."""

MOST_SCOPES: Final = 100
MOST_LETTERS: Final = 8_000
MOST_PARAMETERS: Final = 8
_SAFE: Final = ":/|,-._~$@"
_OF_RECORDS: Final = frozenset({"_id", "_lastUpdated", "_profile", "_security", "_source", "_tag"})
_FORM: Final = re.compile(
    r"(?P<level>patient|user|system)/(?P<type>\*|[A-Z][A-Za-z]{1,63})\.(?P<may>[a-z]{1,5}|\*)(?:\?(?P<query>.+))?"
)
_LETTERS: Final = re.compile("c?r?u?d?s?")
_NAME: Final = re.compile(r"(_?[a-z][A-Za-z0-9-]{0,62})(:[a-z][a-z-]{0,15})?")
_TOKEN: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""The letters of a scope (RFC 6749, 3.3)."""


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """One clinical scope; `may` holds letters of "cruds" in order, `query` sorted search parameters."""

    level: Level
    type: str
    may: str
    query: Pairs = ()

    def __str__(self) -> str:
        restricted = "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in self.query)
        return f"{self.level}/{self.type}.{self.may}" + (f"?{restricted}" if restricted else "")

    def covers(self, other: "Scope") -> bool:
        """Tell whether all that `other` allows is allowed by this one."""
        return (
            self.level == other.level
            and self.type in (other.type, EVERY)
            and set(self.may) >= set(other.may)
            and set(self.query) <= set(other.query)
        )

    def meet(self, other: "Scope") -> "Scope | None":
        """Give what both allow; None where that is nothing."""
        may = "".join(letter for letter in LETTERS if letter in self.may and letter in other.may)
        types = {self.type, other.type}
        if self.level != other.level or not may or (len(types) > 1 and EVERY not in types):
            return None
        query = tuple(sorted({*self.query, *other.query}))
        if len(query) > MOST_PARAMETERS:
            return None  # too narrow to be written down: nothing is allowed rather than too much
        return Scope(self.level, other.type if self.type == EVERY else self.type, may, query)


class Scopes:
    """A set of scopes, without those that others cover."""

    def __init__(self, clinical: Iterable[Scope] = (), words: Iterable[str] = ()) -> None:
        self.clinical = _reduced(clinical)
        self.words = frozenset(words)

    @classmethod
    def parse(cls, written: str | Sequence[str]) -> Self:
        """Read scopes with spaces between them, or one by one. Raises WrongScope."""
        each = written.split(" ") if isinstance(written, str) else written
        each = [one for one in each if one]
        if len(each) > MOST_SCOPES or sum(map(len, each)) > MOST_LETTERS:
            detail = Phrase("at most {most} scopes are read", most=MOST_SCOPES)
            raise WrongScope(scope=_shown(each[0]), detail=detail)
        clinical = [_read(one) for one in each if one not in WORDS and one not in UNGRANTED]
        return cls(clinical, WORDS.intersection(each))

    def __iter__(self) -> Iterator[str]:
        """Give each as it is written, in one order."""
        yield from sorted(self.words)
        yield from map(str, self.clinical)

    def __str__(self) -> str:
        return " ".join(self)

    def __repr__(self) -> str:
        return f"Scopes({str(self)!r})"

    def __bool__(self) -> bool:
        return bool(self.clinical or self.words)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scopes) and (self.clinical, self.words) == (other.clinical, other.words)

    def __hash__(self) -> int:
        return hash((self.clinical, self.words))

    def narrowed(self, other: "Scopes") -> "Scopes":
        """Give what both allow."""
        met = (one.meet(another) for one in self.clinical for another in other.clinical)
        return Scopes((one for one in met if one is not None), self.words & other.words)

    def covers(self, other: "Scopes") -> bool:
        """Tell whether all that `other` allows is allowed by these, scope by scope."""
        return self.words >= other.words and all(
            any(one.covers(asked) for one in self.clinical) for asked in other.clinical
        )

    def at(self, *levels: Level) -> "Scopes":
        """Give the clinical scopes of these levels, and the words."""
        return Scopes((one for one in self.clinical if one.level in levels), self.words)

    def permits(self, type_: str, interaction: Interaction) -> tuple[Scope, ...]:
        """Give the scopes that allow this; any of them will do. Empty: none does.

        `type_` is "*" for what concerns every type. A record must answer the `query` of one of them, and lie
        in the launch patient's compartment where its level is "patient".
        """
        letter = LETTER[interaction]
        return tuple(one for one in self.clinical if one.type in (type_, EVERY) and letter in one.may)

    def allows(self, type_: str, interaction: Interaction) -> bool:
        """Tell whether the interaction is allowed, if maybe for some records only."""
        return bool(self.permits(type_, interaction))

    def restrictions(self, type_: str, interaction: Interaction) -> list[Pairs]:
        """Give the searches of which a record must answer one; empty: no search restricts it.

        Whether the launch patient restricts it is told by `permits`. Raises ScopeTooNarrow where nothing is
        allowed, lest no restriction be taken for no limit.
        """
        found = self.permits(type_, interaction)
        if not found:
            raise ScopeTooNarrow(interaction=interaction, type=type_, letter=LETTER[interaction])
        queries = sorted({one.query for one in found})
        return [] if () in queries else queries

    @property
    def needs_patient(self) -> bool:
        """Whether they are worth something for one chosen patient only."""
        return "launch/patient" in self.words or any(one.level == "patient" for one in self.clinical)


@lru_cache(maxsize=1_024)
def parsed(written: tuple[str, ...]) -> Scopes:
    """Read the scopes of a token, as `Who.scopes` has them."""
    return Scopes.parse(written)


def _reduced(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """Leave out what others cover."""
    found = sorted(set(scopes))
    return tuple(one for one in found if not any(other.covers(one) for other in found if other is not one))


def _read(text: str) -> Scope:
    found = _FORM.fullmatch(text) if _TOKEN.fullmatch(text) else None
    if found is None:
        raise _wrong(text, Phrase("it must be like user/Observation.rs"))
    level, type_, may, query = found["level"], found["type"], found["may"], found["query"]
    may = FIRST_VERSION.get(may, may)
    if not _LETTERS.fullmatch(may):
        raise _wrong(text, Phrase("after the dot stand letters of cruds in this order, or read, write or *"))
    if query and type_ == EVERY:
        raise _wrong(text, Phrase("a restriction needs one type"))
    return Scope(cast("Level", level), type_, may, _pairs(text, query))


def _pairs(text: str, query: str | None) -> Pairs:
    """Read a restriction. Raises WrongScope."""
    parts = [part.partition("=") for part in query.split("&")] if query else []
    if len(parts) > MOST_PARAMETERS:
        raise _wrong(text, Phrase("at most {most} parameters may restrict it", most=MOST_PARAMETERS))
    return tuple(sorted({(_name(text, name), _value(text, value)) for name, _sign, value in parts}))


def _name(text: str, name: str) -> str:
    found = _NAME.fullmatch(name)
    if found is None or (name.startswith("_") and found[1] not in _OF_RECORDS):
        detail = Phrase(
            "{name} can't restrict a scope: it must be a search parameter of the record", name=name
        )
        raise _wrong(text, detail)
    return name


def _value(text: str, written: str) -> str:
    try:
        value = unquote_plus(written, errors="strict")
    except UnicodeDecodeError:
        value = ""
    if not value or not value.isprintable():
        raise _wrong(text, Phrase("a parameter needs a value that can be printed"))
    return value


def _wrong(text: str, detail: Phrase) -> WrongScope:
    return WrongScope(scope=_shown(text), detail=detail)


def _shown(text: str) -> str:
    """Give of what was sent as much as can stand in an answer."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:80])
