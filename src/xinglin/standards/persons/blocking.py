"""Blocking keys: two records are compared only where they share one.

`RULES` names the columns whose values make a key together; a record that lacks one of them has no such key.
In SQL a rule is equality of its columns.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Final

from xinglin.standards.persons.features import Features

RULES: Final[tuple[tuple[str, ...], ...]] = (
    ("identity_short",),
    ("identity",),
    ("document",),
    ("insured",),
    ("card",),
    ("birth", "surname_like"),
    ("birth", "given_like"),
    ("birth", "given_shape", "sex"),
    ("birth", "given_first"),
    ("birth", "given_last"),
    ("birth", "phone"),
    ("birth", "mother_sound"),
    ("birth", "mother_identity"),
    ("birth", "street", "house"),
    ("phone", "given_like"),
    ("phone", "surname_like", "birth_year"),
    ("surname_like", "given_like", "birth_year"),
    ("surname_like", "given_like", "street"),
    ("given_like", "street", "house"),
)
"""Which columns make a key together. Addresses often lack the county, so divisions are in none."""


_ALONE: Final = tuple((f"{at}:", rule[0]) for at, rule in enumerate(RULES) if len(rule) == 1)
_TOGETHER: Final[tuple[tuple[str, Callable[[Features], tuple[str | int | None, ...]]], ...]] = tuple(
    (f"{at}:", attrgetter(*rule)) for at, rule in enumerate(RULES) if len(rule) > 1
)


def blocking_keys(features: Features) -> list[str]:
    """Give the keys of a record: the rule's place in `RULES`, `:` and the values joined with `|`."""
    keys = [f"{rule}{value}" for rule, name in _ALONE if (value := getattr(features, name)) is not None]
    for rule, values in _TOGETHER:
        found = values(features)
        if None not in found:
            keys.append(rule + "|".join(map(str, found)))
    return keys
