"""Search understood: parameters, requests, search values, and the reference that all is held against.

http://hl7.org/fhir/R4/search.html. No database here: `extract` says what one must keep, `lower` what it must
be asked, `matches` what the right answer is.
"""

from xinglin.standards.search.blind import Blind
from xinglin.standards.search.extract import Extractor
from xinglin.standards.search.judge import Surroundings
from xinglin.standards.search.lower import Lowering
from xinglin.standards.search.matches import Matcher, brute_force
from xinglin.standards.search.parameters import Registry, SearchParameter, r4
from xinglin.standards.search.parse import Bounds, Compartment, parse_search
from xinglin.standards.search.query import Query
from xinglin.standards.search.sinks import Index
from xinglin.standards.search.terminology import KnownTerminology, Terminology
from xinglin.standards.search.values import Reading
from xinglin.standards.search.write import to_pairs, to_url

__all__ = [
    "Blind",
    "Bounds",
    "Compartment",
    "Extractor",
    "Index",
    "KnownTerminology",
    "Lowering",
    "Matcher",
    "Query",
    "Reading",
    "Registry",
    "SearchParameter",
    "Surroundings",
    "Terminology",
    "brute_force",
    "parse_search",
    "r4",
    "to_pairs",
    "to_url",
]
