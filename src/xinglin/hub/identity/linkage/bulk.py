"""The full pass for the hub: weigh all candidate pairs of many persons at once, and score single pairs.

`link_all` needs the extra `identity`; `scorer` doesn't: a trained model is arithmetic.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from xinglin.hub.identity.linkage.blocking import block
from xinglin.hub.identity.linkage.comparisons import MISSING
from xinglin.hub.identity.linkage.database import database, rows
from xinglin.hub.identity.linkage.describing import enter_people
from xinglin.hub.identity.linkage.engine import engine
from xinglin.hub.identity.linkage.model import Model, Score, probability, score
from xinglin.hub.identity.linkage.profiles import PERSONS, known_columns
from xinglin.hub.identity.linkage.scoring import count_values, score_pairs
from xinglin.hub.identity.linkage.training import train
from xinglin.standards.persons import FIELDS, Features, levels

KEPT = -2.0
"""Weight (bits) from which a pair is given back: probability 0.2."""

Scorer: TypeAlias = Callable[[Features, Features], Score]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A pair of ids (the lesser first), its weight in bits and its probability."""

    first: str
    second: str
    weight: float
    probability: float


@dataclass(frozen=True, slots=True)
class Pass:
    """What a full pass found; `model` is the one that weighed, new where none was given."""

    model: Model
    pairs: list[Weighed]
    people: int
    compared: int


def link_all(
    people: Iterable[tuple[str, Features]],
    model: Model | None = None,
    *,
    least: float = KEPT,
    spark: str = "",
) -> Pass:
    """Weigh the candidate pairs among `people` (id and features); those of at least `least` bits come back.

    Without a model one is trained on them. Pairs are found and compared on the Spark Connect
    endpoint `spark`, or here where it is empty. Raises ExtraMissing, NothingToLearn, UnusableModel or
    ClusterFailed.
    """
    with database() as connection:
        count = enter_people(connection, people)
        known = known_columns(connection, PERSONS)
        compared = PERSONS.comparisons(known)
        count_values(connection, compared)
        with engine(connection, spark) as used:
            pairs = block(used, known, PERSONS.rules())
            learned = model or train(used, compared, pairs)
            used.compare("weighed", lambda paired: score_pairs(paired, learned, compared, least))
        found = rows(
            connection,
            "select least(l.id, r.id), greatest(l.id, r.id), weight from weighed"
            " join person l on l.n = a join person r on r.n = b order by 1, 2",
        )
    weighed = [Weighed(str(a), str(b), float(w), probability(float(w))) for a, b, w in found]
    return Pass(learned, weighed, count, pairs)


def scorer(model: Model) -> Scorer:
    """Give the function that scores two persons by a trained model, as intake needs it.

    Without the whole population at hand the frequency of a value isn't known, so rarity adds nothing.
    """

    def weigh(left: Features, right: Features) -> Score:
        found = zip(FIELDS, levels(left, right), strict=True)
        return score({name: MISSING if level is None else level for name, level in found}, model)

    return weigh
