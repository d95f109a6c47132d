"""OperationOutcome: how FHIR says what went wrong (http://hl7.org/fhir/R4/operationoutcome.html)."""

from collections.abc import Sequence

from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import Json

CODE_SYSTEM = "urn:xinglin:error"
"""The code system of `XL1001` and its kin."""


def issue(
    *, severity: str, code: str, text: str, details: str | None = None, expression: Sequence[str] = ()
) -> Json:
    """Make one issue: `code` is a FHIR IssueType, `details` a code of ours."""
    made: Json = {"severity": severity, "code": code}
    if details is not None:
        made["details"] = {"coding": [{"system": CODE_SYSTEM, "code": details}], "text": text}
    made["diagnostics"] = text
    if expression:
        made["expression"] = list(expression)
    return made


def outcome(*issues: Json) -> Json:
    """Make an OperationOutcome of issues."""
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def from_error(error: XinglinError, language: str) -> Json:
    """Make the OperationOutcome that tells `error` and its remedy in `language`."""
    text = f"{error.text(language)} {error.advice(language)}"
    places = [error.expression] if error.expression else []
    return outcome(issue(severity="error", code=error.issue, text=text, details=error.code, expression=places))
