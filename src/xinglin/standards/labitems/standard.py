"""An Observation with local codes in standard codes and units, and the way back.

What is added says what it was made from: an added coding has the local coding in its extension MAPPED_FROM,
a converted quantity the original one in its extension ORIGINAL. `restored` takes all of it out again, so that
a mapping can be changed or withdrawn.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from xinglin.core.exact_json import Json
from xinglin.standards.conversion.model import CODES
from xinglin.standards.labitems.shape import is_shaped
from xinglin.standards.labitems.table import LOINC, SYSTEM, Item
from xinglin.standards.units import Conversion, read_unit

ORIGINAL: Final = "urn:xinglin:original-quantity"
"""Extension of a Quantity: the quantity as it was sent."""
MAPPED_FROM: Final = "urn:xinglin:mapped-from"
"""Extension of a Coding: the local coding that it was made from."""
TAGS: Final = "urn:xinglin:tag"
UNMAPPED: Final = "unmapped"
"""Tag of a record with a local code that has no mapping."""
UNKNOWN_UNIT: Final = "unmapped-unit"
"""Tag of a record whose code is mapped, but whose unit can't be brought to the standard one."""
UCUM: Final = "http://unitsofmeasure.org"
READ: Final = "read"
_STANDARD: Final = frozenset({LOINC, SYSTEM})

Find = Callable[[str, str], Item | None]
"""Gives the item that a local code (system, code) means."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A local code in a record: unit and value as they were sent, the specimen, and what it was mapped to.

    `strange_unit` says that the code is mapped, but not the unit.
    """

    system: str
    code: str
    display: str
    unit: str
    value: Decimal | int | None
    specimen: str
    item: Item | None
    strange_unit: bool


def local_coding(part: Json) -> Json | None:
    """Give the local coding of an Observation or one of its components; None where a standard one stands."""
    found = None
    for coding in _codings_of(part):
        system = coding.get("system", "")
        if system in _STANDARD:
            return None
        if found is None and system.startswith(CODES) and coding.get("code"):
            found = coding
    return found


def standardised(observation: Json, find: Find) -> tuple[Json, list[Seen]]:
    """Give the Observation with standard codes and units, and its local codes; the input stays."""
    seen: list[Seen] = []
    if not is_shaped(observation):  # validation has said so; what can't be read stays as it is
        return observation, seen
    result = _part(observation, find, _specimen(observation), seen)
    components = observation.get("component")
    if components:
        parts = [_part(one, find, _specimen(observation), seen) for one in components]
        if any(new is not old for new, old in zip(parts, components, strict=True)):
            result = {**result, "component": parts}
    tags = {UNMAPPED for one in seen if one.item is None} | {UNKNOWN_UNIT for one in seen if one.strange_unit}
    return _tagged(result, tags) if tags else result, seen


def restored(observation: Json) -> Json:
    """Take out what `standardised` added; the result is what was sent."""
    if not is_shaped(observation):
        return observation
    result = _restored_part(observation)
    if "component" in result:
        result["component"] = [_restored_part(one) for one in result["component"]]
    meta = dict(result.get("meta", {}))
    tags = [
        tag
        for tag in meta.pop("tag", [])
        if tag.get("system") != TAGS or tag.get("code") not in {UNMAPPED, UNKNOWN_UNIT}
    ]
    if tags:
        meta["tag"] = tags
    if meta:
        result["meta"] = meta
    else:
        result.pop("meta", None)
    return result


def _part(part: Json, find: Find, specimen: str, seen: list[Seen]) -> Json:
    local = local_coding(part)
    if local is None:
        return part
    item = find(local["system"], local["code"])
    quantity: Json = part.get("valueQuantity") or {}
    conversion = _conversion(quantity, item) if item and quantity else None
    strange = bool(item and item.unit and "value" in quantity and conversion is None)
    seen.append(
        Seen(
            system=local["system"],
            code=local["code"],
            display=local.get("display") or part["code"].get("text", ""),
            unit=quantity.get("unit") or quantity.get("code", ""),
            value=quantity.get("value"),
            specimen=specimen,
            item=item,
            strange_unit=strange,
        )
    )
    if item is None:
        return part
    result = {**part, "code": {**part["code"], "coding": [*_codings(item, local), *part["code"]["coding"]]}}
    if conversion is not None:
        result["valueQuantity"] = _quantity(quantity, item, conversion)
        if "referenceRange" in part:
            result["referenceRange"] = [_range(one, quantity, item) for one in part["referenceRange"]]
    return result


def _specimen(observation: Json) -> str:
    specimen: Json = observation.get("specimen") or {}
    return specimen.get("display", "")


def _codings(item: Item, local: Json) -> Iterator[Json]:
    """Give the standard codings. A LOINC code that nobody has looked up doesn't go into records."""
    origin = {"system": local["system"], "code": local["code"]}
    mark = {"extension": [{"url": MAPPED_FROM, "valueCoding": origin}]}
    if item.loinc and item.loinc_confidence == READ:
        yield {**mark, "system": LOINC, "code": item.loinc}
    yield {**mark, "system": SYSTEM, "code": item.code, "display": item.name}


def _conversion(quantity: Json, item: Item) -> Conversion | None:
    code = quantity.get("code") if quantity.get("system") == UCUM else None
    unit = code or read_unit(quantity.get("unit") or quantity.get("code") or "")
    return item.conversion(unit) if unit else None


def _range(reference: Json, value: Json, item: Item) -> Json:
    """Convert the bounds; one without a unit is in the unit of the value beside it."""
    result = dict(reference)
    for name in ("low", "high"):
        if name in reference:
            bound = reference[name]
            unit = bound if bound.get("unit") or bound.get("code") else {**value, "value": bound.get("value")}
            conversion = _conversion(unit, item)
            if conversion is not None:
                result[name] = _quantity(bound, item, conversion)
    return result


def _quantity(quantity: Json, item: Item, conversion: Conversion) -> Json:
    value = quantity.get("value")
    coded = {"system": UCUM, "code": item.unit}
    if quantity.get("system") == UCUM and quantity.get("code") == item.unit:
        return quantity
    uncoded = not quantity.get("code") and not quantity.get("system")
    if uncoded and read_unit(quantity.get("unit", "")) == item.unit:  # a matter of writing: nothing to keep
        return {**quantity, **coded}
    if not isinstance(value, Decimal | int):
        return quantity
    kept = [one for one in quantity.get("extension", []) if one.get("url") != ORIGINAL]
    result: Json = {"extension": [*kept, {"url": ORIGINAL, "valueQuantity": quantity}]}
    result["value"] = conversion.of(value if isinstance(value, Decimal) else Decimal(value))
    if "comparator" in quantity:
        result["comparator"] = quantity["comparator"]
    return {**result, "unit": item.unit, **coded}


def _tagged(resource: Json, codes: set[str]) -> Json:
    meta = resource.get("meta", {})
    tags = list(meta.get("tag", []))
    there = {(tag.get("system"), tag.get("code")) for tag in tags}
    tags += [{"system": TAGS, "code": code} for code in sorted(codes) if (TAGS, code) not in there]
    return {**resource, "meta": {**meta, "tag": tags}}


def _restored_part(part: Json) -> Json:
    result = dict(part)
    codings = _codings_of(part)
    own = [one for one in codings if not _has(one, MAPPED_FROM)]
    if len(own) == len(codings):
        return result
    result["code"] = {**part["code"], "coding": own}
    if "valueQuantity" in part:
        result["valueQuantity"] = _original(part["valueQuantity"])
    if "referenceRange" in part:
        result["referenceRange"] = [
            {**one, **{name: _original(one[name]) for name in ("low", "high") if name in one}}
            for one in part["referenceRange"]
        ]
    return result


def _original(quantity: Json) -> Json:
    for one in quantity.get("extension", []):
        if one.get("url") == ORIGINAL and "valueQuantity" in one:
            return one["valueQuantity"]
    return quantity


def _codings_of(part: Json) -> Sequence[Json]:
    code: Json = part.get("code") or {}
    return code.get("coding") or ()


def _has(element: Json, url: str) -> bool:
    extensions: list[Any] = element.get("extension", [])
    return any(one.get("url") == url for one in extensions)
