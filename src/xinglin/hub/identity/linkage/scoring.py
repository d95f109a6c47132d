"""Compare and weigh pairs in the database: the same levels and the same formula as `model.score`, as SQL."""

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from xinglin.hub.identity.linkage.comparisons import MISSING, Comparison
from xinglin.hub.identity.linkage.database import rows
from xinglin.hub.identity.linkage.model import Learned, Model

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

ANY: Final = -1e9
"""Less than any weight."""
FLOOR: Final = -12.0
"""Pairs of less weight (bits) aren't kept: they play no part in any decision."""


def count_values(connection: "DuckDBPyConnection", compared: Collection[Comparison]) -> None:
    """Give `person` a column `f_COLUMN` with the share of people who have the same value."""
    counted = [one.frequency for one in compared if one.frequency]
    for column in counted:
        connection.execute(
            f"create temp table f_{column} as select {column} as v,"
            " (count(*) / sum(count(*)) over ())::float as f"
            f" from person where {column} is not null group by {column}"
        )
    joins = " ".join(f"left join f_{column} on f_{column}.v = person.{column}" for column in counted)
    listed = "".join(f", f_{column}.f as f_{column}" for column in counted)
    connection.execute(f"create or replace table person as select person.*{listed} from person {joins}")
    for column in counted:
        connection.execute(f"drop table f_{column}")


def frequency_figures(connection: "DuckDBPyConnection", column: str) -> tuple[float, int]:
    """Give the chance that two people have the same value, and how many values there are."""
    found = rows(
        connection,
        f"select sum(f * f), count(*) from (select any_value(f_{column})::double as f from person"
        f" where {column} is not null group by {column})",
    )[0]
    return float(found[0] or 0.0), int(found[1])


def levels_sql(compared: Sequence[Comparison]) -> str:
    """List the level of each comparison as a column `g_NAME`, for people `l` and `r`."""
    return ", ".join(f"{one.sql()} as g_{one.name}" for one in compared)


def score_pairs(paired: str, model: Model, compared: Sequence[Comparison], least: float) -> str:
    """Write the query that weighs pairs (see `engine.Paired`): a, b, weight, of `least` bits or more."""
    learned = {one.name: one for one in model.comparisons}
    used = [one for one in compared if one.name in learned]
    carried = "".join(f", l.f_{one.frequency} as f_{one.name}" for one in used if learned[one.name].chance)
    weights = [_weight(learned[one.name]) for one in used]
    rivals = [_rival(learned[one.name]) for one in used]
    rarities = [_rarity(learned[one.name]) for one in used if learned[one.name].chance]
    shared = [
        _rarity(learned[one.name]) for one in used if learned[one.name].chance and learned[one.name].shared
    ]
    base = " + ".join([repr(model.prior), *weights, *rarities])
    rival = " + ".join([repr(_households(model)), *rivals, *shared])
    weight = "(base - log2(1 + pow(2.0, least(rival, 900.0))))::double as weight"
    return (
        f"select * from (select a, b, {weight} from (select a, b, {base} as base, {rival} as rival from ("
        f"select p.a, p.b, {levels_sql(used)}{carried} from {paired}))) where weight >= {least!r}"
    )


def _households(model: Model) -> float:
    return math.log2(model.households / model.chance) if model.households else -1000.0


def _cases(one: Learned, weights: Sequence[float]) -> str:
    # levels are few, so a list's place is quicker than a case
    listed = ", ".join(repr(weight) for weight in (0.0, *weights))
    return f"([{listed}])[g_{one.name} + {1 - MISSING}]"


def _weight(one: Learned) -> str:
    return _cases(one, [math.log2(m / u) for m, u in zip(one.m, one.u, strict=True)])


def _rival(one: Learned) -> str:
    return _cases(one, [math.log2(h / u) for h, u in zip(one.h, one.u, strict=True)])


def _rarity(one: Learned) -> str:
    top = len(one.m) - 1
    return f"(case when g_{one.name} = {top} then log2({one.chance!r} / f_{one.name}) else 0.0 end)"
