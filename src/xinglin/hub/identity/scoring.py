"""What a model says of a pair: how many bits each field weighs, and the probability that they are one person.

Fellegi and Sunter (1969): a level of a field weighs log2(m/u); weights and prior add up. Fields that a side
doesn't know weigh nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log2
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.hub.identity.tables import first_model
from xinglin.standards.persons import FIELDS, Features, levels

PRIOR: Final = -22.0
"""Bits for two people taken at random: one in four million, a guess until a model is trained (unverified)."""
LINK: Final = 12.0
"""From here on the first model links: one wrong pair in 4,000 if its guesses were right (unverified)."""
REVIEW: Final = 3.0
"""From here on a person looks at the pair (unverified)."""
PRIOR_FIELD: Final = "prior"
"""In place of a field: what is said before anything is compared."""
HOUSEHOLD_FIELD: Final = "household"
"""In place of a field: what is taken back, as another of the household could agree in it too."""
HOUSEHOLD_MOST: Final = 10.0
"""What phone, address and mother's name weigh together at most: families share them all."""
SHARED: Final = frozenset({"phone", "address", "mother"})


@dataclass(frozen=True, slots=True)
class Scored:
    """A pair's weight in bits, the probability, and by field the level and what it contributes.

    The contributions add up to the weight: prior and household are among them, as fields of level 0.
    """

    weight: float
    probability: float
    fields: Mapping[str, tuple[int, float]]

    def evidence(self) -> Json:
        """Give it as JSON."""
        return {
            "fields": [
                {"field": name, "level": level, "weight": round(bits, 2)}
                for name, (level, bits) in self.fields.items()
            ]
        }


@dataclass(frozen=True, slots=True)
class Model:
    """A model with its thresholds in bits: from `link` on it links, from `review` on a person looks."""

    score: Callable[[Features, Features], Scored]
    link: float
    review: float
    version: int = 0


def first() -> Model:
    """Give the model that holds until one is trained on the province's own data."""
    return Model(_score, LINK, REVIEW)


def probability(weight: float) -> float:
    """Give the probability that a weight in bits means."""
    return 1.0 if weight > 60 else 2.0**weight / (1.0 + 2.0**weight)


def _score(one: Features, other: Features) -> Scored:
    known = first_model()
    fields: dict[str, tuple[int, float]] = {}
    for name, level in zip(FIELDS, levels(one, other), strict=True):
        if level is not None and (pair := known.get(name, {}).get(level)):
            fields[name] = (level, log2(pair[0] / pair[1]))
    shared = sum(bits for name, (_, bits) in fields.items() if name in SHARED)
    return added_up(PRIOR, fields, 0.0 - max(0.0, shared - HOUSEHOLD_MOST))


def added_up(prior: float, fields: Mapping[str, tuple[int, float]], household: float) -> Scored:
    """Give the sum of prior, fields and what the household takes back (0 or less), with all of them."""
    weight = prior + sum(bits for _, bits in fields.values()) + household
    parts = {PRIOR_FIELD: (0, prior), **fields}
    if household:
        parts[HOUSEHOLD_FIELD] = (0, household)
    return Scored(weight, probability(weight), parts)
