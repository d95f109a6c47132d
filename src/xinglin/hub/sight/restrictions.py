"""Restrictions of scopes: search queries that records of a type must answer besides.

Only what the index tells by itself is taken, of the record itself: a restriction is asked in the middle of
other conditions, where nothing can be looked up or checked afterwards.
http://hl7.org/fhir/smart-app-launch/STU2/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

from xinglin.core.i18n import Phrase
from xinglin.hub.search.resolve import is_cut
from xinglin.hub.sight.errors import BadRestriction
from xinglin.standards.search import Lowering, Reading, Registry, Surroundings, parse_search
from xinglin.standards.search.conditions import Condition
from xinglin.standards.search.extract import Extractor
from xinglin.standards.search.query import Branch, Test

_CHAINED: Final = Phrase("it looks at other records")
_SHAPES: Final = Phrase("it says how to answer, not which records")
_INEXACT: Final = Phrase("the index can't tell it alone")


@lru_cache(maxsize=1024)
def tests(registry: Registry, reading: Reading, resource_type: str, query: str) -> tuple[Test, ...]:
    """Read a restriction. Raises SearchError."""
    pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    found = parse_search(pairs, registry, resource_type, reading=reading)
    if found.sort or found.includes or found.count is not None or found.summary or found.elements:
        raise BadRestriction(type=resource_type, query=query, reason=_SHAPES)
    (branch,) = found.branches
    made = tuple(one for one in branch.criteria if isinstance(one, Test))
    if len(made) < len(branch.criteria):
        raise BadRestriction(type=resource_type, query=query, reason=_CHAINED)
    return made


def restriction(
    extractor: Extractor, around: Surroundings, resource_type: str, query: str
) -> tuple[Sequence[Test], Condition]:
    """Give a restriction as tests and as a condition for the index. Raises SearchError."""
    made = tests(extractor.registry, around.reading, resource_type, query)
    lowered = Lowering(extractor, around).branch(Branch(resource_type, made))
    if not lowered.exact or is_cut(lowered.condition):
        raise BadRestriction(type=resource_type, query=query, reason=_INEXACT)
    return made, lowered.condition
