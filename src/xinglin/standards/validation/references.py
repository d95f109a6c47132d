"""References: their form, what they may point to, and whether what they name is there.

http://hl7.org/fhir/R4/references.html and http://hl7.org/fhir/R4/bundle.html#references
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from xinglin.standards.definitions import resource_types
from xinglin.standards.validation.context import Check, Context, Json
from xinglin.standards.validation.findings import Draft, Drafts, Severity, at, error, excerpt, warning
from xinglin.standards.validation.snapshot import Node

if TYPE_CHECKING:
    from xinglin.standards.validation.compiler import Compiler

_TYPES: Final = "|".join(sorted(resource_types()))
_REST = re.compile(rf"(?:.*/)?({_TYPES})/[A-Za-z0-9\-.]{{1,64}}(?:/_history/[A-Za-z0-9\-.]{{1,64}})?(?:#.*)?")
_SEARCH = re.compile(rf"({_TYPES})\?.*")


@lru_cache(maxsize=8192)
def named_type(reference: str) -> str | None:
    """Give the resource type that a reference spells out ("Patient/1", "http://…/Patient/1"); else None."""
    found = _REST.fullmatch(reference) or _SEARCH.fullmatch(reference)
    return found[1] if found else None


def check_reference(value: Json, context: Context) -> Drafts | None:
    """Check the form of a Reference and, inside a record or Bundle, that what it names is there."""
    reference = value.get("reference")
    if reference is None:
        if value.keys() & {"identifier", "display", "_reference", "extension", "_display"}:
            return None
        return [warning("reference-empty")]
    if type(reference) is not str or not reference:
        return None
    if reference.startswith("#"):
        return _check_contained(reference, context)
    if named_type(reference) is None:
        return _check_other(reference, context)
    return None


def _check_contained(reference: str, context: Context) -> Drafts | None:
    if reference == "#" or context.resolve(reference) is not None:
        return None
    return at(".reference", [error("reference-contained", id=reference[1:])])


def _check_other(reference: str, context: Context) -> Drafts | None:
    if reference.startswith(("urn:uuid:", "urn:oid:")):
        if context.bundle is None or context.bundle.find(reference) is not None:
            return None
        return at(".reference", [error("reference-bundle", reference=reference)])
    if ":" in reference:
        return None
    severity: Severity = "error" if context.bundle else "warning"
    return [
        Draft(severity, "reference-format", location=".reference", params={"reference": excerpt(reference)})
    ]


def compile_targets(node: Node, code: str, owner: "Compiler") -> list[Check]:
    """Compile which types a Reference element may point to."""
    if code != "Reference":
        return []
    urls = [url for one in node.types if one["code"] == code for url in one.get("targetProfile", ())]
    targets: set[str] = set()
    for url in urls:
        structure = owner.definitions.structure(url)
        targets.add(structure["type"] if structure else "Resource")
    if not targets or "Resource" in targets:
        return [_type_agrees]
    return [_target_check(frozenset(targets))]


def _type_agrees(value: Any, context: Context) -> Drafts | None:
    return _check_type(value, context, None)


def _target_check(targets: frozenset[str]) -> Check:
    def check(value: Any, context: Context) -> Drafts | None:
        return _check_type(value, context, targets)

    return check


def _check_type(value: Json, context: Context, targets: frozenset[str] | None) -> Drafts | None:
    reference, declared = value.get("reference"), value.get("type")
    found = _type_of(reference, context) if type(reference) is str else None
    if targets is not None:
        for kind in (found, declared if type(declared) is str and declared in resource_types() else None):
            if kind is not None and kind not in targets:
                expected = ", ".join(sorted(targets))
                return [
                    error(
                        "reference-target",
                        expected=expected,
                        reference=excerpt(reference or declared),
                        found=kind,
                    )
                ]
    if declared is not None and found is not None and declared != found:
        return [error("reference-type", type=excerpt(declared), reference=excerpt(reference))]
    return None


def _type_of(reference: str, context: Context) -> str | None:
    if context.bundle is not None or reference.startswith("#"):
        resource = context.resolve(reference)
        if resource is not None:
            name = resource.get("resourceType")
            return name if type(name) is str else None
    return named_type(reference)
