"""Measure links against a known truth: precision, recall and F1 with their confidence intervals.

Intervals are Wilson's (1927, score interval), at 95 %. F1 depends on the share of right pairs among all that
are linked or true alone, so its interval is that share's, and honest for few pairs too.
"""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from xinglin.core.i18n import Phrase
from xinglin.hub.identity.linkage.database import database, quoted, rows
from xinglin.hub.identity.linkage.errors import UnusableTruth
from xinglin.hub.identity.linkage.reading import Table, opened

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SURE: Final = 1.959964
"""Standard normal quantile of 95 %, two-sided."""
_PAIRS: Final = ("id_left", "id_right")
_ENTITIES: Final = ("id", "entity")


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Band:
    """Links of one range of weight: from `weight` up to the next whole number of four bits."""

    weight: int
    links: int
    right: int
    precision: Share


@dataclass(frozen=True, slots=True)
class Group:
    """Records that the truth marks (such as twins): links with one of them, and its true pairs."""

    name: str
    links: int
    right: int
    true: int
    precision: Share
    recall: Share


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How good links are."""

    links: int
    right: int
    true: int
    precision: Share
    recall: Share
    f1: Share
    bands: list[Band]
    groups: list[Group]

    def to_json(self) -> dict[str, object]:
        """Give it as JSON values."""
        return asdict(self)


def evaluate(pairs: Path, truth: Path) -> Evaluation:
    """Compare links (`pairs`, as `link` writes them) with `truth`.

    The truth has the columns id_left and id_right (pairs that are one person), or id and entity (whose
    record it is). With entities, further columns of 0 and 1 mark groups of records, each reported alone.
    Raises UnusableTruth, UnusableTable or EmptyTable.
    """
    with database() as connection:
        _load_links(connection, pairs)
        groups = _load_truth(connection, truth)
        right, links, true = _counts(connection, "true")
        return Evaluation(
            links,
            right,
            true,
            wilson(right, links),
            wilson(right, true),
            _f1(right, links, true),
            _bands(connection),
            [_group(connection, name) for name in groups],
        )


def wilson(hits: int, of: int) -> Share:
    """Give hits / of with Wilson's interval; 1 with the interval from 0 to 1 where there is nothing."""
    if not of:
        return Share(1.0, 0.0, 1.0)
    share = hits / of
    scale = 1 + SURE**2 / of
    middle = (share + SURE**2 / (2 * of)) / scale
    half = SURE * math.sqrt(share * (1 - share) / of + SURE**2 / (4 * of**2)) / scale
    return Share(share, max(0.0, middle - half), min(1.0, middle + half))


def _f1(right: int, links: int, true: int) -> Share:
    """Give F1 = 2J / (1 + J), J being the share of right ones among all pairs that are linked or true."""
    of = links + true - right
    if not of:
        return Share(0.0, 0.0, 1.0)
    found = wilson(right, of)
    value, low, high = (2 * share / (1 + share) for share in (found.value, found.low, found.high))
    return Share(value, low, high)


def _load_links(connection: "DuckDBPyConnection", path: Path) -> None:
    with opened(path) as table:
        if not {*_PAIRS, "match_weight"} <= set(table.columns):
            raise UnusableTruth(
                file=path.name, detail=Phrase("the links lack the columns id_left, id_right, match_weight")
            )
        a, b, weight = (table.columns[name] for name in (*_PAIRS, "match_weight"))
        connection.execute(
            f"create table link as select {a} as a, {b} as b, try_cast({weight} as double) as weight"
            f" from {table.sql}",
            [table.file],
        )


def _load_truth(connection: "DuckDBPyConnection", path: Path) -> list[str]:
    with opened(path) as table:
        if set(_ENTITIES) <= set(table.columns):
            return _load_entities(connection, path, table)
        if not set(_PAIRS) <= set(table.columns):
            raise UnusableTruth(
                file=path.name, detail=Phrase("it has neither id_left and id_right nor id and entity")
            )
        a, b = (table.columns[name] for name in _PAIRS)
        # which of two ids stands on the left is no matter
        connection.execute(
            f"create table truth as select distinct least({a}, {b}) as a, greatest({a}, {b}) as b"
            f" from {table.sql}",
            [table.file],
        )
    connection.execute(
        "create table judged as select link.*, truth.a is not null as is_right from link"
        " left join truth on truth.a = least(link.a, link.b) and truth.b = greatest(link.a, link.b)"
    )
    connection.execute("create table record (id varchar)")
    return []


def _load_entities(connection: "DuckDBPyConnection", path: Path, table: Table) -> list[str]:
    groups = [name for name in table.columns if name not in _ENTITIES]
    marks = "".join(f", {table.columns[name]} = '1' as {quoted(name)}" for name in groups)
    id_, entity = (table.columns[name] for name in _ENTITIES)
    connection.execute(
        f"create table record as select {id_} as id, {entity} as entity{marks} from {table.sql}",
        [table.file],
    )
    if repeated := rows(connection, "select id from record group by id having count(*) > 1 limit 1"):
        raise UnusableTruth(file=path.name, detail=Phrase("the id {id} stands twice", id=repeated[0][0]))
    listed = "".join(f", l.{quoted(name)} or r.{quoted(name)} as {quoted(name)}" for name in groups)
    connection.execute(
        f"create table truth as select l.id as a, r.id as b{listed} from record l join record r"
        " on l.entity = r.entity and l.id < r.id"
    )
    connection.execute(
        f"create table judged as select link.*, coalesce(l.entity = r.entity, false) as is_right{listed}"
        " from link left join record l on l.id = link.a left join record r on r.id = link.b"
    )
    return groups


def _counts(connection: "DuckDBPyConnection", condition: str) -> tuple[int, int, int]:
    right, links = rows(
        connection, f"select count(*) filter (is_right), count(*) from judged where {condition}"
    )[0]
    true = rows(connection, f"select count(*) from truth where {condition}")[0][0]
    return int(right), int(links), int(true)


def _bands(connection: "DuckDBPyConnection") -> list[Band]:
    found = rows(
        connection,
        "select (floor(greatest(-20.0, least(40.0, coalesce(weight, -20.0))) / 4) * 4)::integer as low,"
        " count(*), count(*) filter (is_right) from judged group by low order by low",
    )
    return [Band(low, links, right, wilson(right, links)) for low, links, right in found]


def _group(connection: "DuckDBPyConnection", name: str) -> Group:
    right, links, true = _counts(connection, quoted(name))
    return Group(name, links, right, true, wilson(right, links), wilson(right, true))
