"""Two ways to compare: rows of files in any script, and persons as the hub compares them."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from xinglin.hub.identity.linkage.blocking import Rule, file_rules, person_rules
from xinglin.hub.identity.linkage.columns import COLUMNS
from xinglin.hub.identity.linkage.comparisons import Comparison, of_files, of_persons
from xinglin.hub.identity.linkage.database import rows
from xinglin.standards.persons import COLUMNS as PERSON_COLUMNS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Profile:
    """The columns of the table `person`, what is compared of them, and which pairs."""

    name: str
    columns: tuple[str, ...]
    comparisons: Callable[[Collection[str]], tuple[Comparison, ...]]
    rules: Callable[[], tuple[Rule, ...]]


FILES: Final = Profile("files", COLUMNS, of_files, file_rules)
PERSONS: Final = Profile("persons", PERSON_COLUMNS, of_persons, person_rules)


def known_columns(connection: "DuckDBPyConnection", profile: Profile) -> list[str]:
    """Give the columns of `person` in which somebody has a value."""
    counted = ", ".join(f"count({column})" for column in profile.columns)
    counts = rows(connection, f"select {counted} from person")[0]
    return [column for column, count in zip(profile.columns, counts, strict=True) if count]
