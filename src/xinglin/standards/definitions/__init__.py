"""The definitions of FHIR R4 (4.0.1): types, profiles, code systems, value sets, search parameters.

The module functions speak of the specification alone; `Definitions` adds packages to it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from xinglin.standards.definitions.packages import PackageInfo, package_add, package_files, package_list
from xinglin.standards.definitions.store import Definitions, r4
from xinglin.standards.definitions.types import Element, TypeInfo

__all__ = [
    "Definitions",
    "Element",
    "PackageInfo",
    "TypeInfo",
    "code_system",
    "compartment",
    "is_subtype",
    "package_add",
    "package_files",
    "package_list",
    "r4",
    "resource_types",
    "search_parameters",
    "structure",
    "type_model",
    "value_set",
]


def type_model() -> Mapping[str, TypeInfo]:
    """Give every R4 type by name, backbone elements by path ("Observation.component")."""
    return r4().types


def is_subtype(name: str, base: str) -> bool:
    """Say whether R4 type `name` is `base` or specialises it."""
    return r4().is_subtype(name, base)


def resource_types() -> frozenset[str]:
    """Give the names of the 146 concrete R4 resource types."""
    return r4().resource_types


def structure(url_or_type: str) -> dict[str, Any] | None:
    """Give an R4 StructureDefinition by canonical or type name; None where unknown. Not to be changed."""
    return r4().structure(url_or_type)


def search_parameters() -> Sequence[dict[str, Any]]:
    """Give every R4 SearchParameter, compact. Not to be changed."""
    return r4().search_parameters


def value_set(url: str) -> dict[str, Any] | None:
    """Give an R4 ValueSet by canonical; None where unknown. Not to be changed."""
    return r4().value_set(url)


def code_system(url: str) -> dict[str, Any] | None:
    """Give an R4 CodeSystem by canonical; None where unknown. Not to be changed."""
    return r4().code_system(url)


def compartment(name: str) -> dict[str, Any]:
    """Give the R4 CompartmentDefinition of `name` ("Patient", …). Raises KeyError where there is none."""
    return r4().compartment(name)
