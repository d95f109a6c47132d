"""Search parameters that would tell what masking hides: who is blind to them may neither search nor sort by.

A number masked in every answer could otherwise be found out digit by digit, by what a search finds, how many
it finds, or the order they come in. Blind to one parameter, one is so to all that look at the same elements
(`name` and `family`, `telecom` and `phone`), also to those that the hub was taught.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from xinglin.hub.sight.errors import HiddenParameter
from xinglin.hub.sight.model import Sight
from xinglin.standards.search import Extractor, Query, SearchParameter
from xinglin.standards.search.query import Chain, Criterion, Has, Test

ANY: Final = "Resource"
WHOLE_TEXT: Final = frozenset({"_content", "_text", "_filter"})
"""These find a record by whatever it says."""

IDENTIFIER: Final = "identifier"
"""A reference may bear the number of the record that it names; `:identifier` finds it by that."""

_BESIDE: Final = re.compile(r"\([^)]*\)|\[[^]]*\]")
"""What names of places tell besides the path: conditions, and types of values."""


def refuse_hidden(query: Query, sight: Sight, extractor: Extractor) -> None:
    """Make sure that a search asks for nothing that `sight` is blind to. Raises HiddenParameter."""
    if not sight.blind:
        return
    blind = _Blind(sight, extractor)
    for branch in query.branches:
        for criterion in branch.criteria:
            blind.check(branch.type, criterion)
        for sort in query.sort:
            blind.check_code(branch.type, sort.code)


class _Blind:
    def __init__(self, sight: Sight, extractor: Extractor) -> None:
        self._sight, self._extractor = sight, extractor
        self._types = extractor.registry.types

    def check(self, resource_type: str, criterion: Criterion) -> None:
        """Check a criterion on records of a type. Raises HiddenParameter."""
        match criterion:
            case Test():
                self._check_test(resource_type, criterion)
            case Chain():
                self._check_parameter(resource_type, criterion.parameter)
                for target, inner in criterion.targets:
                    self.check(target, inner)
            case Has():
                self._check_parameter(criterion.type, criterion.parameter)
                self.check(criterion.type, criterion.inner)

    def check_code(self, resource_type: str, code: str) -> None:
        """Check a parameter by its code. Raises HiddenParameter."""
        if self._hides(resource_type, code):
            raise HiddenParameter(name=code)

    def _check_test(self, resource_type: str, test: Test) -> None:
        self._check_parameter(resource_type, test.parameter)
        if test.parameter.kind == "reference" and test.modifier == IDENTIFIER:
            for target in test.parameter.targets or sorted(self._types):
                if self._hides(target, IDENTIFIER):
                    raise HiddenParameter(name=f"{test.parameter.code}:{IDENTIFIER}")

    def _check_parameter(self, resource_type: str, parameter: SearchParameter) -> None:
        for code in _codes(parameter):
            self.check_code(resource_type, code)

    def _hides(self, resource_type: str, code: str) -> bool:
        """Tell whether a type may not be searched by a parameter; of any type, whether some type may not."""
        types = self._types if resource_type == ANY else (resource_type,)
        return any(self._hides_of(one, code) for one in types)

    def _hides_of(self, resource_type: str, code: str) -> bool:
        blind = self._sight.hidden_parameters(resource_type)
        if not blind or code in blind or code in WHOLE_TEXT:
            return bool(blind)
        mine = elements(self._extractor, resource_type, code)
        return any(_meet(mine, elements(self._extractor, resource_type, one)) for one in blind)


@lru_cache(maxsize=4096)
def elements(extractor: Extractor, resource_type: str, code: str) -> frozenset[str]:
    """Give the paths of the elements that a parameter looks at, such as "Patient.name.family"."""
    found = extractor.plan(resource_type).lookups.get(code, ())
    return frozenset(_BESIDE.sub("", one.name) for one in found)


def _meet(some: frozenset[str], others: frozenset[str]) -> bool:
    """Tell whether an element of some is, holds or is part of one of the others."""
    return any(
        one == other or one.startswith(other + ".") or other.startswith(one + ".")
        for one in some
        for other in others
    )


def _codes(parameter: SearchParameter) -> Iterator[str]:
    yield parameter.code
    for component in parameter.components:
        yield from _codes(component.parameter)
