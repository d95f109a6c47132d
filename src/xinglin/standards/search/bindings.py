"""Code systems that `code` elements imply by what they are bound to (http://hl7.org/fhir/R4/search.html#token)."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from xinglin.standards import definitions
from xinglin.standards.search.parameters import SearchParameter, split_union
from xinglin.standards.search.paths import leaves


@lru_cache(maxsize=4096)
def element_systems(element: str) -> frozenset[str]:
    """Give the code systems of the value set that `element` ("Patient.gender") must take its code from."""
    structure = definitions.structure(element.partition(".")[0])
    found: Iterable[dict[str, Any]] = structure["snapshot"]["element"] if structure else ()
    binding = next((one.get("binding") for one in found if one["path"] == element), None)
    value_set = definitions.value_set(binding["valueSet"]) if binding and "valueSet" in binding else None
    if value_set is None:
        return frozenset()
    includes: list[dict[str, Any]] = value_set.get("compose", {}).get("include", [])
    return frozenset(one["system"] for one in includes if "system" in one)


@lru_cache(maxsize=4096)
def implied_systems(parameter: SearchParameter) -> frozenset[str]:
    """Give the code systems that all `code` elements behind a token parameter share."""
    found: set[frozenset[str]] = set()
    for piece in split_union(parameter.expression):
        for leaf in leaves(piece, parameter.base, definitions.type_model()) or ():
            if leaf.type == "code":
                found.add(element_systems(leaf.element))
    return found.pop() if len(found) == 1 else frozenset()
