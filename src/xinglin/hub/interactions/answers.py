"""What an interaction answers, before HTTP or a bundle gives it its form."""

from dataclasses import dataclass

from xinglin.core.clock import instant
from xinglin.core.exact_json import Json
from xinglin.hub.changes import Action, Change, Delete, Done
from xinglin.hub.records import Record

STATUS_TEXTS = {200: "200 OK", 201: "201 Created", 204: "204 No Content"}


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, and the record or the bundle that the interaction gives.

    `body` is a JSON text that isn't a stored record, such as a search's bundle.
    """

    status: int
    record: Record | None = None
    body: bytes | None = None
    written: bool = False
    """Whether `record` is a version that this interaction wrote."""

    @property
    def content(self) -> bytes | None:
        """The JSON text to show."""
        return self.body if self.record is None else self.record.body

    def response(self) -> Json:
        """Give `Bundle.entry.response` (http://hl7.org/fhir/R4/bundle.html#bundle-response)."""
        made: Json = {"status": STATUS_TEXTS[self.status]}
        if self.record is not None:
            if not self.record.deleted:
                made["location"] = f"{self.record.key}/_history/{self.record.version}"
            made["etag"] = self.record.etag
            made["lastModified"] = instant(self.record.updated)
        return made


def answer_change(change: Change, done: Done) -> Answer:
    """Give the answer to a change."""
    if isinstance(change, Delete):
        return Answer(204, done.record, written=done.action is Action.DELETED)
    created = done.action is Action.CREATED
    return Answer(201 if created else 200, done.record, written=done.action is not Action.UNCHANGED)
