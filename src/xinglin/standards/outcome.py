"""OperationOutcome: how FHIR says what went wrong (http://hl7.org/fhir/R4/operationoutcome.html)."""

from collections.abc import Sequence

from xinglin.core.errors import ValidationError, XinglinError
from xinglin.core.exact_json import Json
from xinglin.core.i18n import translate
from xinglin.standards.validation.findings import Finding

CODE_SYSTEM = "urn:xinglin:error"
"""The code system of `XL1001` and its kin."""

RULE_SYSTEM = "urn:xinglin:validation-rule"
"""The code system of validation's rules, such as `cardinality-min` or `pat-1`."""

ALL_WELL = "Nothing to correct was found."


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


class InvalidRecord(ValidationError):
    """The record breaks rules of FHIR, or of a profile it claims."""

    code = "XL5010"
    message = "The record breaks {count} rules of FHIR or of the profiles it claims."
    remedy = "Correct what the issues name; $validate and `xinglin validate` check without storing."

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = findings
        super().__init__(count=sum(finding.severity == "error" for finding in findings))


def from_error(error: XinglinError, language: str) -> Json:
    """Make the OperationOutcome that tells `error` and its remedy in `language`."""
    if isinstance(error, InvalidRecord):
        return from_findings(error.findings, language, place=error.expression)
    text = f"{error.text(language)} {error.advice(language)}"
    places = [error.expression] if error.expression else []
    told = issue(severity="error", code=error.issue, text=text, details=error.code, expression=places)
    return outcome(told)


def from_findings(findings: Sequence[Finding], language: str, *, place: str | None = None) -> Json:
    """Make the OperationOutcome of a validation; `place` is the entry of the bundle that holds the record.

    Without findings it says so, as an OperationOutcome needs an issue.
    """
    if not findings:
        return outcome(
            issue(severity="information", code="informational", text=translate(ALL_WELL, language))
        )
    return outcome(*(_finding(finding, language, place) for finding in findings))


def _finding(finding: Finding, language: str, place: str | None) -> Json:
    text = finding.text(language)
    location = finding.location
    if place:
        location = f"{place}.resource" + location[len(location.partition(".")[0]) :]
    made = issue(severity=finding.severity, code=finding.issue, text=text, expression=[location])
    made["details"] = {"coding": [{"system": RULE_SYSTEM, "code": finding.rule}], "text": text}
    return made
