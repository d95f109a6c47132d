"""Whose a record is: by which references it lies in a Patient's compartment.

http://hl7.org/fhir/R4/compartmentdefinition-patient.html. Some types that the definition leaves out (Device,
Task, Contract, GuidanceResponse) have a search parameter `patient` all the same: a record of theirs that
names a Patient is that Patient's, one that names none is nobody's.
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final

from xinglin.standards.search import Extractor, keys
from xinglin.standards.search.parse import compartment_members
from xinglin.standards.search.plan import Lookup

PATIENT: Final = "Patient"
SECURITY: Final = "_security"
_OWN: Final = "patient"
"""The parameter that tells whose a record is, for types outside the definition."""


@cache
def members() -> dict[str, tuple[str, ...]]:
    """Give, by type, the parameters of those types that the compartment's definition names."""
    return {kind: tuple(codes) for kind, codes in compartment_members(PATIENT).items()}


def told_by(resource_type: str) -> Sequence[str]:
    """Give the search parameters by which is told who may see a record of a type."""
    return (SECURITY, *_codes(resource_type))


@lru_cache(maxsize=1024)
def salts(extractor: Extractor, resource_type: str) -> tuple[int, ...]:
    """Give the salts of the references by which records of a type are a Patient's; none: never."""
    found = [one for code in _codes(resource_type) for one in _lookups(extractor, resource_type, code)]
    return tuple(dict.fromkeys(one.salt for one in found))


@lru_cache(maxsize=1024)
def named(extractor: Extractor, resource_type: str) -> tuple[int, ...]:
    """Give the keys of which a record outside the definition has one where it names any Patient."""
    if resource_type in members():
        return ()
    return tuple(one.present for one in _lookups(extractor, resource_type, _OWN))


def is_nobodys(extractor: Extractor, resource_type: str, own: frozenset[int]) -> bool:
    """Tell whether a record of a type with these keys is nobody's."""
    return resource_type not in members() and own.isdisjoint(named(extractor, resource_type))


@lru_cache(maxsize=8)
def pairs(extractor: Extractor) -> tuple[tuple[str, int], ...]:
    """Give the salts of all types, each with its type."""
    types = sorted(extractor.registry.types)
    return tuple((kind, salt) for kind in types for salt in salts(extractor, kind))


@lru_cache(maxsize=8)
def nobodys(extractor: Extractor) -> tuple[Sequence[str], Sequence[str]]:
    """Give the types whose records are never a Patient's, and those where some are nobody's."""
    outside = sorted(extractor.registry.types - members().keys())
    some = [one for one in outside if named(extractor, one)]
    return [one for one in outside if one not in some], some


def _codes(resource_type: str) -> Sequence[str]:
    return members().get(resource_type, (_OWN,))


def _lookups(extractor: Extractor, resource_type: str, code: str) -> Sequence[Lookup]:
    found = extractor.plan(resource_type).lookups.get(code, ())
    return [one for one in found if one.target in {"", PATIENT}]


@lru_cache(maxsize=256)
def self_keys(patients: frozenset[str]) -> frozenset[int]:
    """Give the self keys of Patients by their ids."""
    return frozenset(keys.self_key(PATIENT, one) for one in patients)
