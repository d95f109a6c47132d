"""Administrative divisions of GB/T 2260: what a code names, and in which years.

The table is python-stdnum's `cn/loc` (from Wikipedia's lists of all editions since 1980), with the rows of
`data/divisions.csv` before it, where that table has gaps or writes traditional characters.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from stdnum import numdb

from xinglin.core.tables import rows_of

# GB/T 2260 has rows that group others and are no place: they don't belong into an address.
_GROUPS: Final = ("市辖区", "县", "市区", "省直辖县级", "自治区直辖县级", "市辖县")
_PERIOD: Final = re.compile(r"(?:\[(?P<since>\d*)-(?P<until>\d*)\])?(?P<name>.+)")


@dataclass(frozen=True, slots=True)
class Name:
    """What a code named, from the year `since` until the year `until` (None: before the table, or still)."""

    name: str
    since: int | None
    until: int | None

    def held(self, year: int) -> bool:
        """Tell whether the name held at some time of `year`."""
        return (self.since is None or self.since <= year) and (self.until is None or year <= self.until)


@dataclass(frozen=True, slots=True)
class Division:
    """A division: six digits for province, prefecture and county. `path` names them from the province down.

    `name` is None where no table has the code; `path` then has the names that are known above it.
    """

    code: str
    name: str | None
    path: tuple[str, ...]
    since: int | None = None
    until: int | None = None

    @property
    def known(self) -> bool:
        """Whether some edition of the table has the code."""
        return self.name is not None

    @property
    def current(self) -> bool:
        """Whether the newest edition still has it under this name."""
        return self.known and self.until is None


@cache
def _ours() -> dict[str, tuple[Name, ...]]:
    found: dict[str, tuple[Name, ...]] = {}
    for row in rows_of("xinglin.standards.identifiers", "data", "divisions.csv"):
        name = Name(row["name"], _year(row["since"]), _year(row["until"]))
        found[row["code"]] = (*found.get(row["code"], ()), name)
    return found


def _year(text: str | None) -> int | None:
    return int(text) if text else None


@lru_cache(maxsize=16_384)
def history(code: str) -> tuple[Name, ...]:
    """Give all that the six digits `code` ever named, oldest first; nothing where no table has them."""
    if code in _ours():
        return _ours()[code]
    found = ""
    for part, properties in numdb.get("cn/loc").info(code):
        found = properties.get("county", "") if len(part) == 4 else found
    periods = (_PERIOD.fullmatch(text) for text in found.split(",") if text)
    return tuple(Name(p["name"], _year(p["since"]), _year(p["until"])) for p in periods if p)


@lru_cache(maxsize=16_384)
def lookup(code: str, year: int) -> Division:
    """Give the division that the six digits `code` named in `year`.

    Where it named nothing in that year, the first name after it is taken, else the last before.
    """
    name = _named(code, year)
    above = [_named(f"{code[:2]}0000", year)]
    if not code.endswith("0000"):
        above.append(_named(f"{code[:4]}00", year))
    if not code.endswith("00"):
        above.append(name)
    path = tuple(one.name for one in above if one and not one.name.startswith(_GROUPS))
    if name is None:
        return Division(code, None, path)
    return Division(code, name.name, path, name.since, name.until)


def is_province(code: str) -> bool:
    """Tell whether two digits are the code of a province, or of Hong Kong, Macao or Taiwan residents."""
    return bool(history(f"{code}0000"))


def _named(code: str, year: int) -> Name | None:
    names = history(code)
    held = [one for one in names if one.held(year)]
    later = [one for one in names if one.since is not None and one.since > year]
    return (held[-1:] or later[:1] or list(names[-1:]) or [None])[0]
