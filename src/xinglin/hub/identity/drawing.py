"""Identity's charts, in the reader's language: what a model learned, and why a pair weighs what it weighs."""

from typing import Final

from xinglin.core.exact_json import Json
from xinglin.hub.identity.linkage.charts import match_weights, waterfall
from xinglin.hub.identity.linkage.comparisons import of_persons
from xinglin.hub.identity.linkage.model import Contribution, Model, Score
from xinglin.hub.identity.questions import PairTold
from xinglin.hub.identity.scoring import HOUSEHOLD_FIELD, PRIOR_FIELD
from xinglin.standards.persons import COLUMNS

LANGUAGES: Final = ("en", "zh")
_BESIDE: Final = frozenset({PRIOR_FIELD, HOUSEHOLD_FIELD})


def model_charts(model: Model) -> Json:
    """Draw what each level weighs in a model: SVG by name of the chart and language."""
    compared = of_persons(COLUMNS)
    return {"match_weights": {one: match_weights(model, compared, one) for one in LANGUAGES}}


def pair_chart(pair: PairTold, language: str) -> str:
    """Draw how a pair's weight came about when it was judged. Gives SVG."""
    parts: list[Json] = pair.evidence.get("fields", [])
    bits = {str(part["field"]): float(part["weight"]) for part in parts}
    fields = [
        Contribution(str(part["field"]), int(part["level"]), float(part["weight"]))
        for part in parts
        if part["field"] not in _BESIDE
    ]
    prior, household = bits.get(PRIOR_FIELD, 0.0), bits.get(HOUSEHOLD_FIELD, 0.0)
    score = Score(pair.weight or 0.0, pair.probability or 0.0, prior, fields, household)
    return waterfall(score, of_persons(COLUMNS), language)
