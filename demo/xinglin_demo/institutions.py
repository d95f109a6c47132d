"""The three institutions, their departments, staff and roles: the first bundle, under ids that stay."""

from xinglin_demo import identifiers, names
from xinglin_demo.bundle import put, transaction
from xinglin_demo.dice import Dice
from xinglin_demo.fhir import TERMINOLOGY, Json, reference
from xinglin_demo.tables import Row, groups_by, rows_by, table

PROVINCE, CITY, COUNTY = "杏林省", "青囊市", "橘井县"
"""The invented place. All three names come from old stories about physicians."""


def organization_id(institution: str, department: str | None = None) -> str:
    """Give the stable id of an institution or of one of its departments."""
    return f"demo-{institution}-{department}" if department else f"demo-{institution}"


def practitioner_id(institution: str, department: str, place: int) -> str:
    """Give the stable id of the practitioner at `place` (from 1) of a department."""
    return f"demo-{institution}-{department}-{place}"


def somebody(dice: Dice, institution: str, department: str) -> str:
    """Give a reference to any practitioner of a department."""
    rows = groups_by("departments", "institution")[institution]
    staff = next(int(row["staff"]) for row in rows if row["key"] == department)
    return f"Practitioner/{practitioner_id(institution, department, dice.integer(1, staff))}"


def address(text: str) -> Json:
    """Give a FHIR Address in the invented county; `text` is what stands below the county."""
    return {
        "use": "home",
        "type": "physical",
        "text": f"{PROVINCE}{CITY}{COUNTY}{text}",
        "line": [text],
        "city": CITY,
        "district": COUNTY,
        "state": PROVINCE,
        "country": "CN",
    }


def institutions(seed: int) -> Json:
    """Give the bundle of institutions, departments, sites, practitioners and roles; it may be sent again."""
    entries = [put(resource) for row in table("institutions") for resource in (_institution(row), _site(row))]
    for department in table("departments"):
        entries.append(put(_department(department)))
        for place in range(1, int(department["staff"]) + 1):
            dice = Dice(seed, "staff", department["institution"], department["key"], place)
            entries += [put(_practitioner(dice, department, place)), put(_role(department, place))]
    return transaction(entries)


def _kind(code: str, text: str) -> list[Json]:
    system = f"{TERMINOLOGY}/organization-type"
    return [{"coding": [{"system": system, "code": code}], "text": text}]


def _institution(row: Row) -> Json:
    return {
        "resourceType": "Organization",
        "id": organization_id(row["key"]),
        "identifier": [
            {
                "system": identifiers.INSTITUTION,
                "value": identifiers.credit_code("12", row["serial"]),
                "type": {"text": "统一社会信用代码"},
            }
        ],
        "active": True,
        "type": _kind("prov", row["kind"]),
        "name": row["name"],
        "address": [address(row["address"]) | {"use": "work"}],
    }


def _site(row: Row) -> Json:
    return {
        "resourceType": "Location",
        "id": organization_id(row["key"]),
        "status": "active",
        "name": row["name"],
        "mode": "instance",
        "address": address(row["address"]) | {"use": "work"},
        "managingOrganization": reference(f"Organization/{organization_id(row['key'])}"),
    }


def _department(row: Row) -> Json:
    parent = rows_by("institutions", "key")[row["institution"]]
    return {
        "resourceType": "Organization",
        "id": organization_id(row["institution"], row["key"]),
        "active": True,
        "type": _kind("dept", "科室"),
        "name": f"{parent['name']}{row['name']}",
        "alias": [row["name"]],
        "partOf": reference(f"Organization/{organization_id(row['institution'])}"),
    }


def _practitioner(dice: Dice, department: Row, place: int) -> Json:
    sex, born = dice.pick(("male", "female")), dice.integer(1966, 1998)
    system = identifiers.local_system(department["institution"], "staff-number")
    return {
        "resourceType": "Practitioner",
        "id": practitioner_id(department["institution"], department["key"], place),
        "identifier": [{"system": system, "value": f"{department['key']}-{place:03d}"}],
        "active": True,
        "name": [names.human_name(names.surname(dice), names.given(dice, sex, born))],
        "telecom": [{"system": "phone", "value": identifiers.phone(dice), "use": "work"}],
        "gender": sex,
    }


def _role(department: Row, place: int) -> Json:
    key = practitioner_id(department["institution"], department["key"], place)
    return {
        "resourceType": "PractitionerRole",
        "id": key,
        "active": True,
        "practitioner": reference(f"Practitioner/{key}"),
        "organization": reference(
            f"Organization/{organization_id(department['institution'], department['key'])}"
        ),
        "code": [
            {"coding": [{"system": f"{TERMINOLOGY}/practitioner-role", "code": "doctor"}], "text": "医师"}
        ],
        "specialty": [{"text": department["name"]}],
        "location": [reference(f"Location/{organization_id(department['institution'])}")],
    }
