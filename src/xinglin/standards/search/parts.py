"""What of a complex value counts for searching, by parameter type (tables of http://hl7.org/fhir/R4/search.html).

Index and reference both read these tables; how they use them is their own.
"""

from collections.abc import Mapping
from typing import Any

STRING_PARTS: Mapping[str, tuple[str, ...]] = {
    "HumanName": ("text", "family", "given", "prefix", "suffix"),
    "Address": ("text", "line", "city", "district", "state", "postalCode", "country"),
}
"""The strings in a complex type that a string parameter looks at."""

STRINGS = frozenset({"string", "markdown", "code", "id", "uri", "url", "canonical"})
DATES = frozenset({"date", "dateTime", "instant"})
NUMBERS = frozenset({"decimal", "integer", "positiveInt", "unsignedInt"})
URIS = frozenset({"uri", "url", "canonical", "oid", "uuid"})
QUANTITIES = frozenset(
    {"Quantity", "Age", "Duration", "Distance", "Count", "SimpleQuantity", "MoneyQuantity"}
)
CODES = frozenset({"code", "string", "id", "uri", "url", "canonical", "oid", "uuid", "markdown"})
"""Primitive types that a token parameter compares whole, without a system."""

CURRENCY = "urn:iso:std:iso:4217"


def joined_name(name: Mapping[str, Any]) -> str:
    """Give a HumanName's family and given names as one Chinese name, without a space between them."""
    given: Any = name.get("given")
    parts: list[Any] = [name.get("family"), *(given if isinstance(given, list) else [])]
    return "".join(part for part in parts if isinstance(part, str))


def extension_value(extension: Mapping[str, Any]) -> tuple[str, Any]:
    """Give the type and value of an Extension; ("", None) where it has none."""
    for key, value in extension.items():
        if key.startswith("value") and len(key) > len("value"):
            name = key.removeprefix("value")
            primitive = name[0].lower() + name[1:]
            return (primitive if primitive in _PRIMITIVES else name), value
    return "", None


_PRIMITIVES = DATES | NUMBERS | CODES | {"boolean", "time", "base64Binary", "unsignedInt"}


def quantity_unit(type_name: str, value: Mapping[str, Any]) -> tuple[str, str, str]:
    """Give system, code and unit text of a Quantity, Money, Range or SampledData; "" for what is missing."""
    if type_name == "Money":
        return CURRENCY, value.get("currency") or "", ""
    if type_name == "Range":
        value = value.get("low") or value.get("high") or {}
    elif type_name == "SampledData":
        value = value.get("origin") or {}
    return value.get("system") or "", value.get("code") or "", value.get("unit") or ""
