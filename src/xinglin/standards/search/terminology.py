"""What a search needs to know of codes, and a simple answer out of the definitions at hand.

The hub's terminology service answers the same questions better, when there is one.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Protocol

from xinglin.standards.definitions import Definitions, r4
from xinglin.standards.search.errors import UnknownValueSet

Coded = tuple[str, str]
"""System and code."""


class Terminology(Protocol):
    """Answers questions about codes; raises UnknownValueSet where it can't."""

    def members(self, value_set: str) -> frozenset[Coded]:
        """Give the codes of a value set."""
        ...

    def below(self, system: str, code: str) -> frozenset[str]:
        """Give `code` and all codes it subsumes."""
        ...

    def above(self, system: str, code: str) -> frozenset[str]:
        """Give `code` and all codes that subsume it."""
        ...


class KnownTerminology:
    """Value sets and code systems that definitions hold whole."""

    def __init__(self, definitions: Definitions | None = None) -> None:
        """Use `definitions` (R4's own if None)."""
        self._definitions = definitions or r4()
        self.members = lru_cache(maxsize=256)(self._members)

    def _members(self, value_set: str) -> frozenset[Coded]:
        return frozenset(self._expand(value_set, ()))

    def below(self, system: str, code: str) -> frozenset[str]:
        """Give `code` and all codes it subsumes. Raises UnknownValueSet."""
        children: dict[str, list[str]] = {}
        for one, parents in self._parents(system, "below").items():
            for parent in parents:
                children.setdefault(parent, []).append(one)
        return _reach(code, children)

    def above(self, system: str, code: str) -> frozenset[str]:
        """Give `code` and all codes that subsume it. Raises UnknownValueSet."""
        return _reach(code, self._parents(system, "above"))

    def _expand(self, url: str, seen: tuple[str, ...]) -> Iterator[Coded]:
        found = self._definitions.value_set(url)
        compose = found and found.get("compose")
        if not compose or url in seen:
            raise UnknownValueSet(url=url, modifier="in")
        excluded = {
            coded for one in compose.get("exclude", ()) for coded in self._include(one, url, (*seen, url))
        }
        for one in compose.get("include", ()):
            for coded in self._include(one, url, (*seen, url)):
                if coded not in excluded:
                    yield coded

    def _include(self, part: Mapping[str, Any], url: str, seen: tuple[str, ...]) -> Iterable[Coded]:
        sets = [set(self._expand(one, seen)) for one in part.get("valueSet", ())]
        if "system" in part:
            sets.append(set(self._of_system(part, url)))
        return set[Coded].intersection(*sets) if sets else ()

    def _of_system(self, part: Mapping[str, Any], url: str) -> Iterator[Coded]:
        system: str = part["system"]
        if "concept" in part:
            yield from ((system, one["code"]) for one in part["concept"])
            return
        codes = set(self._parents(system, "in", url))
        for one in part.get("filter", ()):
            if one["property"] != "concept" or one["op"] not in {"is-a", "descendent-of"}:
                raise UnknownValueSet(url=url, modifier="in")
            codes &= self.below(system, one["value"]) - ({one["value"]} if one["op"] != "is-a" else set())
        yield from ((system, code) for code in codes)

    def _parents(self, system: str, modifier: str, asked: str = "") -> dict[str, list[str]]:
        """Give each code's parents."""
        found = self._definitions.code_system(system)
        if found is None or found.get("content") != "complete" or not found.get("concept"):
            raise UnknownValueSet(url=asked or system, modifier=modifier)
        parents: dict[str, list[str]] = {}
        waiting: list[tuple[Mapping[str, Any], list[str]]] = [(one, []) for one in found["concept"]]
        while waiting:
            concept, above = waiting.pop()
            code: str = concept["code"]
            parents.setdefault(code, []).extend(above)
            for one in concept.get("property", ()):
                if one["code"] == "subsumedBy":
                    parents[code].append(one["valueCode"])
            waiting += [(child, [code]) for child in concept.get("concept", ())]
        return parents


def _reach(start: str, ways: Mapping[str, Iterable[str]]) -> frozenset[str]:
    found, waiting = {start}, [start]
    while waiting:
        for one in ways.get(waiting.pop(), ()):
            if one not in found:
                found.add(one)
                waiting.append(one)
    return frozenset(found)
