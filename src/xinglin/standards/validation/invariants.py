"""Invariants: the rules that definitions state in FHIRPath.

See http://hl7.org/fhir/R4/conformance-rules.html#constraints. A few that every record meets have closures
written by hand; a test holds them to the FHIRPath text they replace.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from xinglin.core.errors import FhirPathError
from xinglin.standards.fhirpath import compile_expression
from xinglin.standards.validation.context import Check, Context, Json
from xinglin.standards.validation.findings import Draft, Drafts, Severity, information
from xinglin.standards.validation.handwritten import HANDWRITTEN, Holds

if TYPE_CHECKING:
    from xinglin.standards.validation.compiler import Compiler

_BEST_PRACTICE: Final = "http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice"
ELSEWHERE: Final = frozenset({"ele-1", "txt-1", "txt-2", "ref-1", "dom-r4b"})
"""Rules that the shape, narrative and reference checks enforce; they say more than the FHIRPath could."""

_NAME = "name.matches('[A-Z]([A-Za-z0-9_]){0,254}')"
REPAIRED: Final[Mapping[str, str]] = {
    _NAME: f"name.exists() implies {_NAME}",
    "fullUrl.contains('/_history/').not()": "fullUrl.exists() implies fullUrl.contains('/_history/').not()",
    "operator = 'exists' implies (answer is Boolean)": "operator = 'exists' implies (answer is boolean)",
    "probability is decimal implies (probability as decimal) <= 100": (
        "(probability.exists() and probability is decimal) implies (probability as decimal) <= 100"
    ),
}
"""Expressions of R4 that don't say what their rule means, by what they should have said."""


def compile_constraints(element: Json, type_name: str, owner: "Compiler") -> list[Check]:
    """Compile the constraints of an `element` whose values are of `type_name`."""
    return [
        _compile(one, type_name, owner)
        for one in element.get("constraint", ())
        if one["key"] not in ELSEWHERE and one.get("expression")
    ]


def _compile(constraint: Json, type_name: str, owner: "Compiler") -> Check:
    key: str = constraint["key"]
    severity: Severity = (
        "warning" if constraint["severity"] == "warning" or _is_advice(constraint) else "error"
    )
    expression: str = constraint["expression"]
    params = {"key": key, "human": constraint.get("human", "")}
    draft = Draft(severity, key, message="invariant", params=params)
    holds = HANDWRITTEN.get(expression)
    if holds is not None:
        return _simple(holds, draft)
    return _fhirpath(draft, REPAIRED.get(expression, expression), type_name, owner)


def _is_advice(constraint: Json) -> bool:
    return any(
        one["url"] == _BEST_PRACTICE and one.get("valueBoolean") for one in constraint.get("extension", ())
    )


def _again(draft: Draft) -> Drafts:
    """Give a fresh copy: each grows a location of its own."""
    return [Draft(draft.severity, draft.rule, message=draft.message, params=draft.params)]


def _simple(holds: Holds, draft: Draft) -> Check:
    def check(value: Any, context: Context) -> Drafts | None:
        return None if holds(value, context) else _again(draft)

    return check


def _fhirpath(draft: Draft, expression: str, type_name: str, owner: "Compiler") -> Check:
    truth: Callable[..., bool] | None = None

    def check(value: Any, context: Context) -> Drafts | None:
        nonlocal truth
        try:
            if truth is None:
                truth = compile_expression(expression, type_name=type_name).truth
            holds = truth(
                value,
                resource=context.resource,
                root=context.root,
                resolve=context.resolve,
                terminology=owner.member_of,
                conforms=owner.conforms,
            )
        except FhirPathError as problem:
            return [information("invariant-undecided", key=draft.rule, detail=problem.phrase())]
        return None if holds else _again(draft)

    return check
