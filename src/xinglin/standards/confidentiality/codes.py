"""Codes of one system: which rules a code meets, by itself or by how it begins."""

import re
from collections.abc import Iterable
from typing import Final

_REMEMBERED: Final = 20_000


class Group:
    """Finds codes, without regard to case; a value that ends with `*` stands for all codes beginning so."""

    def __init__(self, values: Iterable[tuple[str, int]], pattern: re.Pattern[str] | None = None) -> None:
        """Take values with the numbers of their rules; codes that don't have the form `pattern` meet none."""
        self._exact: dict[str, set[int]] = {}
        self._begins: dict[str, set[int]] = {}
        for value, rule in values:
            into = self._begins if value.endswith("*") else self._exact
            into.setdefault(value.rstrip("*").upper(), set()).add(rule)
        self._lengths = sorted({len(one) for one in self._begins})
        self._pattern = pattern
        self._known: dict[str, tuple[int, ...]] = {}

    def rules(self, code: str) -> tuple[int, ...]:
        """Give the numbers of the rules that a code meets, sorted."""
        found = self._known.get(code)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[code] = self._look(code.strip().upper())
        return found

    def _look(self, code: str) -> tuple[int, ...]:
        if self._pattern is not None and not self._pattern.fullmatch(code):
            return ()
        found = set(self._exact.get(code, ()))
        for length in self._lengths:
            found |= self._begins.get(code[:length], set())
        return tuple(sorted(found))
