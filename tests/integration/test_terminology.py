"""The terminology service over HTTP: stored and built-in systems, sets and maps."""

from typing import Any

import pytest
from starlette.testclient import TestClient

Json = dict[str, Any]
GENDER = "http://hl7.org/fhir/administrative-gender"
UCUM = "http://unitsofmeasure.org"
ORGANS = "http://site.example/organs"
LOCAL = "http://site.example/local"

SYSTEM: Json = {
    "resourceType": "CodeSystem",
    "id": "organs",
    "url": ORGANS,
    "version": "1",
    "name": "Organs",
    "status": "active",
    "caseSensitive": False,
    "hierarchyMeaning": "is-a",
    "content": "complete",
    "property": [{"code": "side", "type": "code", "description": "left or right"}],
    "concept": [
        {
            "code": "B",
            "display": "身体",
            "property": [{"code": "notSelectable", "valueBoolean": True}],
            "concept": [
                {
                    "code": "H",
                    "display": "心脏",
                    "definition": "The pump",
                    "designation": [{"language": "en", "value": "Heart"}],
                    "concept": [
                        {
                            "code": "LV",
                            "display": "左心室",
                            "property": [{"code": "side", "valueCode": "left"}],
                        },
                        {
                            "code": "RV",
                            "display": "右心室",
                            "property": [{"code": "side", "valueCode": "right"}],
                        },
                    ],
                },
                {"code": "K", "display": "肾", "property": [{"code": "inactive", "valueBoolean": True}]},
            ],
        },
    ],
}


def a_set(id_: str, **compose: Any) -> Json:
    return {
        "resourceType": "ValueSet",
        "id": id_,
        "url": f"http://site.example/vs/{id_}",
        "status": "active",
        "compose": compose,
    }


def filtered(property_: str, op: str, value: str) -> Json:
    return a_set(
        "f", include=[{"system": ORGANS, "filter": [{"property": property_, "op": op, "value": value}]}]
    )


MAP: Json = {
    "resourceType": "ConceptMap",
    "id": "local",
    "url": "http://site.example/map",
    "version": "1",
    "status": "active",
    "sourceUri": "http://site.example/vs/local",
    "targetUri": "http://site.example/vs/organs",
    "group": [
        {
            "source": LOCAL,
            "target": ORGANS,
            "element": [
                {
                    "code": "xz",
                    "display": "心",
                    "target": [{"code": "H", "display": "心脏", "equivalence": "wider"}],
                },
                {"code": "fei", "target": [{"equivalence": "unmatched"}]},
            ],
            "unmapped": {"mode": "fixed", "code": "B", "display": "身体"},
        }
    ],
}


@pytest.fixture
def hub(client: TestClient) -> TestClient:
    for one in (SYSTEM, MAP):
        made = client.put(f"/fhir/{one['resourceType']}/{one['id']}", json=one)
        assert made.status_code == 201, made.text
    return client


def told(answer: Any) -> dict[str, Any]:
    """Give the simple parameters of an answer by name."""
    assert answer.status_code == 200, answer.text
    found = {}
    for one in answer.json()["parameter"]:
        found[one["name"]] = next((v for k, v in one.items() if k.startswith("value")), one.get("part"))
    return found


def codes(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [one["code"] for one in answer.json()["expansion"].get("contains", [])]


def problem(answer: Any) -> tuple[int, str, str]:
    issue = answer.json()["issue"][0]
    return answer.status_code, issue["details"]["coding"][0]["code"], issue["code"]


def body(**values: Any) -> Json:
    made: list[Json] = []
    for name, value in values.items():
        if isinstance(value, dict) and "resourceType" in value:
            made.append({"name": name, "resource": value})
        else:
            kind = {bool: "valueBoolean", int: "valueInteger", dict: "valueCoding"}.get(
                type(value), "valueString"
            )
            made.append({"name": name, kind: value})
    return {"resourceType": "Parameters", "parameter": made}


def test_lookup(hub: TestClient) -> None:
    answer = hub.get(f"/fhir/CodeSystem/$lookup?system={ORGANS}&code=h&displayLanguage=en")
    found = told(answer)
    assert (found["name"], found["version"], found["display"]) == ("Organs", "1", "Heart")
    properties = [
        (one["part"][0]["valueCode"], next(v for k, v in one["part"][1].items() if k.startswith("value")))
        for one in answer.json()["parameter"]
        if one["name"] == "property"
    ]
    assert properties == [("definition", "The pump"), ("parent", "B"), ("child", "LV"), ("child", "RV")]
    by_post = hub.post(
        "/fhir/CodeSystem/$lookup", json=body(coding={"system": ORGANS, "code": "LV"}, property="side")
    )
    assert [one["part"] for one in by_post.json()["parameter"] if one["name"] == "property"] == [
        [
            {"name": "code", "valueCode": "side"},
            {"name": "value", "valueCode": "left"},
            {"name": "description", "valueString": "left or right"},
        ]
    ]


def test_built_in_systems(client: TestClient) -> None:
    assert told(client.get(f"/fhir/CodeSystem/$lookup?system={GENDER}&code=female"))["display"] == "Female"
    assert told(client.get(f"/fhir/CodeSystem/$validate-code?url={UCUM}&code=mmol/L"))["result"] is True
    assert told(client.get(f"/fhir/CodeSystem/$validate-code?url={UCUM}&code=furlongs"))["result"] is False
    chinese = client.get("/fhir/CodeSystem/$lookup?system=urn:oid:2.16.156.10011.2.3.3.4&code=1")
    assert told(chinese)["display"] == "男性"
    assert codes(
        client.get("/fhir/ValueSet/$expand?url=http://hl7.org/fhir/ValueSet/administrative-gender")
    ) == [
        "male",
        "female",
        "other",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("property_", "op", "value", "expected"),
    [
        ("concept", "is-a", "H", ["H", "LV", "RV"]),
        ("concept", "descendent-of", "B", ["H", "LV", "RV", "K"]),
        ("concept", "is-not-a", "H", ["B", "K"]),
        ("concept", "generalizes", "LV", ["B", "H", "LV"]),
        ("side", "=", "left", ["LV"]),
        ("side", "in", "left,right", ["LV", "RV"]),
        ("side", "not-in", "left", ["B", "H", "RV", "K"]),
        ("side", "exists", "true", ["LV", "RV"]),
        ("side", "exists", "false", ["B", "H", "K"]),
        ("side", "regex", "r.*", ["RV"]),
        ("code", "regex", ".V", ["LV", "RV"]),
        ("display", "regex", ".*心.*", ["H", "LV", "RV"]),
        ("parent", "=", "B", ["H", "K"]),
        ("child", "=", "LV", ["H"]),
        ("parent", "exists", "false", ["B"]),
        ("child", "exists", "true", ["B", "H"]),
        ("display", "=", "肾", ["K"]),
        ("display", "exists", "true", ["B", "H", "LV", "RV", "K"]),
        ("parent", "regex", "B|H", ["H", "LV", "RV", "K"]),
    ],
)
@pytest.mark.parametrize("stored", [True, False])
def test_filters(
    client: TestClient, property_: str, op: str, value: str, expected: list[str], stored: bool
) -> None:
    """Each filter finds the same in the database and in memory."""
    system = SYSTEM if stored else None
    asked = filtered(property_, op, value)
    if system is not None:
        client.put("/fhir/CodeSystem/organs", json=system)
    else:
        client.app.state.hub.terminology.built_in._given = {("CodeSystem", ORGANS): [SYSTEM]}  # type: ignore[attr-defined]
    assert codes(client.post("/fhir/ValueSet/$expand", json=body(valueSet=asked))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("心室", ["LV", "RV"]),
        ("xinshi", ["LV", "RV"]),
        ("zxs", ["LV"]),
        ("heart", ["H"]),
        ("HEA", ["H"]),
        ("lv", ["LV"]),
        ("xin", ["H", "LV", "RV"]),
        ("肺", []),
    ],
)
def test_text_filter(hub: TestClient, text: str, expected: list[str]) -> None:
    found = hub.get(f"/fhir/ValueSet/$expand?url={ORGANS}?fhir_vs&filter={text}")
    assert codes(found) == expected
    assert found.json()["expansion"]["total"] == len(expected)


def test_paging_active_and_designations(hub: TestClient) -> None:
    base = f"/fhir/ValueSet/$expand?url={ORGANS}?fhir_vs"
    assert codes(hub.get(f"{base}&count=2&offset=1")) == ["H", "LV"]
    none = hub.get(f"{base}&count=0")
    assert (codes(none), none.json()["expansion"]["total"]) == ([], 5)
    assert codes(hub.get(f"{base}&activeOnly=true")) == ["B", "H", "LV", "RV"]
    whole = hub.get(f"{base}&includeDesignations=true&displayLanguage=en").json()["expansion"]
    assert whole["contains"][0] == {"system": ORGANS, "abstract": True, "code": "B", "display": "身体"}
    assert whole["contains"][1]["display"] == "Heart"
    assert whole["contains"][1]["designation"] == [{"language": "en", "value": "Heart"}]
    assert whole["contains"][4]["inactive"] is True
    assert {"name": "version", "valueUri": f"{ORGANS}|1"} in whole["parameter"]


def test_imports_exclusions_and_circles(hub: TestClient) -> None:
    heart = a_set(
        "heart", include=[{"system": ORGANS, "filter": [{"property": "concept", "op": "is-a", "value": "H"}]}]
    )
    without = a_set(
        "without",
        include=[
            {"valueSet": ["http://site.example/vs/heart"]},
            {"system": ORGANS, "concept": [{"code": "K", "display": "肾脏"}]},
        ],
        exclude=[{"system": ORGANS, "filter": [{"property": "side", "op": "=", "value": "left"}]}],
    )
    both = a_set(
        "both", include=[{"valueSet": ["http://site.example/vs/heart", "http://site.example/vs/without"]}]
    )
    for one in (heart, without, both):
        assert hub.put(f"/fhir/ValueSet/{one['id']}", json=one).status_code == 201
    shown = hub.get("/fhir/ValueSet/without/$expand")
    assert codes(shown) == ["H", "RV", "K"]
    assert shown.json()["expansion"]["contains"][2]["display"] == "肾脏"
    assert codes(hub.get("/fhir/ValueSet/both/$expand")) == ["H", "RV"]
    loop = a_set("heart", include=[{"valueSet": ["http://site.example/vs/without"]}])
    hub.put("/fhir/ValueSet/heart", json=loop)
    assert problem(hub.get("/fhir/ValueSet/without/$expand")) == (422, "XL8005", "processing")


def test_validate_code(hub: TestClient) -> None:
    heart = a_set("heart", include=[{"system": ORGANS}])
    base = "/fhir/ValueSet/$validate-code"
    hub.put("/fhir/ValueSet/heart", json=heart)
    asked = f"{base}?url={heart['url']}&system={ORGANS}"
    assert told(hub.get(f"{asked}&code=LV")) == {"result": True, "display": "左心室"}
    assert told(hub.get(f"{asked}&code=lv"))["result"] is True
    wrong = told(hub.get(f"{asked}&code=LV&display=右心室", headers={"Accept-Language": "en"}))
    assert (wrong["result"], wrong["display"]) == (False, "左心室")
    assert "左心室" in wrong["message"]
    assert told(hub.get(f"{asked}&code=B"))["result"] is False
    assert told(hub.get(f"{asked}&code=B&abstract=true"))["result"] is True
    assert told(hub.get(f"{asked}&code=none"))["result"] is False
    concept = {
        "coding": [{"system": LOCAL, "code": "x"}, {"system": ORGANS, "code": "H", "display": "heart"}]
    }
    assert (
        told(
            hub.post(
                "/fhir/ValueSet/heart/$validate-code",
                json={
                    "resourceType": "Parameters",
                    "parameter": [{"name": "codeableConcept", "valueCodeableConcept": concept}],
                },
            )
        )["result"]
        is True
    )
    assert told(hub.get("/fhir/CodeSystem/organs/$validate-code?code=RV"))["result"] is True
    assert (
        told(hub.post("/fhir/CodeSystem/$validate-code", json=body(codeSystem=SYSTEM, code="Z")))["result"]
        is False
    )


def test_subsumes(hub: TestClient) -> None:
    def outcome(a: str, b: str) -> str:
        return told(hub.get(f"/fhir/CodeSystem/$subsumes?system={ORGANS}&codeA={a}&codeB={b}"))["outcome"]

    assert outcome("B", "LV") == "subsumes"
    assert outcome("LV", "B") == "subsumed-by"
    assert outcome("LV", "lv") == "equivalent"
    assert outcome("LV", "RV") == "not-subsumed"
    assert told(hub.get("/fhir/CodeSystem/organs/$subsumes?codeA=H&codeB=RV"))["outcome"] == "subsumes"
    act = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    found = hub.get(f"/fhir/CodeSystem/$subsumes?system={act}&codeA=_ActEncounterCode&codeB=AMB")
    assert told(found)["outcome"] == "subsumes"


def test_translate(hub: TestClient) -> None:
    base = f"/fhir/ConceptMap/$translate?url=http://site.example/map&system={LOCAL}"
    found = told(hub.get(f"{base}&code=xz"))
    assert found["result"] is True
    assert found["match"] == [
        {"name": "equivalence", "valueCode": "wider"},
        {"name": "concept", "valueCoding": {"system": ORGANS, "code": "H", "display": "心脏"}},
        {"name": "source", "valueUri": "http://site.example/map"},
    ]
    assert told(hub.get(f"{base}&code=fei"))["result"] is False
    fixed = told(hub.get(f"{base}&code=other"))
    assert fixed["match"][1]["valueCoding"]["code"] == "B"
    back = told(
        hub.get(f"/fhir/ConceptMap/local/$translate?system={ORGANS}&code=H&reverse=true&targetsystem={LOCAL}")
    )
    assert back["match"][:2] == [
        {"name": "equivalence", "valueCode": "narrower"},
        {"name": "concept", "valueCoding": {"system": LOCAL, "code": "xz", "display": "心"}},
    ]
    anywhere = f"/fhir/ConceptMap/$translate?system={LOCAL}&code=xz&targetsystem={ORGANS}"
    assert told(hub.get(anywhere))["result"] is True
    by_set = f"/fhir/ConceptMap/$translate?system={LOCAL}&code=xz&source=http://site.example/vs/local"
    assert told(hub.get(by_set))["result"] is True
    sent = hub.post(
        "/fhir/ConceptMap/$translate", json=body(conceptMap=MAP, coding={"system": LOCAL, "code": "xz"})
    )
    assert told(sent)["result"] is True


def test_answers_follow_the_records(hub: TestClient) -> None:
    """A change is seen by the next question; a deletion too."""
    asked = f"/fhir/CodeSystem/$lookup?system={ORGANS}&code=H"
    hub.put("/fhir/CodeSystem/organs", json={**SYSTEM, "concept": [{"code": "H", "display": "心"}]})
    assert told(hub.get(asked))["display"] == "心"
    newer = {**SYSTEM, "id": "organs2", "version": "10", "concept": [{"code": "H", "display": "新心"}]}
    hub.post("/fhir/CodeSystem", json=newer)
    assert told(hub.get(asked))["display"] == "新心"
    assert told(hub.get(f"{asked}&version=1"))["display"] == "心"
    hub.delete("/fhir/CodeSystem/organs")
    assert problem(hub.get(f"{asked}&version=1")) == (404, "XL8001", "not-found")
    hub.delete("/fhir/ConceptMap/local")
    gone = hub.get(f"/fhir/ConceptMap/$translate?url=http://site.example/map&system={LOCAL}&code=xz")
    assert problem(gone) == (404, "XL8004", "not-found")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("CodeSystem/$lookup?system=http://no.example&code=x", (404, "XL8001", "not-found")),
        (f"CodeSystem/$lookup?system={GENDER}&code=x", (404, "XL8002", "not-found")),
        ("CodeSystem/$lookup?code=x", (400, "XL8009", "required")),
        ("CodeSystem/$lookup", (400, "XL8009", "required")),
        (f"CodeSystem/$lookup?system={GENDER}&code=male&date=2020", (400, "XL8011", "not-supported")),
        ("ValueSet/$expand", (400, "XL8009", "required")),
        ("ValueSet/$expand?url=http://no.example", (404, "XL8003", "not-found")),
        (f"ValueSet/$expand?url={UCUM}?fhir_vs", (422, "XL8007", "too-costly")),
        ("ValueSet/$expand?url=http://loinc.org/vs", (404, "XL8001", "not-found")),
        (f"ValueSet/$expand?url={GENDER}?fhir_vs&count=-1", (400, "XL8010", "value")),
        (f"ValueSet/$expand?url={GENDER}?fhir_vs&count=1&count=2", (400, "XL8010", "value")),
        (f"CodeSystem/$lookup?system={GENDER}&code=a%00b", (400, "XL8010", "value")),
        (f"CodeSystem/$subsumes?system={GENDER}&codeA=male", (400, "XL8009", "required")),
        (f"CodeSystem/$subsumes?system={GENDER}&codeA=male&codeB=x", (404, "XL8002", "not-found")),
        ("ConceptMap/$translate?system=a&code=b", (400, "XL8009", "required")),
        ("ConceptMap/$translate?system=a&code=b&url=http://no.example", (404, "XL8004", "not-found")),
        ("ValueSet/none/$expand", (404, "XL3010", "not-found")),
    ],
)
def test_what_cannot_be_answered(client: TestClient, address: str, expected: tuple[int, str, str]) -> None:
    assert problem(client.get(f"/fhir/{address}")) == expected


@pytest.mark.parametrize("pattern", ["(", "(?<=x", "(a+)+$", "x" * 2000, "\\"])
def test_hostile_patterns(hub: TestClient, pattern: str) -> None:
    answer = hub.post("/fhir/ValueSet/$expand", json=body(valueSet=filtered("code", "regex", pattern)))
    assert answer.status_code in {200, 422}
    assert "XL0001" not in answer.text


def test_capabilities_tell_the_operations(client: TestClient) -> None:
    rest = client.get("/fhir/metadata").json()["rest"][0]["resource"]
    found = {one["type"]: {op["name"] for op in one.get("operation", ())} for one in rest}
    assert found["CodeSystem"] >= {"lookup", "subsumes", "validate-code"}
    assert found["ValueSet"] >= {"expand", "validate-code"}
    assert found["ConceptMap"] >= {"translate"}


def test_what_is_sent_along_must_be_good(client: TestClient) -> None:
    """A broken resource is refused with what is wrong, not with a failure of ours."""
    for broken in ({"include": "x"}, {"include": [{"filter": [{}]}]}, {"include": [{"system": 1}]}):
        answer = client.post("/fhir/ValueSet/$expand", json=body(valueSet={**a_set("x"), "compose": broken}))
        assert answer.status_code == 422, answer.text
        assert "XL0001" not in answer.text
    assert client.post("/fhir/ValueSet/$expand", json=body(valueSet="no resource")).status_code == 400


def test_codes_too_long_for_the_index(client: TestClient) -> None:
    long = {**SYSTEM, "concept": [{"code": "长" * 3000, "display": "x"}]}
    assert problem(client.put("/fhir/CodeSystem/organs", json=long)) == (400, "XL8013", "invalid")
