"""The hub as one request sees it: what is open to who asks, masked, and written down before it leaves.

It has the hub's own methods, so that rooms above are written against either. Records that aren't open are
left out in the database itself (see `hub.sight`), so that totals, pages, order and chains tell nothing of
them. A request that gets an answer without a line in the audit log is a fault (`finish`).
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import Json
from xinglin.hub import history as past
from xinglin.hub.admission import Admission
from xinglin.hub.changes import Change, Done
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub, Pairs
from xinglin.hub.identity.asking import Candidate
from xinglin.hub.identity.crossing import Crossed
from xinglin.hub.interactions.answers import Answer
from xinglin.hub.records import Gone, Key, Record, Unknown, UnknownVersion
from xinglin.hub.search.everything import AskedEverything
from xinglin.hub.search.page import Hit
from xinglin.hub.search.search import Asked, Found
from xinglin.hub.sight import Sight
from xinglin.hub.terminology.terminology import Terminology
from xinglin.standards.search import Registry
from xinglin.trust.gate import telling
from xinglin.trust.gate.asking import Asking
from xinglin.trust.gate.book import Book, Named
from xinglin.trust.gate.changing import Changing
from xinglin.trust.gate.cut import patients_asked, patients_of_key
from xinglin.trust.gate.deciding import Deciding
from xinglin.trust.gate.doors import Door
from xinglin.trust.gate.errors import Undecided, UnknownDoor
from xinglin.trust.gate.finding import FIND, refuse_vague
from xinglin.trust.gate.own_log import AUDIT, as_told_to, only_own
from xinglin.trust.gate.seeing import Seeing
from xinglin.trust.log.find import Asked as LogAsked
from xinglin.trust.log.find import Found as LogFound
from xinglin.trust.log.find import Place
from xinglin.trust.log.log import Log
from xinglin.trust.policy.decisions import Policies
from xinglin.trust.who import Who

Result = TypeVar("Result")


class GatedHub:
    """The hub for one request. Not for more than one: it keeps what was decided for it."""

    def __init__(self, hub: Hub, log: Log, deciding: Deciding, asking: Asking) -> None:
        self._hub = hub
        self._log = log
        self._deciding = deciding
        self._book = Book(log, deciding, asking)
        self._changing = Changing(hub, self._book, deciding, self)
        self._door: Door | None = None
        self._entered: tuple[str, tuple[str, ...]] | None = None

    @property
    def who(self) -> Who:
        """Who asks."""
        return self._book.asking.who

    @property
    def purpose(self) -> str:
        """What for: a code of HL7 v3 PurposeOfUse."""
        return self._book.asking.purpose

    @property
    def language(self) -> str:
        """The hub's language."""
        return self._hub.language

    @property
    def registry(self) -> Registry:
        """The search parameters in use: no secret."""
        return self._hub.registry

    @property
    def admission(self) -> Admission:
        """Checks records that come with the request: it reads none that are stored."""
        return self._hub.admission

    @property
    def terminology(self) -> Terminology:
        """The terminology service, for a request whose door was passed. Raises Undecided."""
        self._passed()
        return self._hub.terminology

    async def enter(self, door: str, method: str) -> None:
        """Pass a door: what is no reading or changing of records is decided here. Raises Closed.

        Raises Unproven where nobody is known and the door isn't open to everybody, NotForThisPurpose and
        UnknownDoor.
        """
        named = self.purpose
        self._book.for_purpose("")
        self._door = self._deciding.door(door, method)
        self._book.for_purpose(self._deciding.purpose(self.who, named))
        action, group = self._door.action, self._door.group
        said = None if self._door.by_record else await self._deciding.decide(self._book.asking, action, group)
        if said is not None and said.allowed:
            self._entered = (action, said.rules)
        elif self.who.kind == "anonymous":
            raise await self._book.unproven(action)
        elif said is not None:
            raise await self._book.closed(action, group)

    async def opens(self, door: str, method: str = "GET") -> bool:
        """Tell whether a door would open, at least for something, without passing it: for links to it."""
        try:
            found = self._deciding.door(door, method)
        except UnknownDoor:
            return False
        if not found.by_record:
            return (await self._deciding.decide(self._book.asking, found.action, found.group)).allowed
        return self._deciding.opens_something(self._book.asking, found.action, found.group)

    async def read(self, key: Key, connection: Connection | None = None) -> Record:
        """Give the current version. Raises Hidden (or Unknown and Gone, where nothing can be hidden)."""

        async def work(seeing: Seeing) -> list[Record]:
            return [await self._hub.read(key, connection, sight=seeing.sight)]

        return (await self._one("read", key, work))[0]

    async def vread(self, key: Key, version: int, connection: Connection | None = None) -> Record:
        """Give one version. Raises as `read`."""

        async def work(seeing: Seeing) -> list[Record]:
            return [await self._hub.vread(key, version, connection, sight=seeing.sight)]

        return (await self._one("read", key, work))[0]

    async def history(
        self,
        *,
        kind: str | None = None,
        id_: str | None = None,
        since: datetime | None = None,
        before: past.Place = past.FOREVER,
        most: int,
    ) -> list[Record]:
        """Give versions that may be seen, newest first (see `hub.history`)."""

        async def work(seeing: Seeing) -> list[Record]:
            return await self._hub.history(
                kind=kind, id_=id_, since=since, before=before, most=most, sight=seeing.sight
            )

        if kind is not None and id_ is not None:
            return await self._one("read", Key(kind, id_), work)
        seeing, found = await self._looked("search", kind, work)
        return await self._given("search", seeing, found)

    async def search(
        self, asked: Asked, connection: Connection | None = None, *, action: str = "search"
    ) -> Found:
        """Answer a search among what may be seen. Raises SearchError, or Vague for a search of persons."""
        if action == FIND:
            refuse_vague(asked.pairs)

        async def work(seeing: Seeing) -> Found:
            found = await self._hub.search(asked, connection, sight=seeing.sight)
            return replace(found, cut=bool(seeing.cut) and not seeing.widened)

        return await self._found(action, asked.kind, work, named=partial(patients_asked, self._hub, asked))

    async def everything(self, asked: AskedEverything, connection: Connection | None = None) -> Found:
        """Give all that may be seen about a Patient or Encounter. Raises SearchError or Hidden."""

        async def work(seeing: Seeing) -> Found:
            return await self._hub.everything(asked, connection, sight=seeing.sight)

        return await self._found("search", asked.owner.type, work, asked.owner)

    async def lastn(self, pairs: Pairs, base: str, connection: Connection | None = None) -> Found:
        """Give the latest observations of each code among those that may be seen. Raises SearchError."""

        async def work(seeing: Seeing) -> Found:
            return await self._hub.lastn(pairs, base, connection, sight=seeing.sight)

        asked = Asked(pairs, "Observation")
        named = partial(patients_asked, self._hub, asked)
        return await self._found("search", "Observation", work, named=named)

    async def change(self, change: Change) -> Done:
        """Carry out one change; it is durable when this returns. Raises Hidden, Closed, Kept, SeenMasked."""
        return await self._changing.change(change)

    async def transact(self, raw: Sequence[Json], *, base: str) -> list[Answer]:
        """Carry out the entries of a transaction, all or none. Raises as `change`."""
        return await self._changing.transact(raw, base=base)

    async def about(
        self, id_: str, work: Callable[[Hub, Seeing], Awaitable[Result]], bodies: Callable[[Result], bytes]
    ) -> Result:
        """Answer about a person by what may be seen of their records; `bodies` is what then leaves."""
        key = Key("Patient", id_)

        async def looked(seeing: Seeing) -> Result:
            return await work(self._hub, seeing)

        _, found = await self._looked("search", "Patient", looked, key)
        patients = telling.patients_in([bodies(found)])
        await self._book.tell("search", what=[key], patients=[id_, *patients])
        return found

    async def candidates(self, work: Callable[[Hub, Sight], Awaitable[list[Candidate]]]) -> list[Candidate]:
        """Give the persons that `work` finds among those that may be found, masked."""

        async def looked(seeing: Seeing) -> list[Candidate]:
            return await work(self._hub, seeing.sight)

        seeing, found = await self._looked("person.find", "Patient", looked)
        shown = await self._given("person.find", seeing, [one.golden for one in found])
        return [replace(one, golden=golden) for one, golden in zip(found, shown, strict=True)]

    async def crossed(self, work: Callable[[Hub, Sight], Awaitable[Crossed]]) -> Crossed:
        """Give the identifiers that `work` finds among Patients that may be found, masked."""

        async def looked(seeing: Seeing) -> Crossed:
            return await work(self._hub, seeing.sight)

        seeing, found = await self._looked("person.cross", "Patient", looked)
        await self._book.tell("person.cross", rules=seeing.rules, patients=found.patients)
        person = {"resourceType": "Patient", "identifier": list(found.identifiers)}
        return replace(found, identifiers=seeing.shown(self._hub, [person])[0].get("identifier", []))

    async def audited(self, asked: LogAsked, before: Place | None, most: int) -> LogFound:
        """Give entries of the audit log: to who is to read it all, to a person what is about the own records.

        Raises Closed.
        """
        said = await self._deciding.decide(self._book.asking, AUDIT, "audit")
        own: frozenset[str] | None = None
        if not said.allowed:
            said, own = await self._deciding.own(self._book.asking, AUDIT, "audit")
        if not said.allowed:
            raise await self._book.closed(AUDIT, "audit")
        found = await self._log.find(asked if own is None else only_own(asked, own), before=before, most=most)
        found = found if own is None else as_told_to(found, own)
        entries = [("AuditEvent", str(one.number)) for one in found.entries]
        patients = [one for entry in found.entries for one in entry.told.patients]
        await self._book.tell(AUDIT, rules=said.rules, what=entries, patients=patients)
        return found

    async def govern(self, work: Callable[[Hub, Log, Policies], Awaitable[Result]]) -> Result:
        """Do an act of trust itself, which decides and writes it down on its own."""
        result = await work(self._hub, self._log, self._deciding.policies)
        self._book.told = True
        return result

    async def operate(
        self,
        work: Callable[[Hub], Awaitable[Result]],
        *,
        what: Named = (),
        patients: Iterable[str] = (),
        told: Callable[[Result], Iterable[str]] | None = None,
        named: Callable[[Result], Named] | None = None,
        changes: bool = False,
    ) -> Result:
        """Do what the door that was passed is for, and write it down: changes before they are carried out.

        `told` gives the Patients and `named` the records that an answer is about. Raises Undecided.
        """
        action, rules = self._passed()
        known = list(what)
        if changes:
            await self._book.tell(action, rules=rules, what=known, patients=patients)
        try:
            result = await work(self._hub)
        except XinglinError as error:
            await self._book.failed(error, action, what=known, patients=patients)
            raise
        if not changes:
            about = [*patients, *(told(result) if told is not None else ())]
            known += list(named(result)) if named is not None else []
            await self._book.tell(action, rules=rules, what=known, patients=about)
        return result

    async def finish(self) -> None:
        """Before an answer leaves: write down a door passed; raise Undecided where nothing was decided."""
        if not self._book.told:
            action, rules = self._passed()
            await self._book.tell(action, rules=rules)

    async def failure(self, error: XinglinError) -> None:
        """Before an error leaves: write it down, unless something was."""
        if not self._book.told:
            await self._book.failed(error, self._door.action if self._door else "see")

    def _passed(self) -> tuple[str, tuple[str, ...]]:
        if self._entered is None:
            raise Undecided
        return self._entered

    async def _looked(
        self,
        action: str,
        kind: str | None,
        work: Callable[[Seeing], Awaitable[Result]],
        about: Key | None = None,
        named: Callable[[], Awaitable[Iterable[str]]] | None = None,
    ) -> tuple[Seeing, Result]:
        """Do `work` by what may be seen; again where consent changed meanwhile."""
        while True:
            seeing = await self._deciding.seeing(self._book.asking, action)
            if not seeing.opens(kind):
                raise await self._book.closed(action, self._deciding.group_of(kind))
            if seeing.cut:
                patients = await (named() if named is not None else patients_of_key(self._hub, about))
                seeing = await self._deciding.widened(self._book.asking, action, seeing, patients)
            try:
                result = await work(seeing)
            except (Unknown, Gone, UnknownVersion) as error:
                if about is None or seeing.hides_nothing(about.type):
                    raise
                raise await self._book.hidden(action, about) from error
            if await self._deciding.still_holds(self._book.asking, action, seeing):
                return seeing, result

    async def _one(
        self, action: str, key: Key, work: Callable[[Seeing], Awaitable[list[Record]]]
    ) -> list[Record]:
        seeing, found = await self._looked(action, key.type, work, key)
        return await self._given(action, seeing, found)

    async def _found(
        self,
        action: str,
        kind: str | None,
        work: Callable[[Seeing], Awaitable[Found]],
        about: Key | None = None,
        named: Callable[[], Awaitable[Iterable[str]]] | None = None,
    ) -> Found:
        seeing, found = await self._looked(action, kind, work, about, named)
        hits = [*found.matches, *found.included]
        records = await self._given(action, seeing, [hit.record for hit in hits])
        if not seeing.masks:
            return found
        shown = [replace(hit, record=one) for hit, one in zip(hits, records, strict=True)]
        return _with(found, shown)

    async def _given(self, action: str, seeing: Seeing, records: Sequence[Record]) -> list[Record]:
        """Write down what is given, then give it masked."""
        await self._book.tell(
            action, rules=seeing.rules, what=telling.what(records), patients=telling.patients(records)
        )
        return seeing.masked(self._hub, records)


def _with(found: Found, shown: Sequence[Hit]) -> Found:
    matches = len(found.matches)
    return replace(found, matches=shown[:matches], included=shown[matches:])
