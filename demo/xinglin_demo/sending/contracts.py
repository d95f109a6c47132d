"""A township centre's system of family doctors' contracts, referrals and consents, in FHIR R4 (NDJSON).

Its ids are its own. Whoever works elsewhere it names by the number that the other institution gives them.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from xinglin.core.exact_json import dumps
from xinglin_demo import identifiers
from xinglin_demo.bundle import tagged
from xinglin_demo.fhir import ICD10, TERMINOLOGY, Json, concept, reference
from xinglin_demo.story import Diagnosis, Story
from xinglin_demo.tables import rows_by

CARE_KIND = "urn:xinglin:cs:care-kind"
"""The hub's codes for kinds of care (its table care_kinds.csv)."""
VIP = {"system": f"{TERMINOLOGY}/v3-EncounterSpecialCourtesy", "code": "VIP"}
VILLAGE_DOCTOR = "village-doctor"


class Contracts:
    """Collects what was signed, referred and asked for; `at` is when."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._records: dict[str, dict[str, Json]] = defaultdict(dict)
        self._add("practitioners", _village_doctor())

    def take(self, story: Story, sort: str, diagnoses: Sequence[Diagnosis]) -> None:
        """Take somebody: signed, vip, team, referral or optout."""
        self._add("patients", _patient(story), with_meta=sort == "vip")
        if sort == "signed":
            self._add("contracts", self._contract(story))
        elif sort == "team":
            self._add("teams", _team(story))
        elif sort == "referral":
            self._add("referrals", self._referral(story, diagnoses))
        elif sort == "optout":
            self._add("consents", self._consent(story))

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Give the records, a file a type."""
        for name, records in sorted(self._records.items()):
            yield f"{name}.ndjson", b"".join(dumps(one) + b"\n" for one in records.values())

    def _add(self, file: str, record: Json, *, with_meta: bool = False) -> None:
        made = tagged(record)
        if with_meta:
            made["meta"] = {**made["meta"], "security": [VIP]}
        elif record["id"] in self._records[file]:
            return
        self._records[file][record["id"]] = made

    def _contract(self, story: Story) -> Json:
        """Give a contract between a person and the village doctor."""
        begun = self._at - timedelta(days=90)
        return {
            "resourceType": "EpisodeOfCare",
            "id": f"contract-{story.index}",
            "status": "active",
            "type": [concept(CARE_KIND, "family-doctor", "家庭医生签约服务")],
            "patient": _about(story),
            "managingOrganization": _institution("village"),
            "period": {"start": begun.date().isoformat()},
            "careManager": {"reference": f"Practitioner/{VILLAGE_DOCTOR}", "display": "陈玲婷"},
        }

    def _referral(self, story: Story, diagnoses: Sequence[Diagnosis]) -> Json:
        return {
            "resourceType": "ServiceRequest",
            "id": f"referral-{story.index}",
            "status": "active",
            "intent": "order",
            "category": [{"text": "转诊"}],
            "code": {"text": "转诊：心内科进一步诊治"},
            "subject": _about(story),
            "authoredOn": self._at.isoformat(),
            "requester": reference(f"Practitioner/{VILLAGE_DOCTOR}"),
            "performer": [_staff("city", "practitioner", "internal-009", "周文静"), _institution("city")],
            "reasonCode": [concept(ICD10, one.code, one.name) for one in diagnoses],
        }

    def _consent(self, story: Story) -> Json:
        """Give the wish that nobody see the records."""
        return {
            "resourceType": "Consent",
            "id": f"consent-{story.index}",
            "status": "active",
            "scope": concept(f"{TERMINOLOGY}/consentscope", "patient-privacy", "隐私"),
            "category": [concept("http://loinc.org", "59284-0", "同意书")],
            "patient": _about(story),
            "dateTime": self._at.isoformat(),
            "policyRule": concept(f"{TERMINOLOGY}/v3-ActCode", "OPTOUT", "不同意共享"),
            "provision": {"type": "deny"},
        }


def _about(story: Story) -> Json:
    return reference(f"Patient/{story.number_at('township')}")


def _patient(story: Story) -> Json:
    return {
        "resourceType": "Patient",
        "id": story.number_at("township"),
        "identifier": [
            {"system": identifiers.RESIDENT, "value": story.resident_number},
            {"system": identifiers.HEALTH_RECORD, "value": story.record_number},
        ],
        "name": [{"use": "official", "text": story.name}],
        "gender": story.sex,
        "birthDate": story.born.isoformat(),
    }


def _village_doctor() -> Json:
    return {
        "resourceType": "Practitioner",
        "id": VILLAGE_DOCTOR,
        "identifier": [_number("village", "staff", "clinic-001")],
        "active": True,
        "name": [{"text": "陈玲婷"}],
    }


def _team(story: Story) -> Json:
    """Give the team that cares for somebody: the village's doctor and the county's."""
    members = [
        {"reference": f"Practitioner/{VILLAGE_DOCTOR}", "display": "陈玲婷"},
        _staff("county", "practitioner", "internal-001", "李峰峰"),
    ]
    return {
        "resourceType": "CareTeam",
        "id": f"team-{story.index}",
        "status": "active",
        "name": "糖尿病共同管理小组",
        "subject": _about(story),
        "participant": [{"member": one} for one in members],
    }


def _code(place: str) -> str:
    """Give the credit code of an institution."""
    serial = next(row["serial"] for row in rows_by("senders", "sender").values() if row["place"] == place)
    return identifiers.credit_code("12", serial)


def _number(place: str, sort: str, number: str) -> Json:
    """Give the number of somebody in an institution, in the system that the hub has for such numbers."""
    return {"system": f"urn:xinglin:id:{_code(place)}:{sort}", "value": number}


def _staff(place: str, sort: str, number: str, name: str) -> Json:
    return {"type": "Practitioner", "identifier": _number(place, sort, number), "display": name}


def _institution(place: str) -> Json:
    row = next(row for row in rows_by("senders", "sender").values() if row["place"] == place)
    number = {"system": identifiers.INSTITUTION, "value": _code(place)}
    return {"type": "Organization", "identifier": number, "display": row["institution"]}
