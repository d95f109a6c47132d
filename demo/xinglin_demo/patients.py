"""A person as FHIR: Patient, and for a child its mother as RelatedPerson."""

from xinglin_demo import identifiers
from xinglin_demo.fhir import TERMINOLOGY, Json, reference
from xinglin_demo.institutions import address, organization_id
from xinglin_demo.names import human_name
from xinglin_demo.people import Person
from xinglin_demo.tables import table


def patient(person: Person, seen_at: list[str]) -> Json:
    """Give the Patient, with a patient number of each institution in `seen_at`."""
    resource: Json = {
        "resourceType": "Patient",
        "identifier": [_resident(person), _record(person), *(_local(person, place) for place in seen_at)],
        "active": True,
        "name": [human_name(person.family, person.given)],
        "telecom": [{"system": "phone", "value": person.phone, "use": "mobile"}],
        "gender": person.sex,
        "birthDate": person.born.isoformat(),
        "address": [_home(person)],
        "managingOrganization": reference(f"Organization/{organization_id(seen_at[0])}"),
    }
    if person.mother:
        resource["contact"] = [_contact(parent) for parent in (person.mother, person.father) if parent]
    return resource


def mother_of(person: Person, mother: Person, child: str) -> Json:
    """Give the mother of the child that `child` refers to; her identity number is the link."""
    return {
        "resourceType": "RelatedPerson",
        "identifier": [_resident(mother)],
        "active": True,
        "patient": reference(child),
        "relationship": [
            {"coding": [{"system": f"{TERMINOLOGY}/v3-RoleCode", "code": "MTH"}], "text": "母亲"}
        ],
        "name": [human_name(mother.family, mother.given)],
        "telecom": [{"system": "phone", "value": mother.phone, "use": "mobile"}],
        "gender": "female",
        "birthDate": mother.born.isoformat(),
        "address": [_home(person)],
    }


def _home(person: Person) -> Json:
    return address(person.home.text)


def _resident(person: Person) -> Json:
    return {
        "use": "official",
        "type": {"text": "居民身份证号码"},
        "system": identifiers.RESIDENT,
        "value": person.resident_number,
    }


def _record(person: Person) -> Json:
    return {
        "type": {"text": "居民健康档案编号"},
        "system": identifiers.HEALTH_RECORD,
        "value": identifiers.health_record_number(person.index, person.home.village_number),
    }


def _local(person: Person, institution: str) -> Json:
    # Each institution counts on its own, so the same person has unlike numbers.
    offset = [row["key"] for row in table("institutions")].index(institution)
    return {
        "use": "usual",
        "type": {"coding": [{"system": f"{TERMINOLOGY}/v2-0203", "code": "MR"}], "text": "病案号"},
        "system": identifiers.local_system(institution, "patient-number"),
        "value": f"{(person.index + 1) * (3, 2, 1)[offset] + offset:08d}",
        "assigner": reference(f"Organization/{organization_id(institution)}"),
    }


def _contact(parent: Person) -> Json:
    text = "母亲" if parent.sex == "female" else "父亲"
    return {
        "relationship": [{"coding": [{"system": f"{TERMINOLOGY}/v2-0131", "code": "N"}], "text": text}],
        "name": human_name(parent.family, parent.given),
        "telecom": [{"system": "phone", "value": parent.phone, "use": "mobile"}],
        "gender": parent.sex,
    }
