"""Whoever logs in to the demo meets the people they treat, and nobody else: a living story for each role."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from tests.running import free_port, until

from xinglin.core.clock import now
from xinglin_demo import stories
from xinglin_demo.tables import table

PEOPLE = 25
ADULT = 18
LogIn = Callable[[str], httpx.Client]


@pytest.fixture(scope="module")
def root() -> Iterator[tuple[str, Path]]:
    """A small demo in processes of its own, for all tests here: its address, and its home.

    Not in pytest's own folder: every pytest that starts closes that to the database's account again.
    """
    home = Path(tempfile.mkdtemp(prefix="xinglin-roles-"))
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")}
    cheap = {"XINGLIN_ARGON2_MEMORY_KIB": "1024", "XINGLIN_ARGON2_PASSES": "1", "XINGLIN_WORKERS": "1"}
    more = {"XINGLIN_HOME": str(home), "XINGLIN_PORT": str(port), "LANG": "C.UTF-8"} | cheap
    command = [sys.executable, "-u", "-m", "xinglin", "demo", "--people", str(PEOPLE)]
    with subprocess.Popen(command, env=kept | more, stdout=subprocess.PIPE, text=True) as demo:
        assert demo.stdout is not None
        while "Ctrl-C" not in (line := demo.stdout.readline()):
            assert line, "the demo ended early"
        yield f"http://127.0.0.1:{port}", home / "demo"
        demo.send_signal(signal.SIGINT)
        assert demo.wait(60) == 0
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def log_in(root: tuple[str, Path]) -> Iterator[LogIn]:
    """Give a client that is logged in under a name; each name once."""
    address, home = root
    passwords = dict(line.split("\t") for line in (home / "logins.txt").read_text().splitlines())
    made: dict[str, httpx.Client] = {}

    def enter(name: str) -> httpx.Client:
        if name not in made:
            client = httpx.Client(base_url=address, timeout=60)
            told = client.post("/login", json={"login": name, "password": passwords[name]})
            assert told.status_code == 200, told.text
            client.headers["X-CSRF-Token"] = told.json()["csrf"]
            made[name] = client
        return made[name]

    yield enter
    for client in made.values():
        client.close()


def named(*sorts: str) -> set[str]:
    """Give the names of the people of the table of the present."""
    adults = [one for one in stories(PEOPLE) if one.age(now().date()) >= ADULT]
    rows = [row for row in table("present") if row["sort"] in sorts]
    return {adults[int(row["adult"])].name for row in rows if int(row["adult"]) < len(adults)}


def found(client: httpx.Client, query: str, **headers: str) -> list[dict[str, Any]]:
    told = client.get(f"/fhir/{query}", headers=headers)
    assert told.status_code == 200, told.text
    return [entry["resource"] for entry in told.json().get("entry", [])]


def names(client: httpx.Client, query: str = "Patient?_count=500") -> set[str | None]:
    return {(one.get("name") or [{}])[0].get("text") for one in found(client, query)}


def count(client: httpx.Client, query: str) -> int:
    told = client.get(f"/fhir/{query}{'&' if '?' in query else '?'}_summary=count")
    assert told.status_code == 200, told.text
    return int(told.json()["total"])


def code_of(told: httpx.Response) -> tuple[int, str]:
    return told.status_code, told.json()["issue"][0]["details"]["coding"][0]["code"]


def test_who_treats_sees_those_and_nobody_else(log_in: LogIn) -> None:
    assert names(log_in("doctor")) == named("ward", "team")
    assert names(log_in("specialist")) == names(log_in("nurse")) == named("ward")
    assert names(log_in("city-doctor")) == named("outpatient", "referral") - named("optout")
    assert names(log_in("village-doctor")) == named("signed")
    assert count(log_in("nurse"), "Observation") > 0


def test_a_pharmacist_sees_medicines_and_parts_of_numbers_alone(log_in: LogIn) -> None:
    pharmacist = log_in("pharmacist")
    assert names(pharmacist) == named("ward")
    assert count(pharmacist, "MedicationRequest") >= len(named("ward"))
    assert code_of(pharmacist.get("/fhir/DocumentReference")) == (403, "XL9501")
    numbers = [one["identifier"][0]["value"] for one in found(pharmacist, "Patient") if "identifier" in one]
    assert numbers
    assert all("*" in one for one in numbers)


def test_a_sensitive_diagnosis_is_for_specialists_and_duties(log_in: LogIn) -> None:
    who_sees = {
        name: count(log_in(name), "Condition?code=B24")
        for name in ("doctor", "nurse", "pharmacist", "specialist", "public-health", "researcher")
    }
    assert who_sees == {
        "doctor": 0,
        "nurse": 0,
        "pharmacist": 0,
        "specialist": 1,
        "public-health": 1,
        "researcher": 0,
    }
    assert count(log_in("doctor"), "Condition?code=F32.9") == 0
    assert count(log_in("doctor"), "Condition?code=J18.9") >= 2


def test_duties_see_what_they_are_for(log_in: LogIn) -> None:
    assert {one["code"]["text"] for one in found(log_in("public-health"), "Condition")} == {
        "人类免疫缺陷病毒病",
        "肺结核",
    }
    quality = found(log_in("quality"), "Patient?_count=500")
    assert quality
    assert {one["meta"]["source"].split(":")[3] for one in quality} <= {"city-his", "city-lis"}
    for one in (*quality, *found(log_in("researcher"), "Patient?_count=500")):
        assert not {"name", "identifier", "telecom", "address"} & one.keys()
    assert count(log_in("researcher"), "Condition") > 0
    assert not named("optout") & names(log_in("researcher"))
    assert count(log_in("steward"), "Patient") > PEOPLE


@pytest.mark.parametrize("name", ["operator", "system", "security", "audit"])
def test_who_runs_the_hub_sees_no_patient(log_in: LogIn, name: str) -> None:
    told = log_in(name).get("/fhir/Patient")
    assert code_of(told) == (403, "XL9501")
    text = told.json()["issue"][0]["details"]["text"]
    assert "。 " in text
    assert "“检索”" in text
    assert "（HSYSADMIN）" in text or "（HOPERAT）" in text
    if name != "operator":
        assert "另一个账号" in text


def test_a_patient_sees_the_own_records_and_who_read_them(log_in: LogIn) -> None:
    patient, doctor = log_in("patient"), log_in("doctor")
    own = found(patient, "Patient?_count=100")
    assert len({one["name"][0]["text"] for one in own if "name" in one}) == 1
    sources = {one["meta"]["source"].split(":")[3] for one in found(patient, "Encounter?_count=200")}
    assert len(sources) >= 4
    name = own[0]["name"][0]["text"]
    assert names(doctor, f"Patient?name={name}") == {name}
    readers = {
        agent.get("name")
        for one in found(patient, f"AuditEvent?patient={own[0]['id']}&_count=200")
        for agent in one["agent"]
    }
    assert "李峰峰" in readers
    (other,) = found(log_in("steward"), "Patient?name=肖斌&_count=1")
    assert found(patient, f"AuditEvent?patient={other['id']}") == []


def test_a_consent_is_felt_at_once(log_in: LogIn) -> None:
    patient, doctor = log_in("patient"), log_in("doctor")
    own = found(patient, "Patient?_count=100")
    name = own[0]["name"][0]["text"]
    consent = {
        "resourceType": "Consent",
        "status": "active",
        "scope": coded("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [coded("http://loinc.org", "59284-0")],
        "patient": {"reference": f"Patient/{own[0]['id']}"},
        "policyRule": coded("http://terminology.hl7.org/CodeSystem/v3-ActCode", "OPTOUT"),
        "provision": {"type": "deny"},
    }
    assert name in names(doctor)
    made = patient.post("/fhir/Consent", json=consent)
    assert made.status_code == 201, made.text
    assert name not in names(doctor)
    assert names(patient) == {name}
    withdrawn = consent | {"id": made.json()["id"], "status": "inactive"}
    assert patient.put(f"/fhir/Consent/{withdrawn['id']}", json=withdrawn).status_code == 200
    assert name in names(doctor)


def coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def test_the_glass_from_reason_to_review(log_in: LogIn, root: tuple[str, Path]) -> None:
    doctor, security = log_in("doctor"), log_in("security")
    (stranger,) = found(log_in("steward"), "Patient?name=肖斌&_count=1")
    address, emergency = f"/fhir/Patient/{stranger['id']}", {"Purpose-Of-Use": "BTG"}
    assert code_of(doctor.get(address)) == code_of(doctor.get("/fhir/Patient/nobody")) == (404, "XL9502")
    assert doctor.get(address, headers=emergency).status_code == 404
    ask = {"patient": stranger["id"], "reason": "unconscious", "words": "车祸昏迷，家属未到，需要用药史"}
    assert code_of(doctor.post("/emergency", json=ask | {"words": "急"})) == (422, "XL9305")
    asked = doctor.post("/emergency", json=ask)
    assert asked.status_code == 201, asked.text
    assert doctor.get(address, headers=emergency).status_code == 200, "it counts at once"
    assert doctor.get(address).status_code == 404, "only for this purpose"
    assert code_of(doctor.get("/emergency/review")) == (403, "XL9501")
    waiting = security.get("/emergency/review").json()["grants"]
    assert asked.json()["grant"] in [one["id"] for one in waiting]
    said = {"outcome": "justified", "why": "急诊记录属实"}
    reviewed = security.post(f"/emergency/{asked.json()['grant']}/review", json=said)
    assert reviewed.json()["reviewed_by"] == "user:security"
    assert security.get("/emergency/review").json()["grants"] == []


def test_reading_somebody_protected_raises_an_alert(log_in: LogIn, root: tuple[str, Path]) -> None:
    assert named("vip") <= names(log_in("doctor"))
    environment = os.environ | {"XINGLIN_HOME": str(root[1]), "LANG": "C.UTF-8", "XINGLIN_LANGUAGE": "en"}

    def told() -> str:
        command = [sys.executable, "-m", "xinglin", "audit", "alerts", "list"]
        listed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return listed.stdout if "user:doctor" in listed.stdout else ""

    assert "specially protected" in until(told, 90)


def test_login_says_which_field_is_missing(root: tuple[str, Path]) -> None:
    for sent, missing in (({"password": "x"}, "login"), ({"login": "doctor"}, "password")):
        told = httpx.post(f"{root[0]}/login", json=sent, headers={"Accept-Language": "en"})
        assert code_of(told) == (400, "XL3070")
        assert told.json()["issue"][0]["details"]["text"].startswith(missing)
