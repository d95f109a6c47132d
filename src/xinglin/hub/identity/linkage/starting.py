"""Splink's part: where learning starts. It draws random pairs for `u` and runs EM in two blocks for `m`."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from xinglin.hub.identity.linkage.comparisons import MISSING, Comparison, for_splink
from xinglin.hub.identity.linkage.database import number

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LARGEST: Final = 40_000
"""People Splink sees; of more, whole blocks are sampled, so that records of one person stay together."""
RANDOM_PAIRS: Final = 300_000
_BLOCKS: Final = (("birth",), ("surname_sound", "given_sound"), ("phone",), ("street",), ("given_sound",))


@dataclass(frozen=True, slots=True)
class Start:
    """Shares by comparison, from level 0 up; None where Splink saw nothing of a level."""

    m: Mapping[str, list[float | None]]
    u: Mapping[str, list[float | None]]
    version: str


def start(connection: "DuckDBPyConnection", compared: Sequence[Comparison]) -> Start:
    """Estimate m and u with Splink on the table `person`.

    What Splink can't estimate, as few rows show none of it, is left to the defaults of `training`.
    """
    import splink
    from splink import DuckDBAPI, Linker
    from splink.internals.exceptions import EMTrainingException, SplinkException

    logging.getLogger("splink").setLevel(logging.ERROR)
    people = number(connection, "select count(*) from person")
    share = min(1.0, LARGEST / people)
    connection.execute(
        "create or replace temp table sample as select *, n as unique_id, 'p' as source_dataset from person"
        " where hash(coalesce(birth, given, surname, n::varchar)) % 10000 < ?",
        [round(10_000 * share)],
    )
    api: Any = DuckDBAPI(connection)
    linker = Linker(api.register("sample"), _settings(compared), log_level=None)
    with suppress(SplinkException):
        linker.training.estimate_u_using_random_sampling(
            max_pairs=RANDOM_PAIRS, seed=1, num_chunks=1, min_count_per_level=None
        )
    present = {column for one in compared for column in one.needs} | {"surname_sound", "given_sound"}
    for columns in [one for one in _BLOCKS if set(one) <= present][:2]:
        rule = " and ".join(f"l.{column} = r.{column}" for column in columns)
        with suppress(SplinkException, EMTrainingException):  # few rows: no pairs in this block
            linker.training.estimate_parameters_using_expectation_maximisation(
                rule, estimate_without_term_frequencies=True, max_pairs=RANDOM_PAIRS
            )
    trained = cast("dict[str, list[dict[str, object]]]", linker.misc.save_model_to_json())
    m, u = _shares(trained, "m_probability"), _shares(trained, "u_probability")
    api.delete_tables_created_by_splink_from_db()
    connection.execute("drop table if exists sample")
    return Start(m, u, splink.__version__)


def _shares(trained: Mapping[str, list[dict[str, object]]], key: str) -> dict[str, list[float | None]]:
    found: dict[str, list[float | None]] = {}
    for one in trained["comparisons"]:
        levels = cast("list[dict[str, object]]", one["comparison_levels"])
        values = [level.get(key) for level in levels if not level.get("is_null_level")]
        found[str(one["output_column_name"])] = [
            float(value) if isinstance(value, int | float) else None for value in reversed(values)
        ]
    return found


def _settings(compared: Sequence[Comparison]) -> dict[str, object]:
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": "unique_id",
        "source_dataset_column_name": "source_dataset",
        "probability_two_random_records_match": 0.0001,
        "em_convergence": 0.001,
        "max_iterations": 15,
        "retain_matching_columns": False,
        "comparisons": [_comparison(one) for one in compared],
        "blocking_rules_to_generate_predictions": [],
    }


def _comparison(one: Comparison) -> dict[str, object]:
    levels: list[dict[str, object]] = [
        {
            "sql_condition": for_splink(one.unknown),
            "label_for_charts": "missing",
            "is_null_level": True,
        }
    ]
    for condition, level in one.cases:
        if level != MISSING:
            label = f"{level} {one.labels[level]}"
            levels.append({"sql_condition": for_splink(condition), "label_for_charts": label})
    levels.append({"sql_condition": "ELSE", "label_for_charts": "0 different"})
    return {"output_column_name": one.name, "comparison_levels": levels}
