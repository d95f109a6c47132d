"""$subsumes: which of two codes is the wider (http://hl7.org/fhir/R4/codesystem-operation-subsumes.html)."""

from dataclasses import dataclass

from xinglin.core.exact_json import Json
from xinglin.standards.terminology.errors import (
    BadParameterValue,
    MissingParameter,
    NoSubsumption,
    UnknownCode,
)
from xinglin.standards.terminology.lookup import find_system
from xinglin.standards.terminology.model import Library
from xinglin.standards.terminology.parameters import Given, parameters, part

NO_KINDS = frozenset({"part-of", "grouped-by"})
"""Meanings of a hierarchy in which a child isn't a kind of its parent."""


@dataclass(frozen=True, slots=True)
class AskedSubsumption:
    """Two codes of a system."""

    system: str
    a: str
    b: str
    version: str = ""

    @classmethod
    def of(cls, given: Given) -> "AskedSubsumption":
        """Read the request. Raises TerminologyError."""
        codings = [given.coding("codingA") or {}, given.coding("codingB") or {}]
        codes = [given.text("codeA") or codings[0].get("code"), given.text("codeB") or codings[1].get("code")]
        systems = {one["system"] for one in codings if one.get("system")} | {given.text("system")} - {""}
        if not all(codes) or not systems:
            missing = [
                n for n, one in (("codeA", codes[0]), ("codeB", codes[1]), ("system", systems)) if not one
            ]
            raise MissingParameter(names=", ".join(missing))
        if len(systems) > 1:
            raise BadParameterValue(name="system", value=" ".join(sorted(systems)))
        return cls(systems.pop(), str(codes[0]), str(codes[1]), given.text("version"))


async def subsumes(library: Library, asked: AskedSubsumption) -> Json:
    """Give Parameters with `outcome`. Raises UnknownSystem, UnknownCode or NoSubsumption."""
    system = await find_system(library, asked.system, asked.version)
    found = await system.find([asked.a, asked.b])
    for code in (asked.a, asked.b):
        if code not in found:
            raise UnknownCode(url=asked.system, value=code)
    if system.head.hierarchy in NO_KINDS:
        raise NoSubsumption(url=asked.system, meaning=system.head.hierarchy)
    a, b = found[asked.a].code, found[asked.b].code
    if a == b:
        outcome = "equivalent"
    elif await system.is_below(b, a):
        outcome = "subsumes"
    else:
        outcome = "subsumed-by" if await system.is_below(a, b) else "not-subsumed"
    return parameters(part("outcome", "valueCode", outcome))
