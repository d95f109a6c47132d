"""Write a search back as a URL, for the self link and for pages (http://hl7.org/fhir/R4/search.html#conformance)."""

from collections.abc import Iterator
from urllib.parse import quote, urlencode

from xinglin.standards.search.query import Chain, Criterion, Has, Include, Query, Test
from xinglin.standards.search.values import Text

_PLAIN = "/:,|$*"
"""Characters that may stand as they are in the query of a URL and make it easier to read."""


def to_pairs(query: Query) -> list[tuple[str, str]]:
    """Give the name-value pairs that mean `query`, not percent-encoded.

    A compartment isn't among them: it stands in the path.
    """
    pairs: dict[tuple[str, str], None] = {}
    if len(query.types) > 1:
        pairs["_type", ",".join(query.types)] = None
    for branch in query.branches:
        pairs.update((_criterion(one), None) for one in branch.criteria)
    pairs.update((pair, None) for pair in _shape(query))
    return list(pairs)


def to_url(query: Query, base_url: str = "") -> str:
    """Give the URL of `query` below `base_url`."""
    types = query.types
    path = types[0] if len(types) == 1 else ""
    within = query.branches[0].within if query.branches else None
    if within is not None:
        path = f"{within.type}/{within.identity}/{path or '*'}"
    address = f"{base_url}/{path}" if base_url and path else base_url or path
    pairs = to_pairs(query)
    return f"{address}?{urlencode(pairs, quote_via=quote, safe=_PLAIN)}" if pairs else address


def _criterion(criterion: Criterion) -> tuple[str, str]:
    if isinstance(criterion, Has):
        name, value = _criterion(criterion.inner)
        return f"_has:{criterion.type}:{criterion.parameter.code}:{name}", value
    if isinstance(criterion, Chain):
        target, inner = criterion.targets[0]
        name, value = _criterion(inner)
        head = f"{criterion.parameter.code}:{target}" if criterion.typed else criterion.parameter.code
        return f"{head}.{name}", value
    return _test(criterion)


def _test(test: Test) -> tuple[str, str]:
    name = f"{test.parameter.code}:{test.modifier}" if test.modifier else test.parameter.code
    if test.parameter.code in {"_text", "_content"}:
        return name, " ".join(one.text for one in test.values if isinstance(one, Text))
    return name, ",".join(value.write() for value in test.values)


def _shape(query: Query) -> Iterator[tuple[str, str]]:
    if query.sort:
        yield "_sort", ",".join(("-" if one.descending else "") + one.code for one in query.sort)
    for include in query.includes:
        yield _include(include)
    if query.count is not None:
        yield "_count", str(query.count)
    for name, value in (
        ("_total", query.total),
        ("_summary", query.summary),
        ("_elements", ",".join(query.elements)),
    ):
        if value:
            yield name, value


def _include(include: Include) -> tuple[str, str]:
    name = ("_revinclude" if include.reverse else "_include") + (":iterate" if include.iterate else "")
    if include.source == "*":
        return name, "*"
    return name, ":".join(part for part in (include.source, include.code, include.target) if part)
