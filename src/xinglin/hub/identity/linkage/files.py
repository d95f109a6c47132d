"""Link two CSV files, or one with itself: what `xinglin identity link` does."""

import csv
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from xinglin.hub.identity.linkage.arrow import packed, registered
from xinglin.hub.identity.linkage.blocking import block
from xinglin.hub.identity.linkage.columns import read_map
from xinglin.hub.identity.linkage.comparisons import Comparison
from xinglin.hub.identity.linkage.database import database, rows
from xinglin.hub.identity.linkage.deciding import Edge, Weigh, are_without_duplicates, one_to_one, persons
from xinglin.hub.identity.linkage.describing import describe_rows, is_chinese
from xinglin.hub.identity.linkage.engine import JOINED, Engine, engine
from xinglin.hub.identity.linkage.errors import OutputIsInput
from xinglin.hub.identity.linkage.model import Model, probability, weight_of
from xinglin.hub.identity.linkage.normalising import normalise
from xinglin.hub.identity.linkage.profiles import FILES, PERSONS, Profile, known_columns
from xinglin.hub.identity.linkage.reading import read_people
from xinglin.hub.identity.linkage.scoring import ANY, FLOOR, count_values, score_pairs
from xinglin.hub.identity.linkage.training import train

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

THRESHOLD: Final = 0.5
"""A pair is a link from this probability on: more likely one person than two."""

Progress: TypeAlias = Callable[[str], None]
Assignment: TypeAlias = Literal["auto", "one", "many"]


@dataclass(frozen=True, slots=True)
class Linked:
    """What came of it."""

    left: int
    right: int
    compared: int
    links: int
    is_one_to_one: bool
    seconds: float
    model: Model
    comparisons: tuple[Comparison, ...]


def link(
    left: Path,
    right: Path | None,
    *,
    columns: Path,
    out: Path,
    threshold: float = THRESHOLD,
    assignment: Assignment = "auto",
    model: Model | None = None,
    spark: str = "",
    also: Sequence[Path | None] = (),
    progress: Progress = lambda _: None,
) -> Linked:
    """Link `left` with `right` (or with itself) and write the decided pairs to `out`.

    Without a model, one is trained on the files. Pairs are found and compared on the Spark Connect endpoint
    `spark`, or here where it is empty. `also` are further files that will be written. Errors: see `errors`.
    """
    begun = time.monotonic()
    for one in (out, *also):
        _refuse_input(one, (left, right, columns))
    names = read_map(columns)
    with database() as connection:
        progress("Reading")
        lefts = read_people(connection, left, names.left, 0)
        rights = read_people(connection, right, names.right, 1) if right else 0
        progress("Normalising")
        profile = _fill(connection)
        known = known_columns(connection, profile)
        compared = profile.comparisons(known)
        count_values(connection, compared)
        with engine(connection, spark) as used:
            progress("Looking for pairs")
            pairs = block(used, known, profile.rules())
            progress("Training")
            learned = model or train(used, compared, pairs)
            progress("Comparing")
            edges = weigh_pairs(used, learned, compared)
        progress("Deciding")
        weigh = _weigher(connection, learned, compared)
        links, is_one = _decide(
            edges, weight_of(threshold), assignment, has_two=right is not None, weigh=weigh
        )
        _write(connection, links, out)
    seconds = time.monotonic() - begun
    return Linked(lefts, rights, pairs, len(links), is_one, seconds, learned, compared)


def _refuse_input(out: Path | None, read: Sequence[Path | None]) -> None:
    """Raise OutputIsInput where `out` is a file that is read, by whatever path or link."""
    if out and out.exists() and any(one and one.exists() and out.samefile(one) for one in read):
        raise OutputIsInput(file=str(out))


def _fill(connection: "DuckDBPyConnection") -> Profile:
    """Make `person` of `raw`: Chinese people as the hub compares them, others by their letters."""
    if is_chinese(connection):
        describe_rows(connection)
        return PERSONS
    normalise(connection)
    return FILES


def weigh_pairs(engine: Engine, model: Model, compared: Sequence[Comparison]) -> list[Edge]:
    """Weigh the table `pair`; give the pairs that could matter."""
    engine.compare("weighed", lambda paired: score_pairs(paired, model, compared, FLOOR))
    found = rows(engine.local, "select a, b, weight from weighed order by a, b")
    return [(int(a), int(b), float(weight)) for a, b, weight in found]


def _decide(
    edges: list[Edge], least: float, assignment: Assignment, *, has_two: bool, weigh: Weigh
) -> tuple[list[Edge], bool]:
    if has_two and (assignment == "one" or (assignment == "auto" and are_without_duplicates(edges))):
        return one_to_one(edges, least), True
    if has_two:
        return sorted(edge for edge in edges if edge[2] >= least), False
    return persons(edges, least, weigh), False


def _weigher(connection: "DuckDBPyConnection", model: Model, compared: Sequence[Comparison]) -> Weigh:
    def weigh(wanted: list[tuple[int, int]]) -> dict[tuple[int, int], float]:
        first, second = zip(*wanted, strict=True)
        with registered(connection, "wanted", packed({"a": first, "b": second}, ("a", "b"))):
            found = rows(connection, score_pairs(JOINED.format(pairs="wanted"), model, compared, ANY))
        return {(int(a), int(b)): float(weight) for a, b, weight in found}

    return weigh


def _write(connection: "DuckDBPyConnection", links: Sequence[Edge], out: Path) -> None:
    ids = dict(rows(connection, "select n, id from person")) if links else {}
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("id_left", "id_right", "probability", "match_weight"))
        for a, b, weight in links:
            writer.writerow((ids[a], ids[b], f"{probability(weight):.6f}", f"{weight:.4f}"))
