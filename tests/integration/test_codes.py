"""Local codes from intake to standard codes, and back again where a decision is withdrawn."""

import asyncio
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient
from tests.support import run

from xinglin.core.exact_json import Json, dumps, loads
from xinglin.core.settings import Settings
from xinglin.hub.changes import Update, carry_out
from xinglin.hub.codes import Codes, Counts, note, sheet, work, workbench
from xinglin.hub.codes.decisions import Decision, NoReason, NothingToWithdraw, UnknownTarget, decide
from xinglin.hub.codes.maps import map_id
from xinglin.hub.codes.workbench import AmbiguousCode, UnknownCode
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key
from xinglin.hub.stepping import Step
from xinglin.standards.conversion.model import Origin
from xinglin.standards.validation import validator

ORIGIN = Origin("lis", "91360700MA00000000", "某县医院", "county-1", ZoneInfo("Asia/Shanghai"))
SYSTEM = ORIGIN.code_system("lab-item")
ALT, GLUCOSE = "1500104A", "1700104A"


def observation(number: int, code: str, name: str, value: str, unit: str, **more: Any) -> Json:
    quantity = {"value": Decimal(value), "unit": unit}
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {"coding": [{"system": SYSTEM, "code": code, "display": name}]},
        "valueQuantity": quantity,
        **more,
    }


async def take_in(hub: Hub, codes: Codes, resources: list[Json]) -> int:
    """Do as intake does with a piece; give how many facts had something unmapped."""

    async def piece(connection: Connection) -> int:
        await codes.refresh(connection, ORIGIN.namespace)
        counts, unmapped, changes = Counts(), 0, []
        for resource in resources:
            ready, missing = codes.apply(resource, ORIGIN, counts)
            unmapped += bool(missing)
            changes.append(Update("Observation", Key("Observation", ready["id"]), content=ready))
        await carry_out(connection, hub.store, changes)
        await note(connection, ORIGIN.source, counts)
        return unmapped

    return await hub.transaction(piece)


def accept(code: str, name: str, target: str, action: str = "accept") -> Decision:
    return Decision(SYSTEM, code, name, action, target, "名称与单位一致", "王审核")


async def apply_all(hub: Hub) -> int:
    written = 0
    while (done := await work.step(hub)) is not None:
        written += done.written
        await asyncio.sleep(0.01 if done.must_wait else 0)
    return written


async def read(hub: Hub, number: int) -> Json:
    return (await hub.read(Key("Observation", f"o{number}"))).content


def test_from_unmapped_to_mapped_and_back(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        codes = Codes()
        sent = [
            observation(
                1,
                "017",
                "葡萄糖(己糖激酶法)",
                "90",
                "mg/dL",
                referenceRange=[
                    {"low": {"value": Decimal(70)}, "high": {"value": Decimal(110), "unit": "mg/dL"}}
                ],
            ),
            observation(2, "001", "谷丙转氨酶", "35.0", "IU/L"),
            observation(3, "999", "某院自定项目", "1", "NCU"),
        ]
        assert await take_in(hub, codes, sent) == 3
        first = await read(hub, 1)
        assert first["meta"]["tag"] == [{"system": "urn:xinglin:tag", "code": "unmapped"}]
        assert first["valueQuantity"] == {"value": 90, "unit": "mg/dL"}
        waiting = await workbench.unmapped(hub, source="lis")
        assert {(one.code, one.unit, one.count) for one in waiting} == {
            ("017", "mg/dL", 1),
            ("001", "IU/L", 1),
            ("999", "NCU", 1),
        }
        found = await workbench.bench(hub, source="lis", code="017")
        assert found.candidates[0].item.code == GLUCOSE
        assert found.candidates[0].proposed
        await decide(hub, [accept("017", "葡萄糖(己糖激酶法)", GLUCOSE), accept("001", "谷丙转氨酶", ALT)])

        assert await apply_all(hub) == 2
        glucose = await read(hub, 1)
        assert [one["code"] for one in glucose["code"]["coding"]] == ["14749-6", GLUCOSE, "017"]
        assert glucose["code"]["coding"][0]["system"] == "http://loinc.org"
        value = glucose["valueQuantity"]
        assert (str(value["value"]), value["code"]) == ("5.00", "mmol/L")
        assert value["extension"][0]["valueQuantity"] == {"value": 90, "unit": "mg/dL"}
        low = glucose["referenceRange"][0]["low"]
        assert (str(low["value"]), low["unit"]) == ("3.89", "mmol/L")
        assert "tag" not in glucose["meta"]
        assert not [f for f in validator().validate(glucose) if f.severity == "error"]

        assert await take_in(hub, codes, [observation(4, "001", "谷丙转氨酶", "40", "U/L")]) == 0
        alt = await read(hub, 4)
        assert alt["valueQuantity"] == {
            "value": 40,
            "unit": "U/L",
            "system": "http://unitsofmeasure.org",
            "code": "U/L",
        }
        await decide(hub, [accept("017", "", "", "withdraw")])
        assert await apply_all(hub) == 1
        again = await read(hub, 1)
        sent[0]["meta"] = {"tag": [{"system": "urn:xinglin:tag", "code": "unmapped"}]}
        again["meta"] = {"tag": again["meta"]["tag"]}
        assert loads(dumps(again)) == loads(dumps(sent[0]))

    run(settings, story)


def test_accepted_mappings_are_a_concept_map(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await decide(hub, [accept("001", "谷丙转氨酶", ALT)])
        content = (await hub.read(Key("ConceptMap", map_id(SYSTEM)))).content
        assert not [f for f in validator().validate(content) if f.severity == "error"]
        assert {(g["target"], g["element"][0]["target"][0]["code"]) for g in content["group"]} == {
            ("urn:xinglin:cs:lab-item", ALT),
            ("http://loinc.org", "1742-6"),
        }
        await decide(hub, [accept("001", "谷丙转氨酶", "", "withdraw")])
        content = (await hub.read(Key("ConceptMap", map_id(SYSTEM)))).content
        assert content["status"] == "retired"
        assert "group" not in content

    run(settings, story)


def test_other_processes_learn_of_decisions(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        codes = Codes()
        assert await take_in(hub, codes, [observation(1, "001", "谷丙转氨酶", "40", "U/L")]) == 1
        await decide(hub, [accept("001", "谷丙转氨酶", ALT)])
        assert await take_in(hub, codes, [observation(2, "001", "谷丙转氨酶", "40", "U/L")]) == 0

    run(settings, story)


def test_a_rejected_candidate_isnt_proposed_again(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await take_in(hub, Codes(), [observation(1, "001", "谷丙转氨酶", "40", "U/L")])
        await decide(hub, [accept("001", "谷丙转氨酶", ALT, "reject")])
        found = await workbench.bench(hub, source="lis", code="001")
        assert ALT not in {one.item.code for one in found.candidates}
        assert [(one.action, one.who) for one in found.decisions] == [("reject", "王审核")]

    run(settings, story)


def test_decisions_elsewhere_are_learned(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        name = "肝功一号指标"
        await take_in(hub, Codes(), [observation(1, "001", name, "40", "U/L")])
        before = await workbench.bench(hub, source="lis", code="001")
        assert not any(one.proposed for one in before.candidates)
        elsewhere = Decision("urn:xinglin:code:other:lab-item", "x", name, "accept", ALT, "同一厂家", "李")
        await decide(hub, [elsewhere])
        after = await workbench.bench(hub, source="lis", code="001")
        assert after.candidates[0].item.code == ALT
        assert after.candidates[0].proposed

    run(settings, story)


def test_unknown_units_are_kept_and_marked(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await decide(hub, [accept("001", "谷丙转氨酶", ALT)])
        codes = Codes()
        assert await take_in(hub, codes, [observation(1, "001", "谷丙转氨酶", "40", "卡门单位")]) == 1
        stored = await read(hub, 1)
        assert stored["meta"]["tag"][0]["code"] == "unmapped-unit"
        assert stored["valueQuantity"] == {"value": 40, "unit": "卡门单位"}
        assert stored["code"]["coding"][0]["code"] == "1742-6"

    run(settings, story)


@pytest.mark.parametrize(
    ("decision", "error"),
    [
        (accept("001", "", "no-such-item"), UnknownTarget),
        (accept("001", "", "", "withdraw"), NothingToWithdraw),
        (Decision(SYSTEM, "001", "", "accept", ALT, " ", "王"), NoReason),
    ],
)
def test_bad_decisions_are_refused(settings: Settings, decision: Decision, error: type[Exception]) -> None:
    async def story(hub: Hub) -> None:
        with pytest.raises(error):
            await decide(hub, [accept("002", "谷草转氨酶", "1500204A"), decision])
        async with hub.database.connection() as connection:
            row = await (await connection.execute("SELECT count(*) FROM code_decision")).fetchone()
        assert row == (0,)

    run(settings, story)


def test_a_sheet_goes_out_and_comes_back(settings: Settings, tmp_path: Path) -> None:
    async def story(hub: Hub) -> None:
        await take_in(
            hub,
            Codes(),
            [observation(1, "001", "谷丙转氨酶", "40", "U/L"), observation(2, "=1+1", "=cmd()", "1", "")],
        )
        codes = await workbench.all_codes(hub)
        text = sheet.export(await workbench.proposals(hub, codes))
        assert "'=cmd()" in text
        lines = text.splitlines()
        file = tmp_path / "decided.csv"
        header = lines[0].lstrip("\ufeff").split(",")
        rows = ["system,code,decision,target,reason", f"{SYSTEM},001,accept,{ALT},一致", f"{SYSTEM},x,,,"]
        assert set(rows[0].split(",")) <= set(header)
        file.write_text("\n".join(rows), encoding="gb18030")
        await decide(hub, sheet.read(file, "王审核"))
        report = await workbench.report(hub)
        assert [(r.codes, r.mapped_codes, r.codings, r.mapped_codings) for r in report] == [(2, 1, 2, 1)]

    run(settings, story)


def test_codes_that_arent_there_or_not_clear(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        other = observation(2, "001", "白细胞", "4", "10^9/L")
        other["code"]["coding"][0]["system"] = ORIGIN.code_system("exam")
        await take_in(hub, Codes(), [observation(1, "001", "谷丙转氨酶", "40", "U/L"), other])
        with pytest.raises(UnknownCode):
            await workbench.one(hub, source="lis", code="nothing")
        with pytest.raises(AmbiguousCode):
            await workbench.one(hub, source="lis", code="001")
        found = await workbench.one(hub, source="lis", code="001", system=SYSTEM)
        assert found.display == "谷丙转氨酶"
        assert isinstance(found.first_seen, datetime)

    run(settings, story)


def test_over_http(client: TestClient, settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await take_in(hub, Codes(), [observation(1, "001", "谷丙转氨酶", "40", "U/L")])

    run(settings, story)
    json = {"Content-Type": "application/json"}
    [one] = client.get("/codes/unmapped?source=lis").json()["codes"]
    assert one["proposed"]["target"] == ALT
    found = client.get("/codes/candidates?source=lis&code=001", headers={"Accept-Language": "zh"}).json()
    assert found["candidates"][0]["target"] == ALT
    decision = {"source": "lis", "code": "001", "action": "accept", "target": ALT, "reason": "一致"}
    refused = client.post("/codes/decisions", json=decision | {"reason": " "}, headers=json)
    assert (refused.status_code, refused.json()["issue"][0]["details"]["coding"][0]["code"]) == (
        400,
        "XL3070",
    )
    assert client.post("/codes/decisions", json=decision, headers=json).status_code == 201
    candidates = client.get("/codes/candidates?source=lis&code=001").json()
    assert [one["who"] for one in candidates["decisions"]] == ["client:tests"]
    assert client.get("/codes/unmapped").json() == {"codes": []}
    assert client.get("/codes/report").json()["sources"][0]["mapped_codings"] == 1
    assert client.get("/codes/candidates?source=lis&code=none").status_code == 404
    text = client.get("/codes/sheet").json()["sheet"].replace(",,,\r\n", f",withdraw,{ALT},错了\r\n")
    assert client.post("/codes/sheet", json={"sheet": text}, headers=json).json() == {"stored": 1}
    assert len(client.get("/codes/unmapped").json()["codes"]) == 1


def test_standardising_again_goes_on_where_it_was(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "BATCH", 1)

    async def begin(hub: Hub) -> None:
        sent = [observation(number, "001", "谷丙转氨酶", "40", "U/L") for number in range(3)]
        await take_in(hub, Codes(), sent)
        await decide(hub, [accept("001", "谷丙转氨酶", ALT)])
        written = 0
        while not written:  # then the process is killed
            done = await work.step(hub)
            assert done is not None
            written += done.written

    async def go_on(hub: Hub) -> None:
        assert await apply_all(hub) == 2
        assert [len((await read(hub, number))["code"]["coding"]) for number in range(3)] == [3, 3, 3]
        assert await apply_all(hub) == 0

    run(settings, begin)
    run(settings, go_on)


def test_records_stored_while_a_decision_is_made_follow(settings: Settings) -> None:
    """A loader that read the mappings before the decision and commits after it."""

    async def story(hub: Hub) -> None:
        codes = Codes()
        async with hub.database.connection() as connection, connection.transaction():
            await codes.refresh(connection, ORIGIN.namespace)
            await decide(hub, [accept("001", "谷丙转氨酶", ALT)])
            assert await work.step(hub) == Step()
            assert await work.step(hub) == Step(must_wait=True)
            ready, missing = codes.apply(observation(1, "001", "谷丙转氨酶", "40", "U/L"), ORIGIN)
            assert missing
            key = Key("Observation", "o1")
            await carry_out(connection, hub.store, [Update("Observation", key, content=ready)])
        assert await apply_all(hub) == 1
        assert (await read(hub, 1))["code"]["coding"][0]["code"] == "1742-6"

    run(settings, story)


def test_components_follow_too(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        inner = observation(1, "001", "谷丙转氨酶", "40", "U/L")
        sent = {
            "resourceType": "Observation",
            "id": "o1",
            "status": "final",
            "code": {"text": "肝功能"},
            "component": [{name: inner[name] for name in ("code", "valueQuantity")}],
        }
        await take_in(hub, Codes(), [sent])
        await decide(hub, [accept("001", "谷丙转氨酶", ALT)])
        assert await apply_all(hub) == 1
        assert (await read(hub, 1))["component"][0]["code"]["coding"][0]["code"] == "1742-6"

    run(settings, story)


def test_counts_of_several_pieces_add_up(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        codes = Codes()
        for value in ("10", "20", "30"):
            await take_in(hub, codes, [observation(1, "001", "谷丙转氨酶", value, "U/L")])
        first = await workbench.one(hub, source="lis", code="001")
        await take_in(hub, codes, [observation(1, "001", "谷丙转氨酶", "40", "U/L")])
        found = await workbench.one(hub, source="lis", code="001")
        assert (first.count, found.count) == (3, 4)
        assert (found.sketch.low, found.sketch.high) == (10, 40)
        assert found.first_seen == first.first_seen < found.last_seen

    run(settings, story)


def test_monstrous_codes_are_counted_all_the_same(settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        sent = observation(1, "x" * 10_000, "名\x00称", "1", "u" * 10_000)
        await take_in(hub, Codes(), [sent])
        [found] = await workbench.unmapped(hub)
        assert len(found.code) == 200
        assert found.display == "名称"

    run(settings, story)


def test_translate_serves_accepted_mappings(client: TestClient, settings: Settings) -> None:
    async def story(hub: Hub) -> None:
        await decide(hub, [accept("001", "谷丙转氨酶", ALT)])

    run(settings, story)
    asked = {"system": SYSTEM, "code": "001", "targetsystem": "http://loinc.org"}
    found = client.get("/fhir/ConceptMap/$translate", params=asked).json()["parameter"]
    [match] = [one["part"] for one in found if one["name"] == "match"]
    assert [one["valueCoding"]["code"] for one in match if one["name"] == "concept"] == ["1742-6"]


def test_the_table_is_a_code_system(client: TestClient) -> None:
    asked = {"system": "urn:xinglin:cs:lab-item", "code": ALT}
    found = client.get("/fhir/CodeSystem/$lookup", params=asked).json()["parameter"]
    assert {"name": "display", "valueString": "丙氨酸氨基转移酶"} in found
