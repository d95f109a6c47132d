"""A code system kept in memory, and those that are a grammar."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from time import monotonic

import regex

from xinglin.standards.terminology.errors import BadFilter, NotListable
from xinglin.standards.terminology.lexemes import ancestors_of, lexemes, matches
from xinglin.standards.terminology.model import Concept, Filter, Head, Selected, Selection
from xinglin.standards.terminology.reading import concepts_of

REGEX_SECONDS = 1.0
"""How long a filter's pattern may take over a whole system; patterns come from outside."""

LONGEST_PATTERN = 1000

Test = Callable[[Concept], bool]


class MemorySystem:
    """The concepts of a CodeSystem resource."""

    def __init__(self, resource: dict[str, object]) -> None:
        """Read `resource`."""
        self.head = Head.of(resource)
        self._concepts = {one.code: one for one in concepts_of(resource)}
        self._folded = {} if self.head.case_sensitive else {code.casefold(): code for code in self._concepts}
        self._lexemes: dict[str, frozenset[str]] = {}

    @cached_property
    def _ancestors(self) -> dict[str, frozenset[str]]:
        return ancestors_of({one.code: one.parents for one in self._concepts.values()})

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for one in self._concepts.values():
            for parent in one.parents:
                found.setdefault(parent, []).append(one.code)
        return found

    def _find(self, code: str) -> Concept | None:
        found = self._concepts.get(code)
        return found or (self._concepts.get(self._folded.get(code.casefold(), "")) if self._folded else None)

    async def find(self, codes: Sequence[str]) -> Mapping[str, Concept]:
        """Give the concepts of those `codes` that exist, by the code as asked."""
        found = {code: self._find(code) for code in codes}
        return {code: one for code, one in found.items() if one is not None}

    async def select(self, selection: Selection, offset: int, most: int) -> Selected:
        """Give concepts in the system's order. Raises BadFilter."""
        tests = [self._test(one) for one in selection.filters]
        if selection.codes is None:
            start: list[Concept] = list(self._concepts.values())
        else:
            start = list((await self.find(selection.codes)).values())
        found = [
            one
            for one in start
            if not (selection.active and one.inactive)
            and all(test(one) for test in tests)
            and (not selection.words or matches(selection.words, self._known_by(one)))
        ]
        return Selected(len(found), found[offset : offset + most])

    def _known_by(self, concept: Concept) -> frozenset[str]:
        found = self._lexemes.get(concept.code)
        if found is None:
            found = self._lexemes[concept.code] = lexemes(concept)
        return found

    async def children(self, code: str, /) -> Sequence[str]:
        """Give the codes right below `code`."""
        return self._children.get(code, ())

    async def is_below(self, code: str, ancestor: str, /) -> bool:
        """Tell whether `code` is a descendant of `ancestor`."""
        return ancestor in self._ancestors.get(code, ())

    def _values(self, concept: Concept, name: str) -> list[str]:
        match name:
            case "concept" | "code":
                return [concept.code]
            case "display":
                return [concept.display]
            case "parent":
                return list(concept.parents)
            case "child":
                return self._children.get(concept.code, [])
            case _:
                return concept.values(name)

    def _test(self, asked: Filter) -> Test:
        name, value = asked.property, asked.value
        wanted = frozenset(value.split(","))
        match asked.op:
            case "is-a":
                return lambda one: one.code == value or value in self._ancestors[one.code]
            case "descendent-of":
                return lambda one: value in self._ancestors[one.code]
            case "is-not-a":
                return lambda one: one.code != value and value not in self._ancestors[one.code]
            case "generalizes":
                above = self._ancestors.get(value, frozenset[str]()) | {value}
                return lambda one: one.code in above
            case "=":
                return lambda one: value in self._values(one, name)
            case "in":
                return lambda one: not wanted.isdisjoint(self._values(one, name))
            case "not-in":
                return lambda one: wanted.isdisjoint(self._values(one, name))
            case "exists" if value in {"true", "false"}:
                return lambda one: bool(self._values(one, name)) == (value == "true")
            case "regex":
                return self._regex(asked)
            case _:
                raise BadFilter(**asked._asdict(), url=self.head.url)

    def _regex(self, asked: Filter) -> Test:
        pattern = compiled(asked, self.head.url)
        end = monotonic() + REGEX_SECONDS

        def test(one: Concept) -> bool:
            try:
                return any(
                    pattern.fullmatch(text, timeout=max(0.001, end - monotonic()))
                    for text in self._values(one, asked.property)
                )
            except TimeoutError:
                raise BadFilter(**asked._asdict(), url=self.head.url) from None

        return test


def compiled(asked: Filter, url: str) -> "regex.Pattern[str]":
    """Read a filter's pattern. Raises BadFilter."""
    try:
        if len(asked.value) <= LONGEST_PATTERN:
            return regex.compile(asked.value)
    except regex.error:
        pass
    raise BadFilter(**asked._asdict(), url=url)


class GrammarSystem:
    """A code system that is a way of writing, such as UCUM: codes can be judged, not listed."""

    def __init__(self, url: str, title: str, good: Callable[[str], bool]) -> None:
        self.head = Head(url=url, name=title, title=title, content="complete")
        self._good = good

    async def find(self, codes: Sequence[str]) -> Mapping[str, Concept]:
        """Give a concept for each of `codes` that is well written."""
        return {code: Concept(code, code) for code in codes if self._good(code)}

    async def select(self, selection: Selection, offset: int, most: int) -> Selected:
        """Give those of the selection's codes that are well written. Raises NotListable or BadFilter."""
        for one in selection.filters:
            raise BadFilter(**one._asdict(), url=self.head.url)
        if selection.codes is None:
            raise NotListable(url=self.head.url)
        found = [
            one
            for one in (await self.find(selection.codes)).values()
            if not selection.words or matches(selection.words, lexemes(one))
        ]
        return Selected(len(found), found[offset : offset + most])

    async def children(self, _code: str, /) -> Sequence[str]:
        """Give nothing: a grammar has no hierarchy."""
        return ()

    async def is_below(self, _code: str, _ancestor: str, /) -> bool:
        """Say no: a grammar has no hierarchy."""
        return False
