"""The bundle of a search's results (http://hl7.org/fhir/R4/bundle.html#searchset)."""

from collections.abc import Iterator

from xinglin.core.exact_json import dumps
from xinglin.core.i18n import translate
from xinglin.hub.bundles import Link, bundle, entry
from xinglin.hub.search.page import Hit
from xinglin.hub.search.search import Found
from xinglin.hub.search.shape import is_partial, shaped
from xinglin.standards.outcome import issue, outcome

INCOMPLETE = (
    "The index of the search parameter {code} is still being made, so records written earlier may be missing."
)
CUT = (
    "You are related to more patients than one search looks at, so some may be missing. Search for one "
    "patient (patient=…, or _id and identifier of Patients) to find all that is open to you about them."
)
LEFT_OUT = "The search parameter {name} isn't known here and was left out."


def searchset(found: Found, base: str, language: str) -> bytes:
    """Make the searchset bundle, with notes where something was left out."""
    links = [Link("self", found.self_url)]
    if found.next_url is not None:
        links.append(Link("next", found.next_url))
    return bundle("searchset", _entries(found, base, language), links=links, total=found.total)


def _entries(found: Found, base: str, language: str) -> Iterator[bytes]:
    partial = is_partial(found.query)

    def make(hit: Hit, mode: str) -> bytes:
        body = hit.record.body or b"{}"
        if partial and mode == "match":
            body = shaped(body, found.query)
        return entry(body, full_url=f"{base}/{hit.record.key}", search={"mode": mode})

    if found.query.summary != "count":
        yield from (make(hit, "match") for hit in found.matches)
        yield from (make(hit, "include") for hit in found.included)
    notes = [translate(LEFT_OUT, language).format(name=name) for name in found.query.ignored]
    notes += [translate(INCOMPLETE, language).format(code=one.code) for one in found.pending]
    notes += [translate(CUT, language)] if found.cut else []
    if notes:
        told = (issue(severity="warning", code="incomplete", text=text) for text in notes)
        yield entry(dumps(outcome(*told)), search={"mode": "outcome"})
