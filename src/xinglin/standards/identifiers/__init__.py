"""Identifiers used in China: understood, checked, normalised, masked and invented for tests.

    found = SCHEMES[Kind.RESIDENT].parse("36810119490307001x")
    if isinstance(found, Fault):
        print(found.text("zh"), found.advice("zh"))

Every kind has one `Scheme` with `parse`, `is_valid`, `normalise`, `mask` and `invented`. `read` takes a
FHIR Identifier. What is known of each kind, and from where: docs/identifiers.md. Pure functions, no
database and no network.
"""

from xinglin.standards.identifiers.divisions import Division, history, lookup
from xinglin.standards.identifiers.faults import Fault
from xinglin.standards.identifiers.kinds import Kind
from xinglin.standards.identifiers.model import Identifier, Scheme
from xinglin.standards.identifiers.resident import invented as invented_resident
from xinglin.standards.identifiers.resident import short_form
from xinglin.standards.identifiers.schemes import SCHEMES
from xinglin.standards.identifiers.systems import (
    System,
    find,
    kind_of,
    kind_of_document,
    preferred,
    read,
    systems,
)

__all__ = [
    "SCHEMES",
    "Division",
    "Fault",
    "Identifier",
    "Kind",
    "Scheme",
    "System",
    "find",
    "history",
    "invented_resident",
    "kind_of",
    "kind_of_document",
    "lookup",
    "preferred",
    "read",
    "short_form",
    "systems",
]
