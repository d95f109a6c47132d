"""People who work in institutions: a row checked, and the Practitioner and the PractitionerRole made of it.

Somebody with the number of a practising certificate is one Practitioner wherever they work; somebody without
is known by the staff number of the institution.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.hub.registries import records, tables
from xinglin.hub.registries.departments import institution_of, required
from xinglin.hub.registries.sheet import Column, Row
from xinglin.hub.registries.tables import Coded
from xinglin.standards.identifiers.model import today_in_china

COLUMNS: Final = (
    Column("institution", ("机构代码", "统一社会信用代码", "所属机构"), required=True),
    Column("number", ("工号", "人员编号")),
    Column("license", ("执业证书编号", "执业证书编码")),
    Column("name", ("姓名",), required=True),
    Column("surname", ("姓",)),
    Column("given_name", ("名",)),
    Column("sex", ("性别",)),
    Column("role", ("岗位", "人员类别"), required=True),
    Column("title", ("职称", "专业技术职务")),
    Column("department", ("科室代码", "科室编号")),
    Column("specialty", ("执业范围", "专业")),
    Column("since", ("开始日期", "入职日期")),
    Column("until", ("结束日期", "离职日期")),
)
LICENCE_SYSTEM: Final = "urn:oid:2.16.156.10011.1.4"
"""Numbers of health workers (医务人员编号, WS/T 500)."""
SEXES: Final = {  # with the codes of GB/T 2261.1
    "男": "male",
    "1": "male",
    "male": "male",
    "女": "female",
    "2": "female",
    "female": "female",
    "未知": "unknown",
    "0": "unknown",
    "9": "unknown",
    "unknown": "unknown",
    "other": "other",
}


@dataclass(frozen=True, slots=True)
class Post:
    """A row that was understood: who works where, as what, from when to when."""

    institution: str
    name: str
    number: str = ""
    licence: str = ""
    surname: str = ""
    given: str = ""
    sex: str = ""
    role: Coded | None = None
    role_text: str = ""
    title: Coded | None = None
    title_text: str = ""
    department: str = ""
    specialty: str = ""
    since: str = ""
    until: str = ""

    @property
    def person(self) -> tuple[str, ...]:
        """What the person is known by."""
        return ("licence", self.licence) if self.licence else (self.institution, self.number)

    @property
    def key(self) -> tuple[str, ...]:
        """What no two rows share."""
        return (*self.person, self.institution, self.department, self.role_text)


def check(row: Row, known: records.Known) -> Post:
    """Read a row; what is wrong or doubtful in it is noted there."""
    required(row, "name", "role")
    if not row["number"] and not row["license"]:
        row.wrong("number", Phrase("there is neither a staff number nor the number of a certificate"))
    if row["sex"] and row["sex"].lower() not in SEXES:
        row.wrong("sex", Phrase('"{text}" is in no table', text=row["sex"]))
    role, title = tables.role(row["role"]), tables.title(row["title"])
    for column, coded in (("role", role), ("title", title)):
        if row[column] and coded is None:
            row.doubt(column, Phrase('"{text}" is in no table; it is kept as text', text=row[column]))
    since, until = _day(row, "since"), _day(row, "until")
    if since and until and since > until:
        row.wrong("until", Phrase("it lies before the day in since"))
    return Post(
        institution=institution_of(row, known),
        name=row["name"],
        number=row["number"],
        licence=row["license"].upper(),
        surname=row["surname"],
        given=row["given_name"],
        sex=SEXES.get(row["sex"].lower(), ""),
        role=role,
        role_text=row["role"],
        title=title,
        title_text=row["title"],
        department=row["department"],
        specialty=row["specialty"],
        since=since,
        until=until,
    )


def _day(row: Row, column: str) -> str:
    text = row[column].replace("/", "-")
    if not text:
        return ""
    try:
        if "-" in text:
            year, month, day = (int(part) for part in text.split("-"))
            return date(year, month, day).isoformat()
        return date.fromisoformat(text).isoformat()
    except ValueError:
        row.wrong(column, Phrase("it must be a date, such as {example}", example="2024-01-31"))
        return ""


def practitioner_id(one: Post) -> str:
    """Give the id of the person's record."""
    return records.OWNER.id("Practitioner", *one.person)


def practitioner(one: Post) -> Json:
    """Make the Practitioner (http://hl7.org/fhir/R4/practitioner.html)."""
    made: Json = {
        "resourceType": "Practitioner",
        "id": practitioner_id(one),
        "meta": records.meta("practitioner"),
        "identifier": _identifiers(one),
        "active": True,
        "name": [_name(one)],
    }
    made |= {"gender": one.sex} if one.sex else {}
    if one.title_text:
        code = one.title.concept() | {"text": one.title_text} if one.title else {"text": one.title_text}
        made["qualification"] = [{"code": code}]
    return made


def _identifiers(one: Post) -> list[Json]:
    if one.licence:  # the staff number belongs to the post: the person may have several
        return [{"type": {"text": "执业证书编号"}, "system": LICENCE_SYSTEM, "value": one.licence}]
    return [_staff_number(one)]


def _staff_number(one: Post) -> Json:
    return {"system": records.local_system(one.institution, "staff"), "value": one.number}


def _name(one: Post) -> Json:
    made: Json = {"use": "official", "text": one.name}
    made |= {"family": one.surname} if one.surname else {}
    return made | ({"given": [one.given]} if one.given else {})


def post(one: Post) -> Json:
    """Make the PractitionerRole (http://hl7.org/fhir/R4/practitionerrole.html)."""
    organization = (
        records.department_id(one.institution, one.department)
        if one.department
        else records.organization_id(one.institution)
    )
    made: Json = {
        "resourceType": "PractitionerRole",
        "id": records.OWNER.id("PractitionerRole", *one.key),
        "meta": records.meta("post"),
    }
    made |= {"identifier": [_staff_number(one)]} if one.number else {}
    made["active"] = not one.until or one.until >= today_in_china().isoformat()
    period = {name: day for name, day in (("start", one.since), ("end", one.until)) if day}
    made |= {"period": period} if period else {}
    made["practitioner"] = {"reference": f"Practitioner/{practitioner_id(one)}", "display": one.name}
    made["organization"] = {"reference": f"Organization/{organization}"}
    made["code"] = [one.role.concept() | {"text": one.role_text} if one.role else {"text": one.role_text}]
    made |= {"specialty": [{"text": one.specialty}]} if one.specialty else {}
    made["location"] = [{"reference": f"Location/{records.site_id(one.institution)}"}]
    if one.department:
        service = records.service_id(one.institution, one.department)
        made["healthcareService"] = [{"reference": f"HealthcareService/{service}"}]
    return made
