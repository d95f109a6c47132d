"""What some types ask beyond their definitions, by their prose in the specification."""

from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import Any, Final

from xinglin.core.errors import FhirPathError
from xinglin.standards.definitions import Definitions
from xinglin.standards.fhirpath import parse
from xinglin.standards.validation.codes import check_identifier, compile_coding, compile_quantity
from xinglin.standards.validation.context import Check, Context, Field, Json
from xinglin.standards.validation.findings import Drafts, at, error, excerpt, warning
from xinglin.standards.validation.questionnaires import check_questionnaire, check_response
from xinglin.standards.validation.references import check_reference
from xinglin.standards.validation.terminology import Terminology

_QUANTITIES: Final = ("Quantity", "Age", "Count", "Distance", "Duration")


def special_checks(terminology: Terminology) -> dict[str, list[Check]]:
    """Give the extra checks by type name."""
    coding, quantity = compile_coding(terminology), compile_quantity(terminology)
    return {
        "Attachment": [check_attachment],
        "Coding": [coding],
        "ElementDefinition.constraint": [check_expression],
        "Identifier": [check_identifier],
        "Questionnaire": [check_questionnaire],
        "QuestionnaireResponse": [check_response],
        "Reference": [check_reference],
        "SearchParameter": [check_expression],
        "ValueSet.compose.include": [_include_check(terminology)],
        **{name: [quantity] for name in _QUANTITIES},
    }


def check_attachment(value: Json, _context: Context) -> Drafts | None:
    """Check that an Attachment's size is that of its data (http://hl7.org/fhir/R4/datatypes.html#Attachment)."""
    size, data = value.get("size"), value.get("data")
    if type(size) is not int or type(data) is not str:
        return None
    try:
        real = len(a2b_base64(data))
    except (Base64Error, ValueError):
        return None
    return None if real == size else at(".size", [error("attachment-size", size=size, real=real)])


def check_expression(value: Json, _context: Context) -> Drafts | None:
    """Check that the FHIRPath of a constraint or SearchParameter can be read."""
    expression = value.get("expression")
    if type(expression) is not str:
        return None
    try:
        parse(expression)
    except FhirPathError as problem:
        return at(".expression", [error("expression", detail=problem.phrase())])
    return None


def _include_check(terminology: Terminology) -> Check:
    def check(value: Json, _context: Context) -> Drafts | None:
        system = value.get("system")
        if type(system) is str and terminology.is_value_set(system):
            return at(".system", [error("system-is-value-set", system=system)])
        return None

    return check


def compile_canonical(definitions: Definitions, urls: list[str]) -> Check:
    """Make the check of a canonical: absolute, or a contained resource; of a right type where it is known.

    `urls` are the profiles that the definition names as targets. The specification's own examples have
    relative and dangling ones, so those are warnings.
    """
    structures = [definitions.structure(url) for url in urls]
    targets = frozenset(one["type"] for one in structures if one)
    if "Resource" in targets or len(targets) < len(set(urls)):
        targets = frozenset[str]()

    def check(value: Any, context: Context) -> Drafts | None:
        if value.startswith("#"):
            if value[1:] in context.contained:
                return None
            return [warning("reference-contained", id=excerpt(value[1:]))]
        if ":" not in value:
            return [warning("canonical-relative", url=excerpt(value))]
        found = definitions.kind_of(value) if targets else None
        if found is None or found in targets:
            return None
        return [error("canonical-type", url=value, expected=", ".join(sorted(targets)), found=found)]

    return check


def unique_id(field: Field) -> Field:
    """Add to the `field` of Element.id that no other element of the resource has the same.

    Source: http://hl7.org/fhir/R4/element.html#id
    """

    def check(value: Any, parent: Json, context: Context) -> Drafts | None:
        found = field(value, parent, context)
        if found is not None or "resourceType" in parent:
            return found
        key = (id(context.resource), value)
        if context.element_ids.setdefault(key, id(parent)) == id(parent):
            return None
        return [error("element-id", id=excerpt(value))]

    return check
