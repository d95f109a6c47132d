"""Code systems, value sets and concept maps: what FHIR's terminology service answers, without a database.

http://hl7.org/fhir/R4/terminology-service.html. The functions ask a `Library` for what is known; the hub's
holds stored systems, `BuiltIn` those that come with Xinglin.
"""

from xinglin.standards.terminology.builtin import BuiltIn
from xinglin.standards.terminology.expand import AskedExpansion, expand
from xinglin.standards.terminology.lookup import AskedLookup, lookup
from xinglin.standards.terminology.model import Coded, Concept, Head, Library, Mapping, MapQuery, System
from xinglin.standards.terminology.subsumes import AskedSubsumption, subsumes
from xinglin.standards.terminology.translate import AskedTranslation, translate
from xinglin.standards.terminology.validate_code import AskedValidation, validate_code

__all__ = [
    "AskedExpansion",
    "AskedLookup",
    "AskedSubsumption",
    "AskedTranslation",
    "AskedValidation",
    "BuiltIn",
    "Coded",
    "Concept",
    "Head",
    "Library",
    "MapQuery",
    "Mapping",
    "System",
    "expand",
    "lookup",
    "subsumes",
    "translate",
    "validate_code",
]
