"""What can be wrong with an expression: it can't be read, doesn't fit the types, or fails on the data.

FhirPathError (XL4000)
├── SyntaxProblem    XL4001  not FHIRPath
├── TooComplex       XL4002  longer, deeper or slower than any honest expression
├── SemanticProblem  XL4003  FHIRPath, but it can't mean anything for these types
├── UnknownName      XL4004  a function, type or %variable nobody defined
└── EvaluationError  XL4005  fails on this data
"""

from collections.abc import Sequence

from xinglin.core.errors import FhirPathError
from xinglin.core.i18n import Phrase


def either(names: Sequence[str]) -> Phrase | str:
    """List `names` (one at least) as alternatives."""
    found: Phrase | str = names[0]
    for name in names[1:]:
        found = Phrase("{one} or {other}", one=found, other=name)
    return found


class SyntaxProblem(FhirPathError):
    """The text isn't FHIRPath."""

    code = "XL4001"
    message = "The expression can't be read at character {position}: {detail}."
    remedy = "Correct the expression there; the grammar is at http://hl7.org/fhirpath/N1/grammar.html."


class TooComplex(FhirPathError):
    """The expression is longer, deeper or slower than any honest one."""

    code = "XL4002"
    message = "The expression goes over a limit: {detail}."
    remedy = "Use a simpler expression, or split it into several."
    status = 422
    issue = "too-costly"


class SemanticProblem(FhirPathError):
    """The expression can't mean anything for these types."""

    code = "XL4003"
    message = "The expression doesn't fit the data types at character {position}: {detail}."
    remedy = "Compare the expression with the definition of the resource at http://hl7.org/fhir/R4/."


class UnknownName(FhirPathError):
    """A function, type or variable that nobody defined."""

    code = "XL4004"
    message = "The expression uses {kind} {name}, which is not known."
    remedy = "Correct the name, or pass the variable it stands for."


class EvaluationError(FhirPathError):
    """The expression can't be evaluated on this data."""

    code = "XL4005"
    message = "The expression can't be evaluated on this record: {detail}."
    remedy = "Make the expression allow for such records, for example with first(), ofType() or where()."
    status = 422
    issue = "processing"
