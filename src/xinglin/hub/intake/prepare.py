"""Reading the items of a piece and checking each by itself, before anything is asked of the database."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import Json
from xinglin.core.identifiers import is_id
from xinglin.hub.admission import Admission
from xinglin.hub.changes import BadId
from xinglin.hub.intake.consignment import Consignment
from xinglin.hub.intake.faults import unforeseen
from xinglin.hub.intake.fhir import Bundled, entries_of
from xinglin.hub.intake.guard import refuse_future
from xinglin.hub.outline import admit
from xinglin.hub.records import Key
from xinglin.hub.registries.speaking import Statement
from xinglin.standards.conversion import Fact, Format, Item, Mode, Origin, Piece
from xinglin.standards.outcome import InvalidRecord


@dataclass(frozen=True, slots=True)
class Prepared:
    """An item that is sound in itself, or why it isn't."""

    item: Item
    facts: Sequence[tuple[Key, Fact]] = ()
    error: XinglinError | None = None

    @property
    def weight(self) -> int:
        """How many items it counts for."""
        return self.item.count if isinstance(self.item, Bundled) else 1

    @property
    def conditional(self) -> Json | None:
        """The bundle whose conditions are to be resolved first."""
        return self.item.conditional if isinstance(self.item, Bundled) else None

    def statement(self) -> Statement:
        """Give its records, for the question in whose name they are; a mention isn't in anybody's."""
        said = [fact.resource for _, fact in self.facts if fact.mode is not Mode.MENTION]
        named = {str(key): fact.resource for key, fact in self.facts if key.type == "Organization"}
        for entry in entries_of(self.conditional) if self.conditional else ():
            record = entry.get("resource")
            if isinstance(record, dict):
                said.append(cast("Json", record))
                named[str(entry.get("fullUrl", ""))] = cast("Json", record)
        return Statement(said, named)


def read(
    known: Mapping[str, Format], consignment: Consignment, piece: Piece, origin: Origin
) -> Iterator[Item]:
    """Read a piece; should a format fail on it in an unforeseen way, the rest is refused whole, not lost."""
    form = known[consignment.form]
    number, line = piece.item, piece.line
    try:
        for item in form.items(piece, origin):
            number, line = item.number + 1, item.line
            yield item
    except Exception as error:
        yield Item(number, line, piece.body, error=unforeseen(error, consignment))


def prepare(item: Item, consignment: Consignment, admission: Admission) -> Prepared:
    """Check an item's facts; one that is wrong makes the item wrong."""
    if item.error is not None:
        return Prepared(item, error=item.error)
    try:
        facts = [check(fact, consignment, admission) for fact in item.facts]
    except XinglinError as error:
        return Prepared(item, error=error)
    except Exception as error:
        return Prepared(item, error=unforeseen(error, consignment))
    return Prepared(item, facts)


def check(fact: Fact, consignment: Consignment, admission: Admission) -> tuple[Key, Fact]:
    """Give the record's key with the fact, if it keeps the rules of FHIR. Raises XinglinError."""
    content = admit(fact.resource)
    key = Key(content["resourceType"], content["id"])
    if not is_id(key.id):
        raise BadId(found=key.id)
    refuse_future(key, fact.time, consignment.received)
    if consignment.source.validation == "errors" and fact.mode is not Mode.DELETE:
        findings = admission.examine(content)
        if any(finding.severity == "error" for finding in findings):
            raise InvalidRecord(findings)
    return key, fact
