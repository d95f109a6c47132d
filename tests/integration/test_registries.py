"""Registries: tables in, records out; for whom a source may speak."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.conftest import ROOT
from tests.intake import add_source, load_text, ndjson, observation, patient, told
from tests.support import client_of, run

from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.intake import registry
from xinglin.hub.registries import commands, find
from xinglin.hub.registries.errors import UnknownInstitution, UnknownPlace, UnusableRegister
from xinglin.hub.registries.load import Outcome
from xinglin.hub.registries.records import organization_id
from xinglin.standards.conversion.text import Undecided
from xinglin.standards.identifiers import SCHEMES, Kind
from xinglin.standards.places import Level

EXAMPLES = Path(ROOT, "docs", "examples", "registries")
COMMISSION, CITY, COUNTY, TCM, CENTRE = (SCHEMES[Kind.CREDIT_CODE].invented(n) for n in range(900, 905))
TABLES = ("institutions", "departments", "practitioners", "devices")


def take(settings: Settings, sort: str, name: str = "", *, store: bool = True) -> Outcome:
    return commands.load_table(settings, sort, EXAMPLES / f"{name or sort}.csv", store=store)


@pytest.fixture
def filled(settings: Settings) -> Settings:
    for sort in TABLES:
        outcome = take(settings, sort)
        assert not outcome.refused, outcome.findings
    return settings


def ask(client: TestClient, address: str) -> list[dict[str, Any]]:
    answer = client.get(f"/fhir/{address}")
    assert answer.status_code == 200, (address, answer.text)
    return [entry["resource"] for entry in answer.json().get("entry", [])]


def names(client: TestClient, address: str) -> set[str]:
    return {
        one["name"] if isinstance(one["name"], str) else one["name"][0]["text"]
        for one in ask(client, address)
    }


def test_loading_again_changes_nothing(filled: Settings) -> None:
    for sort in TABLES:
        assert set(take(filled, sort).written) == {"unchanged"}


def test_checking_stores_nothing(settings: Settings) -> None:
    assert take(settings, "institutions", store=False).taken == 7
    assert commands.entries(settings) == []


def test_wrong_rows_are_told_and_the_others_taken(filled: Settings) -> None:
    outcome = take(filled, "institutions", "institutions-faults")
    found = [(one.code, one.params["line"], one.params["column"]) for one in outcome.findings]
    assert found == [
        ("XL7751", 2, "credit_code"),
        ("XL7751", 3, "kind"),
        ("XL7751", 4, "parent"),
        ("XL7752", 5, "address"),
        ("XL7751", 6, "-"),
    ]
    assert (outcome.taken, outcome.refused) == (1, 4)
    assert "章贡区" in outcome.findings[3].text("zh")


def test_institutions_may_not_stand_in_a_circle(filled: Settings, tmp_path: Path) -> None:
    table = tmp_path / "circle.csv"
    table.write_text(
        f"credit_code,name,kind,parent\n{COMMISSION},a,administration,{CENTRE}\n", encoding="gb18030"
    )
    outcome = commands.load_table(filled, "institutions", table, store=True)
    assert (outcome.taken, outcome.refused) == (0, 1)
    assert "lead back" in outcome.findings[-1].text()
    assert len(commands.tree(filled)) == 7


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"institution,code\n",
        "机构名称,机构名称\n".encode(),
        "机构名称,颜色\n".encode(),
        b'name,kind,credit_code\n"open,1\n',
        b"\xff\xff\xff",
    ],
)
def test_unusable_tables(settings: Settings, tmp_path: Path, content: bytes) -> None:
    table = tmp_path / "x.csv"
    table.write_bytes(content)
    with pytest.raises((UnusableRegister, Undecided)):
        commands.load_table(settings, "institutions", table, store=True)


def test_export_can_be_loaded(filled: Settings, tmp_path: Path) -> None:
    text = commands.export(filled)
    table = tmp_path / "again.csv"
    table.write_text(text, encoding="utf-8")
    assert set(commands.load_table(filled, "institutions", table, store=True).written) == {"unchanged"}
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    assert {row["name"]: row["division"] for row in rows}["示例镇中心卫生院"] == "360121101"


def test_tree(filled: Settings) -> None:
    told_tree = [(depth, one.name) for depth, one in commands.tree(filled)]
    assert told_tree[0] == (0, "示例市卫生健康委员会")
    assert (3, "示例村卫生室") in told_tree
    assert len(told_tree) == 7


def test_unknown(filled: Settings) -> None:
    with pytest.raises(UnknownInstitution):
        commands.show(filled, SCHEMES[Kind.CREDIT_CODE].invented(999))
    with pytest.raises(UnknownInstitution):
        commands.show(filled, "x")
    with pytest.raises(UnknownPlace):
        commands.load_places(filled, "999999", Level.COUNTY)


def test_every_record_is_valid(filled: Settings) -> None:
    async def work(hub: Hub) -> int:
        count = 0
        for kind, sort in (
            ("Organization", "institution"),
            ("Organization", "department"),
            ("Location", "site"),
            ("HealthcareService", "service"),
            ("Practitioner", "practitioner"),
            ("PractitionerRole", "post"),
            ("Device", "device"),
        ):
            async for one in find.every(hub, kind, sort):
                assert not [f for f in hub.admission.examine(one) if f.severity == "error"], one
                count += 1
        return count

    assert run(filled, work) == 7 + 4 + 7 + 4 + 3 + 4 + 2


def test_places_as_locations(settings: Settings) -> None:
    outcome = commands.load_places(settings, "360102", Level.TOWNSHIP)
    assert outcome.written == {"created": 3 + 10}
    assert set(commands.load_places(settings, "360102", Level.TOWNSHIP).written) == {"unchanged"}
    with client_of(settings) as client:
        assert names(client, "Location?partof=Location/place-360102&name=滕王阁") == {"滕王阁街道"}
        assert len(ask(client, "Location?partof:below=Location/place-360000&_summary=false")) == 12


# Each line of mCSD's Directory (ITI-90), with what it finds in the example tables.
MCSD = [
    (f"Organization?_id={organization_id(COUNTY)}", {"示例县人民医院"}),
    ("Organization?active=true&name=示例县人民", {"示例县人民医院"}),
    (f"Organization?identifier={COUNTY}", {"示例县人民医院"}),
    (f"Organization?identifier=urn:oid:2.16.156.10011.1.5|{COUNTY}", {"示例县人民医院"}),
    ("Organization?name:contains=中医", {"示例县中医院"}),
    ("Organization?name:exact=示例县中医院", {"示例县中医院"}),
    (f"Organization?partof=Organization/{organization_id(CENTRE)}", {"示例村卫生室", "全科"}),
    (
        f"Organization?partof:below=Organization/{organization_id(CENTRE)}",
        {"示例村卫生室", "全科"},
    ),
    (
        f"Organization?partof:above=Organization/{organization_id(CENTRE)}",
        {"示例村卫生室", "全科", "示例镇中心卫生院", "内科", "检验科"}
        | {"示例市第一人民医院", "示例县人民医院", "示例县中医院"},
    ),
    ("Organization?type=urn:xinglin:cs:ws-218-kind|D600", {"示例村卫生室"}),
    ("Organization?type=urn:ietf:rfc:3986|urn:ihe:iti:mcsd:2019:facility&name=示例村", {"示例村卫生室"}),
    (f"Organization?partof.identifier={CENTRE}", {"示例村卫生室", "全科"}),
    ("Organization?partof.name=示例镇", {"示例村卫生室", "全科"}),
    ("Organization?name:exact=示例县中医院&_include=Organization:endpoint", {"示例县中医院"}),
    ("Organization?name:exact=示例县中医院&_revinclude=Location:organization", {"示例县中医院"}),
    ("Organization?_lastUpdated=gt2020-01-01&name:exact=示例县中医院", {"示例县中医院"}),
    ("Organization?_lastUpdated=lt2020-01-01", set()),
    ("Location?identifier=360121101", {"向塘镇"}),
    ("Location?name:contains=中心卫生院", {"示例镇中心卫生院"}),
    (f"Location?organization=Organization/{organization_id(TCM)}", {"示例县中医院"}),
    (f"Location?organization.identifier={TCM}&organization.active=true", {"示例县中医院"}),
    ("Location?organization.name=示例县中", {"示例县中医院"}),
    (
        "Location?partof:below=Location/place-360121",
        {"向塘镇", "莲塘镇", "示例镇中心卫生院", "示例村卫生室", "示例县人民医院", "示例县中医院"},
    ),
    ("Location?partof.identifier=360121101", {"示例镇中心卫生院", "示例村卫生室"}),
    ("Location?status=active&type=urn:xinglin:cs:ws-218-kind|A210", {"示例县中医院"}),
    ("Location?name:exact=示例县中医院&_include=Location:organization", {"示例县中医院"}),
    ("Practitioner?active=true&name=欧阳", {"欧阳示例"}),
    ("Practitioner?identifier=TEST00000001", {"欧阳示例"}),
    ("Practitioner?family=李&given=样本", {"李样本"}),
    ("Practitioner?family:exact=王&given:contains=医", {"王乡医"}),
    ("HealthcareService?active=true&name=检验", {"检验科"}),
    (f"HealthcareService?organization=Organization/{organization_id(CENTRE)}", {"全科"}),
    (f"HealthcareService?organization.identifier={CENTRE}", {"全科"}),
    ("HealthcareService?location.name=示例镇", {"全科"}),
    ("HealthcareService?service-type:text=心血管", {"心血管内科"}),
    ("Endpoint?status=active", set()),
    ("OrganizationAffiliation?active=true", set()),
]


def test_mcsd_searches(filled: Settings) -> None:
    with client_of(filled) as client:
        for address, expected in MCSD:
            assert names(client, address) == expected, address


def test_mcsd_roles(filled: Settings) -> None:
    roles = [
        "practitioner.identifier=TEST00000001",
        "practitioner.name=欧阳",
        f"organization.identifier={CENTRE}",
        "active=true&role=doctor",
        "specialty:text=内科",
        "service.name=心血管",
        "location.name=示例镇",
        "organization:Organization.partof.name=示例镇",
    ]
    with client_of(filled) as client:
        counts = [len(ask(client, f"PractitionerRole?{one}")) for one in roles]
        assert counts == [2, 2, 0, 3, 2, 2, 1, 2]
        both = ask(client, "PractitionerRole?specialty:text=内科&_include=PractitionerRole:practitioner")
        assert sorted(one["resourceType"] for one in both) == [
            "Practitioner",
            "PractitionerRole",
            "PractitionerRole",
        ]
        posted = client.post(
            "/fhir/Practitioner/_search",
            content="name=欧阳",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert posted.json()["total"] == 1


def test_mcsd_updates(filled: Settings, tmp_path: Path) -> None:
    """ITI-91: what has changed since a moment."""
    with client_of(filled) as client:
        whole = client.get("/fhir/Organization/_history").json()
        assert len(whole["entry"]) == 11
        since = max(one["resource"]["meta"]["lastUpdated"] for one in whole["entry"])
    table = tmp_path / "changed.csv"
    text = (EXAMPLES / "institutions.csv").read_text(encoding="utf-8")
    table.write_text(text.replace("15400000102", "15400000103"), encoding="utf-8")
    assert commands.load_table(filled, "institutions", table, store=True).written["updated"] == 2
    with client_of(filled) as client:
        for kind in ("Organization", "Location"):
            told_since = client.get(f"/fhir/{kind}/_history", params={"_since": since}).json()
            changed = {one["resource"]["name"] for one in told_since["entry"]}
            assert "示例县人民医院" in changed
            assert "示例县中医院" not in changed


def test_the_capability_statement_names_the_profiles(client: TestClient) -> None:
    told_resources = client.get("/fhir/metadata").json()["rest"][0]["resource"]
    profiles = {one["type"]: one.get("supportedProfile", []) for one in told_resources}
    base = "https://profiles.ihe.net/ITI/mCSD/StructureDefinition/IHE.mCSD"
    assert profiles["Organization"] == [f"{base}.Organization", f"{base}.FacilityOrganization"]
    assert profiles["Location"] == [f"{base}.Location", f"{base}.FacilityLocation"]
    assert profiles["PractitionerRole"] == [f"{base}.PractitionerRole"]
    assert profiles["Observation"] == []


def organization(id_: str, code: str, name: str = "another") -> dict[str, Any]:
    system = "urn:oid:2.16.156.10011.1.5"
    return {
        "resourceType": "Organization",
        "id": id_,
        "name": name,
        "identifier": [{"system": system, "value": code}],
    }


def visit(id_: str, provider: Any) -> dict[str, Any]:
    return {
        "resourceType": "Encounter",
        "id": id_,
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "serviceProvider": provider,
    }


def by_id(code: str) -> dict[str, str]:
    return {"reference": f"Organization/{organization_id(code)}"}


def by_number(code: str) -> dict[str, Any]:
    return {"identifier": {"system": "urn:oid:2.16.156.10011.1.5", "value": code}, "display": "x"}


@pytest.mark.parametrize("say", [by_id, by_number])
def test_a_source_speaks_for_its_own_and_those_under_it(filled: Settings, tmp_path: Path, say: Any) -> None:
    add_source(filled, "county", COUNTY)
    own, under, beside, over = (
        visit(f"v-{n}", say(code)) for n, code in enumerate((COUNTY, CENTRE, TCM, COMMISSION))
    )
    unknown = visit("v-9", say(SCHEMES[Kind.CREDIT_CODE].invented(999)))
    summary = load_text(filled, tmp_path, ndjson([own, under, beside, over, unknown]), source="county")
    assert told(summary) == (5, 3, 0, 2)
    assert set(summary.counts.by_reason) == {"XL7755"}


def test_declared_institutions_may_be_spoken_for(filled: Settings, tmp_path: Path) -> None:
    add_source(filled, "centre", SCHEMES[Kind.CREDIT_CODE].invented(999))
    record = ndjson([visit("v", by_number(CENTRE))])
    assert told(load_text(filled, tmp_path, record, source="centre")) == (1, 0, 0, 1)
    registry.change(filled, "centre", {"declared": {"speaks-for": f"{TCM}, {COUNTY}"}})
    assert told(load_text(filled, tmp_path, record + b"\n", source="centre"))[1] == 1
    registry.change(filled, "centre", {"declared": {"speaks-for": "all"}})
    assert told(load_text(filled, tmp_path, ndjson([visit("w", by_number(CITY))]), source="centre"))[1] == 1


def test_an_organization_named_elsewhere_is_recognised(filled: Settings, tmp_path: Path) -> None:
    add_source(filled, "tcm", TCM)
    lines = [visit("v", {"reference": "Organization/theirs"}), organization("theirs", COUNTY)]
    assert told(load_text(filled, tmp_path, ndjson(lines), source="tcm")) == (2, 1, 0, 1)
    later = ndjson([visit("w", {"reference": "Organization/theirs"})])
    assert told(load_text(filled, tmp_path, later, source="tcm")) == (1, 0, 0, 1)


def test_transactions_are_asked_too(filled: Settings, tmp_path: Path) -> None:
    add_source(filled, "tcm", TCM)
    entries = [
        {
            "fullUrl": "urn:uuid:5c0a4ac8-6f4c-4b53-a4d9-8ad10d6bd1f1",
            "resource": {key: value for key, value in organization("o", COUNTY).items() if key != "id"},
            "request": {"method": "POST", "url": "Organization", "ifNoneExist": "name=another"},
        },
        {
            "fullUrl": "urn:uuid:5c0a4ac8-6f4c-4b53-a4d9-8ad10d6bd1f2",
            "resource": visit("v", {"reference": "urn:uuid:5c0a4ac8-6f4c-4b53-a4d9-8ad10d6bd1f1"}),
            "request": {"method": "PUT", "url": "Encounter/v"},
        },
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert told(load_text(filled, tmp_path, ndjson([bundle]), source="tcm")) == (2, 0, 0, 2)


def test_others_may_perform_and_be_mentioned(filled: Settings, tmp_path: Path) -> None:
    add_source(filled, "tcm", TCM)
    lines = [patient("p"), observation("o") | {"performer": [by_id(COUNTY)]}]
    assert told(load_text(filled, tmp_path, ndjson(lines), source="tcm")) == (2, 2, 0, 0)


def test_the_operators_own_files_are_let_pass(filled: Settings, tmp_path: Path) -> None:
    assert told(load_text(filled, tmp_path, ndjson([visit("v", by_number(CITY))]))) == (1, 1, 0, 0)


def test_no_source_overwrites_the_registry(filled: Settings, tmp_path: Path) -> None:
    add_source(filled, "county", COUNTY)
    mine = organization(organization_id(COUNTY), COUNTY, "changed by a source")
    assert told(load_text(filled, tmp_path, ndjson([mine]), source="county")) == (1, 0, 0, 1)
    assert commands.show(filled, COUNTY)["name"] == "示例县人民医院"


def test_sources_outside_the_registry_are_told(filled: Settings) -> None:
    add_source(filled, "county", COUNTY)
    stranger = SCHEMES[Kind.CREDIT_CODE].invented(999)
    add_source(filled, "stranger", stranger)
    assert [(one.id, code) for one, code in commands.sources_outside(filled)] == [("stranger", stranger)]


@pytest.mark.parametrize(
    "broken",
    [
        {"serviceProvider": None},
        {"serviceProvider": []},
        {"serviceProvider": {"reference": 5}},
        {"serviceProvider": {"reference": "Organization/"}},
        {"serviceProvider": {"identifier": "x"}},
        {"serviceProvider": {"identifier": {"system": [], "value": 1}}},
    ],
)
def test_broken_references_hold_up_nothing(filled: Settings, tmp_path: Path, broken: Any) -> None:
    add_source(filled, "careless", TCM, validation="none")
    lines = [visit("v", {}) | broken, patient("p")]
    received, accepted, _, refused = told(load_text(filled, tmp_path, ndjson(lines), source="careless"))
    assert received == 2
    assert accepted + refused == 2
    assert accepted >= 1
