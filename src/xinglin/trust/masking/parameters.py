"""Search parameters that would tell what masking hides."""

from collections.abc import Mapping
from functools import lru_cache

from xinglin.trust.masking.tables import ANY, Masks, Shown, rows


@lru_cache(maxsize=256)
def blind(masks: Masks) -> Mapping[str, frozenset[str]]:
    """Give, by resource type, the parameters that may be neither searched nor sorted by; "*" is every one."""
    found: dict[str, set[str]] = {}
    if masks.nothing:
        return {}
    for row in rows("parameters.csv"):
        group = row["group"].replace("-", "_")
        shown = masks.text if group == "narrative" else getattr(masks, group)
        if shown is Shown.hidden or (shown is Shown.partly and row["open_if_partly"] == "no"):
            for kind in row["types"].split():
                found.setdefault(kind, set()).add(row["parameter"])
    return {kind: frozenset(codes) for kind, codes in found.items()}


def hidden_parameters(resource_type: str, masks: Masks) -> frozenset[str]:
    """Give the parameters of a type that may be neither searched nor sorted by."""
    found = blind(masks)
    return found.get(resource_type, frozenset()) | found.get(ANY, frozenset())
