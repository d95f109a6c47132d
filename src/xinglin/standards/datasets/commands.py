"""What `xinglin mapping …` does."""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

from xinglin.standards.conversion import Item, Origin
from xinglin.standards.datasets.check import Problem, check
from xinglin.standards.datasets.csv_format import TableCsv
from xinglin.standards.datasets.errors import UnknownMapping, UnreadableTable
from xinglin.standards.datasets.model import DataMapping
from xinglin.standards.datasets.registry import known, read_file
from xinglin.standards.datasets.xlsx_format import TableXlsx

START = 65_536
"""Bytes by which a format is recognised."""


def all_mappings(folder: Path) -> list[DataMapping]:
    """Give every mapping, shipped and in `folder`, by name."""
    return [one for _, one in sorted(known(folder).items())]


def one_mapping(name: str, folder: Path) -> DataMapping:
    """Give a mapping by name. Raises UnknownMapping."""
    found = known(folder).get(name)
    if found is None:
        raise UnknownMapping(name=name)
    return found


def check_file(file: Path) -> list[Problem]:
    """Check a mapping file. Raises UnreadableMapping, WrongMapping, OSError."""
    return check(read_file(file))


def try_table(
    file: Path, folder: Path, *, declared: Mapping[str, str], charset: str | None, zone: str, rows: int
) -> Iterator[Item]:
    """Read the first rows of a table as an invented institution's. Raises IntakeError, OSError."""
    origin = Origin("try", "try", "try", "try", ZoneInfo(zone), charset, declared)
    mappings = known(folder)
    with file.open("rb") as handle:
        start = handle.read(START)
        handle.seek(0)
        for one in (TableXlsx(lambda: mappings), TableCsv(lambda: mappings)):
            if one.recognises(start):
                yield from islice(
                    (item for piece in one.pieces(handle, origin) for item in one.items(piece, origin)), rows
                )
                return
    raise UnreadableTable(file=str(file))
