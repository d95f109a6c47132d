"""What a record must be before anything else is asked of it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, cast

from xinglin.core.errors import RequestError
from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.hub.changes import Change, Create, Patch, Update
from xinglin.standards.definitions import Definitions, resource_types
from xinglin.standards.outcome import InvalidRecord
from xinglin.standards.validation import Finding, validator


class NotARecord(RequestError):
    """The content is JSON, but no FHIR resource."""

    code = "XL3004"
    message = "The content isn't a FHIR resource: {detail}."
    remedy = 'Send one JSON object with "resourceType" (http://hl7.org/fhir/R4/json.html#resources).'
    issue = "structure"


class UnknownType(RequestError):
    """A resource type that FHIR R4 doesn't define."""

    code = "XL3005"
    message = '"{found}" is no resource type of FHIR R4.'
    remedy = "Look at /fhir/metadata for the types known here; names are case-sensitive."
    status = 404
    issue = "not-supported"


class TypeMismatch(RequestError):
    """The record is of another type than the request says."""

    code = "XL3006"
    message = "The record is a {found}, the request is about {wanted}."
    remedy = "Send the record to /fhir/{found}."
    issue = "invalid"


def admit_type(kind: str) -> str:
    """Give `kind` back if it is a resource type of R4. Raises UnknownType."""
    if kind not in resource_types():
        raise UnknownType(found=kind)
    return kind


def admit(content: Any, kind: str | None = None) -> Json:
    """Give `content` back if it has the outline of a resource (of type `kind`)."""
    if not isinstance(content, dict):
        raise NotARecord(detail=Phrase("it must be a JSON object"))
    record = cast("Json", content)
    found = record.get("resourceType")
    if not isinstance(found, str):
        raise NotARecord(detail=Phrase('"{name}" is missing', name="resourceType"))
    if found not in resource_types():
        raise UnknownType(found=found)
    if kind is not None and found != kind:
        raise TypeMismatch(found=found, wanted=kind)
    if not isinstance(record.get("meta", {}), dict):
        raise NotARecord(detail=Phrase('"{name}" must be {kind}', name="meta", kind=Phrase("an object")))
    if not isinstance(record.get("id", ""), str):
        raise NotARecord(detail=Phrase('"{name}" must be {kind}', name="id", kind=Phrase("a string")))
    return record


class Admission:
    """The door: only records that keep the rules of FHIR and of the profiles they claim come in."""

    def __init__(self, definitions: Definitions, *, enforce: bool) -> None:
        """Check by `definitions`; without `enforce` everything is let in, unchecked."""
        self._validator = validator(definitions)
        self._enforce = enforce

    def examine(self, content: Json, profiles: Iterable[str] = ()) -> list[Finding]:
        """Give everything found in a record, of any severity."""
        return self._validator.validate(content, profiles=profiles)

    def check(self, change: Change) -> Change:
        """Give the change back if its record may come in. Raises InvalidRecord.

        A patch is checked when it is applied, on what it makes of the record.
        """
        if not self._enforce:
            return change
        match change:
            case Create(content=content) | Update(content=content) if content is not None:
                self._refuse_errors(content, change.place)
            case Patch(modify=modify):

                def checked(record: Json) -> Json:
                    return self._refuse_errors(modify(record), change.place)

                return replace(change, modify=checked)
            case _:
                pass
        return change

    def _refuse_errors(self, content: Json, place: str) -> Json:
        findings = self.examine(content)
        if any(finding.severity == "error" for finding in findings):
            refused = InvalidRecord(findings)
            refused.expression = place or None
            raise refused
        return content
