"""What agreement is worth: a trained model, its JSON, and the score of one pair.

Every level of a comparison has three shares: `m` among pairs of one person, `u` among pairs of two people
that came together by chance, and `h` among pairs of two people of one household. A pair's odds are

    matches * product(m) / (chance * product(u) + households * product(h))

and the weight is their logarithm to base 2: `prior + sum(log2(m / u))`, as in Splink, less a household
correction `log2(1 + households * product(h) / (chance * product(u)))`. Where a value's frequency is known,
`u` of full agreement is that frequency instead of the average.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final, TypeAlias

import msgspec

from xinglin.core.i18n import Phrase
from xinglin.hub.identity.linkage.comparisons import MISSING
from xinglin.hub.identity.linkage.errors import UnusableModel

VERSION: Final = 1
"""Version of the model's form."""

Frequencies: TypeAlias = Mapping[str, float]
"""Comparison name to the share of people who have the value on which a pair agrees."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned of one comparison; a list has a share for each level from 0 (different) up.

    `chance` is the average u of full agreement over all people, to which a value's own frequency compares;
    0 where frequency doesn't count. `values` says how many different values there were.
    """

    name: str
    m: list[float]
    u: list[float]
    h: list[float]
    shared: bool
    chance: float = 0.0
    values: int = 0


@dataclass(frozen=True, slots=True)
class Model:
    """A trained model: shares of the three classes among candidate pairs, and what was learned."""

    matches: float
    chance: float
    households: float
    comparisons: list[Learned]
    people: int
    pairs: int
    trained: str
    splink: str
    version: int = VERSION
    rounds: int = 0

    def to_json(self) -> dict[str, object]:
        """Give it as JSON values."""
        return asdict(self)

    @property
    def prior(self) -> float:
        """The weight of a candidate pair of which nothing is known (bits)."""
        return math.log2(self.matches / self.chance)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one comparison adds to the weight (bits); `level` -1 is missing."""

    name: str
    level: int
    weight: float
    frequency: float = 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """A pair's weight (log2 of the odds), its probability, and what they are made of."""

    weight: float
    probability: float
    prior: float
    contributions: list[Contribution] = field(default_factory=list["Contribution"])
    household: float = 0.0


def score(levels: Mapping[str, int], model: Model, frequencies: Frequencies | None = None) -> Score:
    """Weigh one pair by its levels (comparison name to level, -1 where missing).

    Comparisons that the model doesn't know count for nothing.
    """
    prior = model.prior
    rival = math.log2(model.households / model.chance) if model.households else -math.inf
    parts: list[Contribution] = []
    for one in model.comparisons:
        level = levels.get(one.name, MISSING)
        if level == MISSING:
            parts.append(Contribution(one.name, MISSING, 0.0))
            continue
        _check(one, level)
        rarity = _rarity(one, level, (frequencies or {}).get(one.name))
        parts.append(Contribution(one.name, level, math.log2(one.m[level] / one.u[level]), rarity))
        rival += math.log2(one.h[level] / one.u[level]) + (rarity if one.shared else 0.0)
    household = 0.0 - _log2_of_one_and(rival)
    weight = prior + sum(part.weight + part.frequency for part in parts) + household
    return Score(weight, probability(weight), prior, parts, household)


def probability(weight: float) -> float:
    """Turn a weight in bits into a probability."""
    if weight < 0:
        return 2.0 ** max(weight, -1000.0) / (1 + 2.0 ** max(weight, -1000.0))
    return 1 / (1 + 2.0 ** -min(weight, 1000.0))


def weight_of(chance: float) -> float:
    """Turn a probability (above 0, below 1) into a weight in bits."""
    return math.log2(chance / (1 - chance))


def read_model(content: object) -> Model:
    """Take a model from its JSON (bytes, or the values); raises UnusableModel."""
    text = content if isinstance(content, bytes) else msgspec.json.encode(content)
    try:
        model = msgspec.json.decode(text, type=Model)
    except msgspec.MsgspecError as error:
        raise UnusableModel(detail=Phrase("it isn't a model of this version ({why})", why=error)) from error
    if model.version != VERSION:
        raise UnusableModel(detail=Phrase("it is of version {version}", version=model.version))
    shares = [(one.m, one.u, one.h) for one in model.comparisons]
    is_whole = model.matches > 0 and model.chance > 0 and model.households >= 0
    if not is_whole or not all(_are_shares(*lists) for lists in shares):
        raise UnusableModel(detail=Phrase("its shares must be above 0, and as many in each class"))
    return model


def _are_shares(*lists: list[float]) -> bool:
    return len({len(one) for one in lists}) == 1 and all(0 < share <= 1 for one in lists for share in one)


def _check(one: Learned, level: int) -> None:
    if not 0 <= level < len(one.m):
        raise UnusableModel(detail=Phrase("it has no level {level} of {name}", level=level, name=one.name))


def _rarity(one: Learned, level: int, frequency: float | None) -> float:
    """Give what rarity adds (bits), for full agreement on a value of known frequency."""
    if not one.chance or not frequency or level != len(one.m) - 1:
        return 0.0
    return math.log2(one.chance / frequency)


def _log2_of_one_and(exponent: float) -> float:
    """Give log2(1 + 2 ** exponent), without overflow."""
    if exponent > 50:
        return exponent
    return math.log2(1 + 2.0**exponent) if exponent > -1000 else 0.0
