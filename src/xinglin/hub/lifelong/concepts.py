"""Concepts as they are compared: codings by each system's one name, and folded words."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from xinglin.hub.lifelong.elements import objects
from xinglin.hub.lifelong.tables import system_names
from xinglin.standards.conversion.model import CODES

Codes = frozenset[str]
"""Codings as `system|code`."""

_NONE: Final[Codes] = frozenset()


def codes_of(concept: Mapping[str, Any]) -> Codes:
    """Give the codings of a concept as `system|code`, each system by its one name."""
    if "coding" not in concept:
        return _NONE
    codings = objects(concept["coding"])
    return frozenset([_code(str(c.get("system") or ""), str(c["code"])) for c in codings if c.get("code")])


@lru_cache(maxsize=16_384)
def _code(system: str, symbol: str) -> str:
    return f"{system_names().get(system, system)}|{symbol}"


def contradict(one: Codes, other: Codes, shared: Codes) -> bool:
    """Tell whether in some system both have codes, but none in common.

    An institution's own codes may differ where a standard code is shared: two may be mapped to one.
    """
    if one == other or not one or not other:
        return False
    agreed = _systems(shared)
    against = (_systems(one) & _systems(other)) - agreed
    return any(not shared or not system.startswith(CODES) for system in against)


@lru_cache(maxsize=8192)
def _systems(codes: Codes) -> frozenset[str]:
    return frozenset(code.rpartition("|")[0] for code in codes)
