"""What a record is: one version of one FHIR resource, with its place in the change sequence."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from xinglin.core.clock import instant
from xinglin.core.errors import RequestError
from xinglin.core.exact_json import Json, dumps, loads
from xinglin.standards.confidentiality import without_labels


class Key(NamedTuple):
    """Which record: resource type and id."""

    type: str
    id: str

    def __str__(self) -> str:
        return f"{self.type}/{self.id}"


@dataclass(frozen=True)
class Record:
    """One stored version. `body` is the JSON text in UTF-8; None says that this version is the deletion."""

    key: Key
    version: int
    updated: datetime
    seq: int
    body: bytes | None

    @property
    def deleted(self) -> bool:
        """Whether this version is a deletion."""
        return self.body is None

    @property
    def etag(self) -> str:
        """The weak entity tag that names this version (http://hl7.org/fhir/R4/http.html#versioning)."""
        return f'W/"{self.version}"'

    @cached_property
    def content(self) -> Json:
        """The record as a dict; shared, so treat it as read-only. A deletion has none."""
        if self.body is None:
            raise Gone(key=self.key)
        return loads(self.body)


@dataclass(frozen=True, slots=True)
class Draft:
    """A version to be written.

    `content` None deletes; `previous` is the version it follows, None for a new record.
    """

    key: Key
    content: Json | None
    previous: Record | None = None


class Unknown(RequestError):
    """No such record was ever stored here."""

    code = "XL3010"
    message = "{key} isn't known here."
    remedy = "Check the type and the id; search for the record if you only know an identifier."
    status = 404
    issue = "not-found"


class Gone(RequestError):
    """The record was deleted."""

    code = "XL3011"
    message = "{key} was deleted."
    remedy = "Read an earlier version with {key}/_history, or update it to bring it back."
    status = 410
    issue = "deleted"


class UnknownVersion(RequestError):
    """The record has no such version."""

    code = "XL3012"
    message = "{key} has no version {version}."
    remedy = "List the versions with {key}/_history."
    status = 404
    issue = "not-found"


def stamped(content: Json, key: Key, version: int, updated: datetime) -> Json:
    """Give `content` as it is stored: resourceType, id and meta first, with this version and time."""
    meta: Json = {"versionId": str(version), "lastUpdated": instant(updated)}
    meta |= {name: value for name, value in content.get("meta", {}).items() if name not in meta}
    head: Json = {"resourceType": key.type, "id": key.id, "meta": meta}
    return head | {name: value for name, value in content.items() if name not in head}


def same(content: Json, record: Record) -> bool:
    """Tell whether writing `content` over `record` would change nothing but version, time and labels."""
    wanted = stamped(without_labels(content), record.key, record.version, record.updated)
    known = stamped(without_labels(record.content), record.key, record.version, record.updated)
    return dumps(wanted) == dumps(known)
