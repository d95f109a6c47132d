"""Bundles: identities of entries, what stands first, and documents that hold all they speak of.

http://hl7.org/fhir/R4/bundle.html; rules bdl-1 to bdl-12 stand with the invariants.
"""

from collections.abc import Iterator
from typing import Any, Final

from xinglin.standards.validation.context import BundleIndex, Check, Context, Json, is_array, is_object
from xinglin.standards.validation.findings import Drafts, at, error, excerpt, warning
from xinglin.standards.validation.references import named_type

_REQUESTS: Final = frozenset({"transaction", "batch", "transaction-response", "batch-response"})
_FIRST: Final = {"document": "Composition", "message": "MessageHeader"}
_COMPOSITION_REFERENCES: Final = ("subject", "encounter", "author", "custodian")
_SECTION_REFERENCES: Final = ("author", "focus", "entry")


def bundle_check(check: Check) -> Check:
    """Make the check of a Bundle out of the `check` by its definition."""

    def checked(value: Any, context: Context) -> Drafts | None:
        if not is_object(value):
            return check(value, context)
        bundle = value
        outer, context.bundle = context.bundle, _index(bundle)
        try:
            drafts = check(bundle, context) or []
            drafts += _check_entries(bundle, context.bundle)
        finally:
            context.bundle = outer
        return drafts or None

    return checked


def _entries(bundle: Json) -> Iterator[tuple[int, Json]]:
    entries = bundle.get("entry")
    for index, entry in enumerate(entries if is_array(entries) else ()):
        if is_object(entry):
            yield index, entry


def _index(bundle: Json) -> BundleIndex:
    by_url: dict[str, Json] = {}
    by_name: dict[str, Json] = {}
    for _, entry in _entries(bundle):
        resource, url = entry.get("resource"), entry.get("fullUrl")
        if not is_object(resource):
            continue
        if type(url) is str:
            by_url.setdefault(url, resource)
        by_name.setdefault(f"{resource.get('resourceType')}/{resource.get('id')}", resource)
    kind = bundle.get("type")
    return BundleIndex(kind if type(kind) is str else "", by_url, by_name)


def _check_entries(bundle: Json, index: BundleIndex) -> Drafts:
    drafts: Drafts = []
    for place, entry in _entries(bundle):
        drafts += at(f".entry[{place}]", _check_identity(entry, index.type))
        if index.type == "searchset":
            drafts += at(f".entry[{place}]", _check_match(entry))
    expected = _FIRST.get(index.type)
    if expected is None:
        return drafts
    first = next((entry.get("resource") for _, entry in _entries(bundle)), None)
    if not is_object(first):
        return drafts
    if first.get("resourceType") != expected:
        drafts += at(".entry[0].resource", [error("bundle-first", expected=expected, type=index.type)])
    else:
        drafts += at(".entry[0].resource", _check_inside(first, index))
    return drafts


def _check_identity(entry: Json, kind: str) -> Drafts:
    url, resource = entry.get("fullUrl"), entry.get("resource")
    if not is_object(resource):
        return []
    if url is None:
        return [] if kind in _REQUESTS or "_fullUrl" in entry else [error("bundle-full-url")]
    if type(url) is not str:
        return []
    if ":" not in url:
        return at(".fullUrl", [error("bundle-full-url-relative", url=excerpt(url))])
    identity = resource.get("id")
    named = named_type(url)
    if named is not None and named != resource.get("resourceType") and type(identity) is str:
        expected = f"{resource.get('resourceType')}/{identity}"
        return at(".fullUrl", [error("bundle-full-url-type", url=excerpt(url), expected=excerpt(expected))])
    if type(identity) is not str or identity == url.rpartition("/")[2].rpartition(":")[2]:
        return []
    # Only a URL like a server's says which id it means (http://hl7.org/fhir/R4/bundle.html#bundle-unique).
    make = warning if named is None else error
    return at(".fullUrl", [make("bundle-full-url-id", id=excerpt(identity), url=excerpt(url))])


def _check_match(entry: Json) -> Drafts:
    """Check that a search result can be told apart and found again."""
    resource = entry.get("resource")
    if resource is None:
        return [error("cardinality-min", name="resource", min=1, count=0)]
    if is_object(resource) and "id" not in resource and resource.get("resourceType") != "OperationOutcome":
        return at(".resource", [error("cardinality-min", name="id", min=1, count=0)])
    return []


def _check_inside(first: Json, index: BundleIndex) -> Drafts:
    """Check that what a Composition or MessageHeader refers to is in the Bundle."""
    drafts: Drafts = []
    for location, reference in _references(first):
        text = reference.get("reference")
        if type(text) is str and text and not text.startswith(("#", "urn:")) and index.find(text) is None:
            drafts += at(f"{location}.reference", [error("reference-bundle", reference=excerpt(text))])
    return drafts


def _references(first: Json) -> Iterator[tuple[str, Json]]:
    if first.get("resourceType") == "MessageHeader":
        yield from _values(first, "focus")
        return
    for name in _COMPOSITION_REFERENCES:
        yield from _values(first, name)
    for place, attester in _values(first, "attester"):
        yield from ((place + below, one) for below, one in _values(attester, "party"))
    for place, event in _values(first, "event"):
        yield from ((place + below, one) for below, one in _values(event, "detail"))
    pending = list(_values(first, "section"))
    while pending:
        place, section = pending.pop()
        pending += [(place + below, one) for below, one in _values(section, "section")]
        for name in _SECTION_REFERENCES:
            yield from ((place + below, one) for below, one in _values(section, name))


def _values(parent: Json, name: str) -> Iterator[tuple[str, Json]]:
    value = parent.get(name)
    if is_object(value):
        yield f".{name}", value
    elif is_array(value):
        for index, one in enumerate(value):
            if is_object(one):
                yield f".{name}[{index}]", one
