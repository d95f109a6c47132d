"""Which data set a header belongs to, and where its columns stand."""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from xinglin.standards.datasets.model import Column, DataMapping, columns_of

_IGNORED = re.compile(r"[\s\u200b\ufeff()\[\]_*:\"'“”‘’]+")
_NUMBERED = re.compile(r"(.+?)[._]?(\d{1,3})")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the columns of a mapping stand in a table: their places by name, and the columns not known."""

    header: tuple[str, ...]
    places: Mapping[str, tuple[int, ...]]
    strange: tuple[int, ...]
    exact: int = 0
    """How many columns have the standard's own name or id, not another usual one."""

    @property
    def matched(self) -> int:
        """How many columns of the table are known."""
        return len(self.header) - len(self.strange)

    @property
    def is_header(self) -> bool:
        """Tell whether most of the titles are known: words of a row may be a column's name by chance."""
        titles = sum(1 for title in self.header if title.strip())
        return titles > 1 and self.matched * 2 > titles

    def lacks(self, mapping: DataMapping) -> list[str]:
        """Name the required columns that the table doesn't have."""
        return [one.name for one in mapping.columns.values() if one.required and one.name not in self.places]


@lru_cache(maxsize=16_384)
def plain(name: str) -> str:
    """Bring a column's name to the form in which names are compared."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", name)).upper()


_KNOWN: dict[int, tuple[DataMapping, Mapping[str, str]]] = {}
_MOST_KNOWN: Final = 1_000


def _names(mapping: DataMapping) -> Mapping[str, str]:
    """Give the names of a mapping's columns, made once for a mapping."""
    known = _KNOWN.get(id(mapping))
    if known is None or known[0] is not mapping:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        known = _KNOWN[id(mapping)] = (mapping, _name(mapping.columns.values()))
    return known[1]


def _name(columns: Collection[Column]) -> Mapping[str, str]:
    """Name each column by its Chinese names, internal id, and data element id where one column has it."""
    found: dict[str, str] = {}
    for attribute in ("element", "id"):
        counts = Counter(getattr(one, attribute) for one in columns)
        unique = (one for one in columns if counts[getattr(one, attribute)] == 1)
        found.update({plain(getattr(one, attribute)): one.name for one in unique})
    for one in columns:
        found.update({plain(name): one.name for name in one.also})
    found.update({plain(one.name): one.name for one in columns})
    found.pop("", None)
    return found


def titles_of(mapping: DataMapping) -> set[str]:
    """Give the titles that a mapping's columns may have, as the standard writes them, without spaces."""
    columns = mapping.columns.values()
    found = {title for one in columns for title in (one.name, *one.also, one.id, one.element)}
    return {title.replace(" ", "") for title in found if title}


def person_columns(mapping: DataMapping) -> set[str]:
    """Name the columns that tell who somebody is."""
    return set[str]().union(*(columns_of(one.tree) for one in mapping.blocks if one.resource == "Patient"))


def lay_out(header: Sequence[str], mapping: DataMapping, declared: Mapping[str, str]) -> Layout:
    """Find a mapping's columns in a header; `declared` has the source's own names (`column.NAME`)."""
    names = _names(mapping)
    own = {plain(key[7:]): plain(value) for key, value in declared.items() if key.startswith("column.")}
    places: dict[str, list[int]] = {}
    strange: list[int] = []
    exact = 0
    for at, title in enumerate(header):
        text = plain(title)
        name = _find(own.get(text, text), names, mapping)
        if name is None or (name in places and len(places[name]) >= mapping.columns[name].repeats):
            strange.append(at)
        else:
            places.setdefault(name, []).append(at)
            exact += text not in {plain(other) for other in mapping.columns[name].also}
    found = {name: tuple(at) for name, at in places.items()}
    return Layout(tuple(header), found, tuple(strange), exact)


def _find(text: str, names: Mapping[str, str], mapping: DataMapping) -> str | None:
    name = names.get(text)
    if name is None and (numbered := _NUMBERED.fullmatch(text)):
        name = names.get(numbered[1])
        if name is not None and mapping.columns[name].repeats < 2:
            return None
    return name


def rank(
    header: Sequence[str], mappings: Iterable[DataMapping], declared: Mapping[str, str]
) -> list[tuple[DataMapping, Layout]]:
    """Give the mappings that know at least two of a header's columns, best first.

    Those with all required columns come first, then by known columns, then by columns with the standard's own
    names, then by the share of the set that is there.
    """
    found = [(mapping, lay_out(header, mapping, declared)) for mapping in mappings]
    fitting = [(mapping, layout) for mapping, layout in found if layout.matched >= min(2, len(header))]
    return sorted(fitting, key=lambda pair: score(*pair), reverse=True)


def score(mapping: DataMapping, layout: Layout) -> tuple[bool, int, int, float]:
    """Tell how well a mapping fits a header."""
    return not layout.lacks(mapping), layout.matched, layout.exact, len(layout.places) / len(mapping.columns)
