"""What a record must be before anything else is asked of it: its outline, its type, its id."""

from typing import Any, cast

from xinglin.core.errors import RequestError
from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.core.identifiers import is_id
from xinglin.hub.records import Key, Unknown
from xinglin.standards.definitions import resource_types


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


def admit_key(kind: str, id_: str) -> Key:
    """Give the key of a record to be read. Raises UnknownType, or Unknown for what can't be an id."""
    key = Key(admit_type(kind), id_)
    if not is_id(id_):
        raise Unknown(key=key)
    return key
