"""Departments: a row checked, and the Organization and the HealthcareService made of it."""

from dataclasses import dataclass
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.hub.registries import records
from xinglin.hub.registries.sheet import Column, Row
from xinglin.standards.identifiers import Fault

COLUMNS: Final = (
    Column("institution", ("机构代码", "统一社会信用代码", "所属机构"), required=True),
    Column("code", ("科室代码", "科室编号"), required=True),
    Column("name", ("科室名称", "科室"), required=True),
    Column("parent", ("上级科室代码", "上级科室")),
    Column("phone", ("电话", "联系电话")),
    Column("state", ("状态",)),
)
STATES: Final = {"": True, "active": True, "在用": True, "closed": False, "撤销": False}
_TYPE: Final = "http://terminology.hl7.org/CodeSystem/organization-type"


@dataclass(frozen=True, slots=True)
class Department:
    """A row that was understood; `institution` is the code under which that is registered."""

    institution: str
    code: str
    name: str
    parent: str = ""
    phone: str = ""
    active: bool = True

    @property
    def key(self) -> tuple[str, str]:
        """What no two departments share."""
        return self.institution, self.code


def institution_of(row: Row, known: records.Known) -> str:
    """Read the code of the institution that a row belongs to; it must be registered."""
    key = records.read_key(row["institution"])
    if isinstance(key, Fault):
        row.wrong("institution", key.message)
        return ""
    if key not in known:
        row.wrong("institution", Phrase("no institution with the code {code} is registered", code=key))
    return key


def required(row: Row, *columns: str) -> None:
    """Note which of these cells are empty."""
    for column in columns:
        if not row[column]:
            row.wrong(column, Phrase("it is missing"))


def check(row: Row, known: records.Known) -> Department:
    """Read a row; what is wrong or doubtful in it is noted there."""
    required(row, "code", "name")
    if row["state"].lower() not in STATES:
        row.wrong("state", Phrase("it must be one of {allowed}", allowed="active, closed"))
    if row["parent"] and row["parent"] == row["code"]:
        row.wrong("parent", Phrase("a department can't stand above itself"))
    return Department(
        institution_of(row, known),
        row["code"],
        row["name"],
        row["parent"],
        row["phone"],
        STATES.get(row["state"].lower(), True),
    )


def organization(one: Department) -> Json:
    """Make the Organization (http://hl7.org/fhir/R4/organization.html)."""
    above = (
        records.department_id(one.institution, one.parent)
        if one.parent
        else records.organization_id(one.institution)
    )
    made: Json = {
        "resourceType": "Organization",
        "id": records.department_id(one.institution, one.code),
        "meta": records.meta("department"),
        "identifier": [{"system": records.local_system(one.institution, "department"), "value": one.code}],
        "active": one.active,
        "type": [{"coding": [{"system": _TYPE, "code": "dept"}], "text": "科室"}],
        "name": one.name,
        "partOf": {"reference": f"Organization/{above}"},
    }
    return made | ({"telecom": [{"system": "phone", "value": one.phone, "use": "work"}]} if one.phone else {})


def service(one: Department) -> Json:
    """Make the HealthcareService that the department offers (http://hl7.org/fhir/R4/healthcareservice.html)."""
    return {
        "resourceType": "HealthcareService",
        "id": records.service_id(one.institution, one.code),
        "meta": records.meta("service"),
        "identifier": [{"system": records.local_system(one.institution, "department"), "value": one.code}],
        "active": one.active,
        "providedBy": {"reference": f"Organization/{records.organization_id(one.institution)}"},
        "type": [{"text": one.name}],
        "name": one.name,
        "location": [{"reference": f"Location/{records.site_id(one.institution)}"}],
    }
