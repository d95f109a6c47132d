"""Codes, quantities and values of CDA as FHIR has them."""

import re
from decimal import InvalidOperation
from typing import Final

from xinglin.core.exact_json import ExactDecimal, Json
from xinglin.standards.cda.xml import Node, attribute, children, text_of, type_of
from xinglin.standards.identifiers import find, preferred

ICD_10: Final = "2.16.156.10011.2.3.3.11"
"""Arc of diagnosis codes; its sub-arcs .1 to .5 occur and mean the same codes (WS/T 500 templates)."""
ICD_9_CM_3: Final = "2.16.156.10011.2.3.3.12"
GBT_15657: Final = "2.16.156.10011.2.3.3.14"
ELEMENTS: Final = "2.16.156.10011.2.2.1"
_NAMED: Final = (("ICD-10", ICD_10), ("ICD10", ICD_10), ("15657", GBT_15657), ("ICD-9", ICD_9_CM_3))
"""What the code system's name says, for documents whose OID was copied from another place."""
_LONGEST_NUMBER: Final = 60
_OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")


def system_uri(oid: str) -> str:
    """Give the URI to write for the OID of a code system or of numbers."""
    base = ICD_10 if oid.startswith(f"{ICD_10}.") else oid
    return preferred(f"urn:oid:{base}") if find(base) else f"urn:oid:{base}"


def coding(node: Node | None, local: str | None = None) -> Json | None:
    """Give the Coding of a CE or CD; None without a code. `local` is the system where none is named."""
    code = attribute(node, "code")
    if code is None:
        return None
    oid, display = attribute(node, "codeSystem"), attribute(node, "displayName")
    system = system_uri(oid) if oid and is_oid(oid) else local
    parts = {"system": system, "code": " ".join(code.split()), "display": display}
    return {name: part for name, part in parts.items() if part}


def concept(node: Node | None, text: str | None = None, local: str | None = None) -> Json | None:
    """Give the CodeableConcept of a CE or CD, with its display or `text`; None where it says nothing."""
    found = coding(node, local)
    said = text or attribute(node, "displayName") or (text_of(node) if node is not None else None)
    parts = {"coding": [found] if found else None, "text": said or None}
    return {name: part for name, part in parts.items() if part} or None


def is_oid(text: str) -> bool:
    """Tell whether `text` is a whole OID (ITU-T X.660)."""
    return _OID.fullmatch(text) is not None


def diagnosis_system(value: Node, expected: str) -> str | None:
    """Give the OID of the table that a diagnosis code comes from; None where that isn't certain.

    OIDs and names contradict each other in templates that are in use (an ICD-10 code under the OID of
    GB/T 15657). Two of three must agree: the OID, the name beside it, and what the data element calls for.
    """
    oid, name = attribute(value, "codeSystem") or "", attribute(value, "codeSystemName") or ""
    by_oid = next(
        (one for one in (ICD_10, GBT_15657, ICD_9_CM_3) if oid == one or oid.startswith(f"{one}.")), None
    )
    by_name = next((one for words, one in _NAMED if words in name.upper()), None)
    votes = [by_oid, by_name, expected]
    return next((one for one in votes if one and votes.count(one) > 1), None)


def number(text: str | None) -> ExactDecimal | None:
    """Read a decimal as it is written, so that `7.80` stays `7.80`; None where it isn't one."""
    plain = (text or "").strip().removeprefix("+")
    if not plain or len(plain) > _LONGEST_NUMBER or not plain.isascii():
        return None
    whole, point, part = plain.removeprefix("-").partition(".")
    if not (whole or "0").isdigit() or (point and not part.isdigit()):
        return None
    sign = "-" if plain.startswith("-") else ""
    try:
        return ExactDecimal(f"{sign}{whole.lstrip('0') or '0'}{point}{part}")
    except InvalidOperation:
        return None


def quantity(node: Node | None, unit: str | None = None) -> Json | None:
    """Give the Quantity of a PQ, REAL or INT with its unit as written; None without a number."""
    if node is None:
        return None
    found = number(attribute(node, "value") or text_of(node))
    if found is None:
        return None
    said = attribute(node, "unit") or unit
    return {"value": found, **({"unit": said} if said else {})}


def value_text(node: Node) -> str:
    """Give a value as a person reads it, such as `7.8 mmol/L` or `异常（2）`."""
    kind = type_of(node)
    own = text_of(node)
    if kind in ("CD", "CE", "CV", "CO", "CS"):
        display, code = attribute(node, "displayName") or own, attribute(node, "code")
        return f"{display}（{code}）" if display and code else display or code or ""
    value = attribute(node, "value")
    unit = attribute(node, "unit") or attribute(node, "currency")
    ends = [attribute(end, "value") for name in ("low", "high") for end in children(node, name)]
    if value is None and any(ends):
        value = " – ".join(end or "…" for end in ends)
    return " ".join(part for part in (value or own or attribute(node, "code"), unit) if part)
