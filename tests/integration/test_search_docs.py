"""The examples of docs/search.md find what the page says."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.conftest import ROOT
from tests.databases import new_database
from tests.support import client_of

from xinglin.core.settings import Settings
from xinglin.hub.embedded import EmbeddedServer

Json = dict[str, Any]
PAGE = Path(ROOT, "docs", "search.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^    GET (/fhir\S+) +→(.*)$", PAGE, re.MULTILINE)
MRN = "http://hospital.example/mrn"
UCUM = "http://unitsofmeasure.org"


def ref(address: str) -> Json:
    return {"reference": address}


def observation(id_: str, code: str, text: str, subject: str, date: str, quantity: tuple[float, str]) -> Json:
    value, unit = quantity
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": text}]},
        "subject": ref(subject),
        "effectiveDateTime": date,
        "valueQuantity": {"value": value, "unit": unit, "system": UCUM, "code": unit},
    }


RECORDS: list[Json] = [
    {"resourceType": "Organization", "id": "city", "name": "City hospital"},
    {"resourceType": "Organization", "id": "ward", "name": "Ward seven", "partOf": ref("Organization/city")},
    {
        "resourceType": "Patient",
        "id": "zhang",
        "name": [{"family": "张", "given": ["三"]}],
        "gender": "male",
        "birthDate": "1950-03-01",
        "identifier": [{"system": MRN, "value": "A1"}],
        "managingOrganization": ref("Organization/ward"),
    },
    {
        "resourceType": "Patient",
        "id": "jose",
        "name": [{"family": "García", "given": ["José"]}],
        "gender": "male",
        "birthDate": "1980",
        "managingOrganization": ref("Organization/city"),
    },
    {
        "resourceType": "Encounter",
        "id": "visit",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": ref("Patient/zhang"),
    },
    observation(
        "weight", "29463-7", "Body weight", "Patient/zhang", "2024-03-01T08:30:00+08:00", (70.5, "kg")
    ),
    observation("glucose", "2345-7", "Glucose", "Patient/zhang", "2024-03", (180, "mg/dL")),
    observation("other", "2345-7", "Glucose", "Patient/jose", "2023-12-31", (90, "mg/dL")),
]


@pytest.fixture(scope="module")
def hub(server: EmbeddedServer, home: Path) -> Iterator[TestClient]:
    """A hub with the page's records."""
    with (
        new_database(server) as url,
        client_of(Settings(database_url=url, language="en", validation="none", home=str(home))) as client,
    ):
        for one in RECORDS:
            assert client.put(f"/fhir/{one['resourceType']}/{one['id']}", json=one).status_code == 201
        yield client


def test_there_are_examples() -> None:
    assert len(EXAMPLES) > 20


@pytest.mark.parametrize(("path", "said"), EXAMPLES)
def test_example(hub: TestClient, path: str, said: str) -> None:
    answer = hub.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, list[str]] = {"match": [], "include": []}
    for one in answer.json().get("entry", []):
        found[one["search"]["mode"]].append(one["resource"]["id"])
    matches, _, included = said.partition("+")
    assert sorted(found["match"]) == sorted(matches.split())
    assert sorted(found["include"]) == sorted(included.split())
