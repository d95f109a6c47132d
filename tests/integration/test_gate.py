"""The gate: what each role sees for each purpose, what it may change, and what the log says of it."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.support import run

from xinglin.core.errors import XinglinError
from xinglin.core.settings import Settings
from xinglin.hub.changes import Create, Delete, Patch, Update
from xinglin.hub.hub import Hub
from xinglin.hub.interactions.batch import batch
from xinglin.hub.records import Key
from xinglin.hub.search.everything import AskedEverything
from xinglin.hub.search.search import Asked
from xinglin.hub.sight.errors import HiddenParameter
from xinglin.trust.gate.asking import Asking
from xinglin.trust.gate.errors import Closed, Hidden, Kept, SeenMasked, Undecided, Unproven
from xinglin.trust.gate.gate import Gate, open_gate
from xinglin.trust.gate.gated import GatedHub
from xinglin.trust.gate.rooms import audit, emergency
from xinglin.trust.log.find import Asked as LogAsked
from xinglin.trust.log.find import Written
from xinglin.trust.who import NOBODY, Who

Json = dict[str, Any]

WANG = Who("user:wang", "user", roles=frozenset({"clinician"}), practitioner="wang")
QUALITY = Who("user:qian", "user", roles=frozenset({"quality-controller"}), institution="org-county")
SELF = Who("user:p1", "user", roles=frozenset({"patient"}), patient="p1")
SOURCE = Who("source:his", "source")
ADMINISTRATOR = Who("user:root", "user", roles=frozenset({"system-administrator"}))
SECURITY = Who("user:sec", "user", roles=frozenset({"security-administrator"}))
AUDITOR = Who("user:aud", "user", roles=frozenset({"audit-administrator"}))

HIV = {"system": "http://hl7.org/fhir/sid/icd-10", "code": "B20"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home of its own: in the shared one stand policies of other tests."""
    return tmp_path


def ref(target: str) -> Json:
    return {"reference": target}


def patient(id_: str, name: str) -> Json:
    return {
        "resourceType": "Patient",
        "id": id_,
        "name": [{"text": name}],
        "telecom": [{"system": "phone", "value": "13800000000"}],
        "birthDate": "1980-05-06",
    }


def condition(id_: str, owner: str, coding: Json) -> Json:
    return {
        "resourceType": "Condition",
        "id": id_,
        "subject": ref(f"Patient/{owner}"),
        "code": {"coding": [coding]},
    }


def observation(id_: str, owner: str) -> Json:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2345-7"}]},
        "subject": {**ref(f"Patient/{owner}"), "display": "somebody"},
        "valueQuantity": {"value": 5, "unit": "mmol/L"},
    }


RECORDS = [
    {"resourceType": "Organization", "id": "org-county", "name": "county"},
    {"resourceType": "Practitioner", "id": "wang"},
    patient("p1", "张三"),
    patient("p2", "李四"),
    {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": ref("Patient/p1"),
        "participant": [{"individual": ref("Practitioner/wang")}],
        "period": {"start": "2026-11-22T00:00:00Z"},
    },
    observation("o1", "p1"),
    observation("o2", "p2"),
    condition("c1", "p1", {"system": "http://hl7.org/fhir/sid/icd-10", "code": "I10"}),
    condition("hiv", "p1", HIV),
]

Story = Callable[[Gate], Awaitable[Any]]


def play(settings: Settings, story: Story) -> Any:
    """Store the records, then tell a story at the gate."""

    async def work(hub: Hub) -> Any:
        await hub.change_all(
            [Update(one["resourceType"], Key(one["resourceType"], one["id"]), content=one) for one in RECORDS]
        )
        async with open_gate(settings, hub) as gate:
            return await story(gate)

    return run(settings, work)


async def enter(gate: Gate, who: Who, door: str = "read", method: str = "GET", purpose: str = "") -> GatedHub:
    hub = gate.open(Asking(who, purpose, interaction=door))
    await hub.enter(door, method)
    return hub


async def log(gate: Gate, **asked: Any) -> Sequence[Written]:
    return (await gate.log.find(LogAsked(**asked), most=100)).entries


async def refusal(answer: Awaitable[Any]) -> XinglinError:
    with pytest.raises(XinglinError) as caught:
        await answer
    return caught.value


async def ids(hub: GatedHub, kind: str, *pairs: tuple[str, str]) -> tuple[list[str], int | None]:
    found = await hub.search(Asked([*pairs, ("_total", "accurate")], kind))
    return sorted(one.record.key.id for one in found.matches), found.total


def test_a_clinician_sees_those_treated(settings: Settings) -> None:
    async def story(gate: Gate) -> None:
        hub = await enter(gate, WANG)
        assert (await hub.read(Key("Observation", "o1"))).content["valueQuantity"]["value"] == 5
        assert (await hub.read(Key("Patient", "p1"))).content["name"] == [{"text": "张三"}]
        assert await ids(hub, "Patient") == (["p1"], 1)
        assert await ids(hub, "Observation") == (["o1"], 1)
        assert await ids(hub, "Observation", ("patient.name", "李四")) == ([], 0)
        assert await ids(hub, "Patient", ("_has:Observation:patient:code", "2345-7")) == (["p1"], 1)
        found = await hub.everything(AskedEverything(Key("Patient", "p1"), [], ""))
        assert "hiv" not in {one.record.key.id for one in found.matches}
        assert await ids(hub, "Condition") == (["c1"], 1), "sensitive classes need a role of their own"
        (latest, *_) = await log(gate, agents=("user:wang",))
        assert latest.told.outcome == "allowed"
        assert "treating.see" in latest.told.rules
        assert latest.told.patients == ("p1",)

    play(settings, story)


def test_hidden_and_unknown_are_told_alike(settings: Settings) -> None:
    async def story(gate: Gate) -> None:
        hub = await enter(gate, WANG)
        for hidden in (Key("Observation", "o2"), Key("Condition", "hiv"), Key("Patient", "p2")):
            unknown = Key(hidden.type, "never")
            told = [await refusal(hub.read(one)) for one in (hidden, unknown)]
            told += [await refusal(hub.vread(one, 1)) for one in (hidden, unknown)]
            assert {type(one) for one in told} == {Hidden}
            texts = {one.text().replace(hidden.id, "never") + one.advice() for one in told}
            assert len(texts) == 1
            assert "HIV" not in texts.pop()
        everything = [
            await refusal(hub.everything(AskedEverything(Key("Patient", one), [], "")))
            for one in ("p2", "no")
        ]
        assert {type(one) for one in everything} == {Hidden}
        denied = await log(gate, outcomes=("denied",))
        assert ("Observation/o2",) in {one.told.what for one in denied}

    play(settings, story)


def test_other_roles_and_purposes(settings: Settings) -> None:
    async def story(gate: Gate) -> None:
        mine = await enter(gate, SELF)
        assert await ids(mine, "Condition") == (["c1", "hiv"], 2)
        assert await ids(mine, "Patient") == (["p1"], 1)
        assert isinstance(await refusal(mine.read(Key("Patient", "p2"))), Hidden)
        for who in (SOURCE, ADMINISTRATOR, SECURITY, AUDITOR):
            hub = await enter(gate, who)
            error = await refusal(hub.search(Asked([], "Patient")))
            assert isinstance(error, Closed), who
        assert isinstance(await refusal(enter(gate, NOBODY)), Unproven)
        assert isinstance(await refusal(enter(gate, SOURCE, "refused-show")), Closed)
        assert isinstance(await refusal(enter(gate, WANG, "unheard of")), XinglinError)

    play(settings, story)


def test_masks(settings: Settings) -> None:
    async def story(gate: Gate) -> None:
        async with gate.hub.database.connection() as connection:
            await connection.execute("SELECT 1")
        hub = await enter(gate, WANG, "match", "POST")
        found = await hub.search(
            Asked([("name", "李四"), ("birthdate", "1980-05-06")], "Patient"), action="person.find"
        )
        (hit,) = found.matches
        assert hit.record.content["name"] == [{"text": "李四"}]
        assert "13800000000" not in str(hit.record.content), "whom one doesn't treat is found without phone"
        (latest, *_) = await log(gate)
        assert (latest.told.action, latest.told.patients) == ("person.find", ("p2",))

    play(settings, story)


def test_what_is_masked_cannot_be_searched_nor_changed(settings: Settings) -> None:
    researcher = Who("user:r", "user", roles=frozenset({"researcher"}))

    async def story(gate: Gate) -> None:
        async with gate.hub.database.connection() as connection:
            await connection.execute(
                "INSERT INTO access_grant (kind, who, name, purpose, reason, words, until) "
                "VALUES ('contract', 'user:r', 'r', 'HRESCH', 'c-1', 'study', now() + interval '1 day')"
            )
        hub = await enter(gate, researcher)
        found = await hub.search(Asked([], "Patient"))
        assert len(found.matches) == 2
        text = str([one.record.content for one in found.matches])
        assert "张三" not in text
        assert "13800000000" not in text
        assert "05-06" not in text
        for pairs in ([("name", "张三")], [("birthdate", "1980-05-06")], [("_sort", "birthdate")]):
            assert isinstance(await refusal(hub.search(Asked(pairs, "Patient"))), HiddenParameter), pairs
        chained = Asked([("patient.name", "张三")], "Observation")
        assert isinstance(await refusal(hub.search(chained)), HiddenParameter)

    play(settings, story)


def test_emergency(settings: Settings) -> None:
    async def story(gate: Gate) -> None:
        hub = await enter(gate, WANG)
        assert isinstance(await refusal(hub.read(Key("Observation", "o2"))), Hidden)
        made = await emergency.ask(
            await enter(gate, WANG, "emergency-ask", "POST"),
            "p2",
            reason=reason(gate),
            words="brought in unconscious",
        )
        assert made.patient == "p2"
        still = await enter(gate, WANG)
        assert isinstance(await refusal(still.read(Key("Observation", "o2"))), Hidden), (
            "the purpose must be named"
        )
        gate.deciding.forget()
        opened = await enter(gate, WANG, purpose="BTG")
        assert (await opened.read(Key("Observation", "o2"))).key.id == "o2"
        waiting = await emergency.waiting(await enter(gate, SECURITY, "emergency-waiting"), after=0, most=10)
        assert [one.patient for one in waiting] == ["p2"]
        reviewed = await emergency.review(
            await enter(gate, SECURITY, "emergency-review", "POST"),
            made.id,
            outcome="unjustified",
            why="no reason",
        )
        assert reviewed.ended is not None
        gate.deciding.forget()
        ended = await enter(gate, WANG, purpose="BTG")
        assert isinstance(await refusal(ended.read(Key("Observation", "o2"))), Hidden)
        assert await ids(ended, "Observation") == ([], 0)
        two = Who("user:p2", "user", roles=frozenset({"patient"}), patient="p2")
        mine = await audit.find(await enter(gate, two, "audit-search"), LogAsked(), None, 100)
        assert "emergency.ask" in {one.told.action for one in mine.entries}
        assert {one.told.patients for one in mine.entries} == {("p2",)}

    play(settings, story)


def reason(gate: Gate) -> str:
    return gate.deciding.policies.tables.words("reasons")[0]


def test_the_log_is_read_by_few(settings: Settings) -> None:
    async def story(gate: Gate) -> None:
        hub = await enter(gate, WANG)
        await ids(hub, "Observation")
        assert isinstance(
            await refusal(audit.find(await enter(gate, WANG, "audit-search"), LogAsked(), None, 9)), Closed
        )
        every = await audit.find(await enter(gate, AUDITOR, "audit-search"), LogAsked(), None, 9)
        assert {"user:wang"} <= {one.told.who.id for one in every.entries}
        mine = await audit.find(await enter(gate, SELF, "audit-search"), LogAsked(patients=("p2",)), None, 9)
        assert mine.entries == ()
        told = await audit.find(
            await enter(gate, SELF, "audit-search"), LogAsked(agents=("user:wang",)), None, 9
        )
        assert [one.told.action for one in told.entries] == ["search"]
        assert told.entries[0].told.query == ""
        refused = (await enter(gate, AUDITOR, "create", "POST")).change(
            Create("AuditEvent", content={"resourceType": "AuditEvent"})
        )
        assert isinstance(await refusal(refused), Closed)

    play(settings, story)


def test_consent_between_check_and_use(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A consent that is given while a search is under way counts for its answer."""
    consent = {
        "resourceType": "Consent",
        "id": "no",
        "status": "active",
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "category": [{"coding": [{"code": "59284-0"}]}],
        "patient": ref("Patient/p1"),
        "policyRule": {"coding": [{"code": "OPTOUT"}]},
    }

    async def story(gate: Gate) -> None:
        hub = await enter(gate, WANG)
        assert await ids(hub, "Observation") == (["o1"], 1)
        search, times = gate.hub.search, []

        async def meanwhile(*args: Any, **named: Any) -> Any:
            found = await search(*args, **named)
            if args[0].kind != "Observation":  # relations are searched for too
                return found
            if not times:
                await gate.hub.change(Update("Consent", Key("Consent", "no"), content=consent))
            times.append(found.total)
            return found

        monkeypatch.setattr(gate.hub, "search", meanwhile)
        assert await ids(hub, "Observation") == ([], 0)
        assert times == [1, 0], "it was searched again"
        assert isinstance(await refusal(hub.read(Key("Observation", "o1"))), Hidden)
        await gate.hub.change(Delete("Consent", Key("Consent", "no")))
        assert await ids(hub, "Observation") == (["o1"], 1), "and a consent withdrawn too"

    play(settings, story)


def test_changes(settings: Settings) -> None:
    async def story(gate: Gate) -> None:
        hub = await enter(gate, WANG, "update", "PUT")
        forged = observation("x", "p1") | {"meta": {"source": "urn:xinglin:source:his:1#0"}}
        del forged["id"]
        made = await hub.change(Create("Observation", content=forged))
        assert made.record is not None
        assert made.record.content["meta"]["source"] == "urn:xinglin:user:wang"
        for hidden in ("o2", "never"):
            key = Key("Observation", hidden)
            update = Update("Observation", key, content=observation(hidden, "p1"))
            assert isinstance(await refusal(hub.change(update)), Hidden), hidden
            stale = Update("Observation", key, if_match=7, content=observation(hidden, "p1"))
            assert isinstance(await refusal(hub.change(stale)), Hidden), hidden
            patch = Patch("Observation", key, modify=lambda content: content | {"status": "amended"})
            assert isinstance(await refusal(hub.change(patch)), Hidden), hidden
        assert isinstance(
            await refusal(hub.change(Create("Observation", content=observation("y", "p2")))), Closed
        )
        moved = Update("Observation", Key("Observation", "o1"), content=observation("o1", "p2"))
        assert isinstance(await refusal(hub.change(moved)), Closed), "nor to another's record"
        conditional = Update(
            "Observation", criteria="subject=Patient/p2", content=observation("", "p1") | {"id": "new"}
        )
        assert isinstance(await refusal(hub.change(conditional)), Hidden)
        assert (await gate.hub.read(Key("Observation", "o2"))).version == 1
        assert isinstance(await refusal(hub.change(Create("Patient", content=patient("z", "王五")))), Closed)
        golden = Update("Encounter", Key("Encounter", "golden-1"), content=RECORDS[4] | {"id": "golden-1"})
        assert isinstance(await refusal(hub.change(golden)), Kept)
        written = [one.told for one in await log(gate, agents=("user:wang",))]
        assert {"allowed", "denied"} <= {one.outcome for one in written}
        assert all(one.action in ("write", "delete") for one in written)

    play(settings, story)


def test_an_unchanged_record_keeps_its_source(settings: Settings) -> None:
    async def story(gate: Gate) -> None:
        hub = await enter(gate, WANG, "update", "PUT")
        stored = await gate.hub.read(Key("Observation", "o1"))
        done = await hub.change(Update("Observation", stored.key, content=stored.content))
        assert done.action.name == "UNCHANGED"

    play(settings, story)


def test_bundles(settings: Settings) -> None:
    def entry(method: str, url: str, resource: Json | None = None) -> Json:
        return {"request": {"method": method, "url": url}} | ({"resource": resource} if resource else {})

    async def story(gate: Gate) -> None:
        hub = await enter(gate, WANG, "bundle", "POST")
        new = {name: value for name, value in observation("", "p1").items() if name != "id"}
        answers = await batch(
            hub,
            [
                entry("GET", "Observation/o1"),
                entry("GET", "Observation/o2"),
                entry("GET", "Observation?code=2345-7"),
                entry("POST", "Observation", new),
                entry("DELETE", "Observation/o2"),
            ],
            base="",
        )
        kinds = [type(one).__name__ for one in answers]
        assert kinds == ["Answer", "Hidden", "Answer", "Answer", "Closed"]
        raw = [entry("POST", "Observation", new), entry("PUT", "Observation/o2", observation("o2", "p1"))]
        error = await refusal(hub.transact(raw, base=""))
        assert isinstance(error, Hidden)
        assert error.expression == "Bundle.entry[1]"
        reference = new | {"subject": ref("Patient?name=李四")}
        unresolved = await refusal(hub.transact([entry("POST", "Observation", reference)], base=""))
        assert "0" in unresolved.text(), "conditions find only what may be seen"
        total = (await gate.hub.search(Asked([("_summary", "count")], "Observation"))).total
        assert total == 3

    play(settings, story)


def test_nothing_leaves_undecided(settings: Settings) -> None:
    async def story(gate: Gate) -> None:
        hub = gate.open(Asking(WANG, ""))
        assert isinstance(await refusal(hub.finish()), Undecided)
        with pytest.raises(Undecided):
            _ = hub.terminology
        entered = await enter(gate, WANG, "lookup")
        await entered.finish()
        (latest, *_) = await log(gate)
        assert latest.told.action == "terminology.use"

    play(settings, story)


def test_masked_records_stay_as_they_are(settings: Settings) -> None:
    pharmacist = Who("user:ph", "user", roles=frozenset({"pharmacist", "clinician"}), practitioner="wang")

    async def story(gate: Gate) -> None:
        hub = await enter(gate, pharmacist, "patch", "PATCH")
        patch = Patch(
            "Observation", Key("Observation", "o1"), modify=lambda content: content | {"status": "amended"}
        )
        assert (await hub.change(patch)).record is not None
        assert SeenMasked.status == 403

    play(settings, story)
