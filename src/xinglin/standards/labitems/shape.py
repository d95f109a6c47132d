"""Whether an Observation has the outline that standardising relies on; what hasn't is left as it came."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

Json = Mapping[str, Any]

_TEXTS: Final = ("system", "code", "unit", "display", "text", "url")


def is_shaped(observation: Json) -> bool:
    """Tell whether the elements that standardising reads are of the right JSON types."""
    components, meta = observation.get("component", []), observation.get("meta", {})
    return (
        _is_part(observation)
        and _are_objects(components)
        and all(_is_part(one) for one in components)
        and _is_texts(observation.get("specimen", {}))
        and isinstance(meta, dict)
        and _are_texts(cast("Json", meta).get("tag", []))
    )


def _is_part(part: Json) -> bool:
    code, ranges = part.get("code", {}), part.get("referenceRange", [])
    return (
        _is_texts(code)
        and _are_texts(code.get("coding", []))
        and _is_quantity(part.get("valueQuantity", {}))
        and _are_objects(ranges)
        and all(_is_quantity(one.get("low", {})) and _is_quantity(one.get("high", {})) for one in ranges)
    )


def _is_quantity(quantity: Any) -> bool:
    return _is_texts(quantity) and _are_texts(quantity.get("extension", []))


def _are_texts(elements: Any) -> bool:
    return isinstance(elements, list) and all(
        _is_texts(one) and _are_objects(one.get("extension", [])) for one in cast("list[Any]", elements)
    )


def _is_texts(element: Any) -> bool:
    """Tell whether it is an object whose texts are texts."""
    if not isinstance(element, dict):
        return False
    found = cast("dict[str, Any]", element)
    return all(isinstance(found[name], str) for name in _TEXTS if name in found)


def _are_objects(elements: Any) -> bool:
    return isinstance(elements, list) and all(
        isinstance(one, dict) for one in cast("Iterable[Any]", elements)
    )
