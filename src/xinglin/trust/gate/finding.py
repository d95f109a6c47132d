"""Finding a person: whoever stands before one has a number, or a name and a day of birth.

To find whom one will treat, everybody's names are open to search (`person.find`). Asked for less than one
person, such a search would page through the province.
"""

import re
from collections.abc import Iterable
from typing import Final

from xinglin.core.errors import TrustError

FIND: Final = "person.find"
"""The action of policies."""

_ALONE: Final = frozenset({"_id", "identifier", "phone", "telecom", "email"})
"""Search parameters that tell one person, or a household."""
_NAMES: Final = frozenset({"name", "family", "given", "phonetic"})
_MODIFIERS: Final = frozenset({"", "exact"})
_DAY: Final = re.compile(r"(eq)?\d{4}-\d{2}-\d{2}")
_LEAST: Final = 3
"""Signs that a number has at least."""
_MOST: Final = 10
"""Numbers that one search may ask for: a family at a desk, not a list."""


class Vague(TrustError):
    """A search for a person that tells no person."""

    code = "XL9509"
    message = "This search doesn't tell which person is meant."
    remedy = (
        "Search by a number (identifier, phone, email) or by a name together with the whole date of birth."
    )
    status = 400
    issue = "too-costly"


def refuse_vague(pairs: Iterable[tuple[str, str]]) -> None:
    """Raise Vague where search parameters tell neither a number nor a name with a day of birth."""
    given = [(name.partition(":"), value) for name, value in pairs]
    told = [(name, value) for (name, _, modifier), value in given if modifier in _MODIFIERS]
    numbered = any(name in _ALONE and _is_number(value) for name, value in told)
    named = any(name in _NAMES and value.strip(", ") for name, value in told)
    born = any(name == "birthdate" and _DAY.fullmatch(value) for name, value in told)
    if not numbered and not (named and born):
        raise Vague


def _is_number(value: str) -> bool:
    """Tell whether a value asks for some few numbers: none of them may be only a system, which all have."""
    several = value.split(",")
    return len(several) <= _MOST and all(len(one.rpartition("|")[2].strip()) >= _LEAST for one in several)
