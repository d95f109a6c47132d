"""Identifiers and coded values: which system a number or a code belongs to."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from xinglin.core.exact_json import Json
from xinglin.standards.definitions import r4
from xinglin.standards.hl7v2.context import Context
from xinglin.standards.hl7v2.tables import code_systems, codes
from xinglin.standards.identifiers import SCHEMES, Identifier, Kind, kind_of, preferred

V2: Final = "http://terminology.hl7.org/CodeSystem/v2-"
IDENTIFIER_TYPES: Final = V2 + "0203"
RESIDENT_SYSTEM: Final = preferred("urn:oid:2.16.156.10011.1.3")

_PERSONS: Final = (
    Kind.RESIDENT,
    Kind.HK_MACAO_RESIDENCE,
    Kind.TAIWAN_RESIDENCE,
    Kind.PERMANENT_RESIDENCE,
)
_OID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_URI: Final = re.compile(r"(https?://|urn:)\S+")
_TABLE: Final = re.compile(r"HL7-?(\d{4})", re.IGNORECASE)


@lru_cache(maxsize=4096)
def authority_system(namespace: str, universal: str) -> str | None:
    """Give the URI of an assigning authority that is unique in the world; None where it is a local name."""
    if _OID.fullmatch(universal):
        return preferred(f"urn:oid:{universal}")
    if _UUID.fullmatch(universal):
        return f"urn:uuid:{universal.lower()}"
    if _URI.fullmatch(universal):
        return universal
    return preferred(f"urn:oid:{namespace}") if _OID.fullmatch(namespace) and "." in namespace else None


@lru_cache(maxsize=4096)
def local(name: str) -> str:
    """Write a name so that it can stand in a URI."""
    return quote(name, safe="")


def system_of(ctx: Context, authority: str, sort: str) -> str:
    """Give the identifier system of an assigning authority (HD); without one, of local numbers of `sort`."""
    parts = [ctx.text(one) for one in authority.split("&")] if authority else [""]
    namespace, universal = parts[0], parts[1] if len(parts) > 1 else ""
    known = authority_system(namespace, universal) if namespace or universal else None
    if known:
        return known
    return ctx.origin.number_system(local(universal or namespace or sort))


@lru_cache(maxsize=1)
def identifier_types() -> frozenset[str]:
    """Give the identifier types of HL7 table 0203 that FHIR R4 knows."""
    table = r4().code_system(IDENTIFIER_TYPES) or {}
    return frozenset(one["code"] for one in table.get("concept", []))


@lru_cache(maxsize=4096)
def national(value: str) -> tuple[str, str] | None:
    """Give system and normal form of a number whose check character proves a resident identity number."""
    kind = kind_of(None, value)
    if kind is None or kind not in _PERSONS:
        return None
    found = SCHEMES[kind].parse(value)
    return (RESIDENT_SYSTEM, found.value) if isinstance(found, Identifier) else None


def identifier(ctx: Context, value: str, authority: str, sort: str, kind: str = "") -> Json | None:
    """Make an Identifier; `kind` is its type (table 0203), `sort` names local numbers without authority."""
    number = ctx.text(value)
    if not number:
        return None
    known = national(number) if len(number) >= 15 else None
    if known:
        return {"type": _type("NI"), "system": known[0], "value": known[1]}
    found: Json = {"system": system_of(ctx, authority, sort), "value": number}
    return {"type": _type(kind), **found} if kind else found


def _type(kind: str) -> Json:
    if kind in identifier_types():
        return {"coding": [{"system": IDENTIFIER_TYPES, "code": kind}]}
    return {"text": kind}


@lru_cache(maxsize=1024)
def coding_system(name: str) -> str | None:
    """Give the URI of a coding system by its name in HL7 table 0396; None where it is a local one."""
    table = _TABLE.fullmatch(name)
    if table:
        return V2 + table[1]
    return code_systems().get(name.upper()) or authority_system(name, "")


def coding(ctx: Context, code: str, display: str, system: str, sort: str) -> Json | None:
    """Make a Coding; codes of no known system are local ones of this `sort`."""
    known = coding_system(system) if system else None
    if not code:
        return {"display": display} if display else None
    # FHIR's codes have single spaces within and none outside.
    value = " ".join(code.split())
    own = local(system) if system and system.upper() != "L" else sort
    found = {"system": known or ctx.origin.code_system(own), "code": value}
    return {**found, "display": display} if display else found


def translated(table: str, code: str) -> tuple[str, str] | None:
    """Give FHIR's system (or "") and code for a code of HL7 v2 in a vocabulary `table`."""
    known = codes()[table]
    return known.get(code) or known.get(code.upper())
