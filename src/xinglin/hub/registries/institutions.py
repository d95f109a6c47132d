"""Institutions: a row checked, and the Organization and the Location made of it.

An institution is known by its unified social credit code (GB 32100); one without, such as many village
clinics, by its health institution code (WS 218).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.hub.registries import records, tables
from xinglin.hub.registries.records import FACILITY, INSTITUTION_SYSTEM, Known
from xinglin.hub.registries.sheet import Column, Row
from xinglin.hub.registries.tables import Coded
from xinglin.standards.identifiers import SCHEMES, Fault, Identifier, Kind
from xinglin.standards.places import Place, find, location_id, path, place
from xinglin.standards.places.fhir import PHYSICAL

COLUMNS: Final = (
    Column("credit_code", ("统一社会信用代码", "信用代码")),
    Column("institution_code", ("卫生机构代码", "医疗机构代码", "机构代码")),
    Column("name", ("机构名称", "名称"), required=True),
    Column("short_name", ("简称", "别名")),
    Column("kind", ("机构类别", "类别"), required=True),
    Column("grade", ("等级", "医院等级")),
    Column("parent", ("上级机构代码", "上级机构统一社会信用代码", "上级机构")),
    Column("division", ("行政区划代码", "区划代码")),
    Column("address", ("地址",)),
    Column("phone", ("电话", "联系电话")),
    Column("state", ("状态",)),
)
ADMINISTRATION: Final = "administration"
STATES: Final = {"": True, "active": True, "营业": True, "在业": True, "closed": False, "注销": False}


@dataclass(frozen=True, slots=True)
class Institution:
    """A row that was understood. `key` is its code, `parent` that of the one above, "" for none."""

    key: str
    name: str
    credit: str = ""
    code: str = ""
    short: str = ""
    kind: Coded | None = None
    grade: Coded | None = None
    parent: str = ""
    place: Place | None = None
    address: str = ""
    phone: str = ""
    active: bool = True


def check(row: Row) -> Institution:
    """Read a row; what is wrong or doubtful in it is noted there."""
    credit = _number(row, "credit_code", Kind.CREDIT_CODE)
    code = _number(row, "institution_code", Kind.HEALTH_INSTITUTION)
    if not credit and not code and not row.refused:
        row.wrong("credit_code", Phrase("there is neither a credit code nor a health institution code"))
    if credit and code and credit[8:17] != code[:9]:
        row.doubt("institution_code", Phrase("its organisation code isn't the one in the credit code"))
    for column in ("name", "kind"):
        if not row[column]:
            row.wrong(column, Phrase("it is missing"))
    if row["state"].lower() not in STATES:
        row.wrong("state", Phrase("it must be one of {allowed}", allowed="active, closed"))
    key = credit or code
    return Institution(
        key=key,
        name=row["name"],
        credit=credit,
        code=code,
        short=row["short_name"],
        kind=_coded(row, "kind"),
        grade=_coded(row, "grade"),
        parent=_parent(row, key),
        place=_place(row),
        address=row["address"],
        phone=row["phone"],
        active=STATES.get(row["state"].lower(), True),
    )


def _number(row: Row, column: str, kind: Kind) -> str:
    if not row[column]:
        return ""
    found = SCHEMES[kind].parse(row[column])
    if isinstance(found, Fault):
        row.wrong(column, found.message)
        return ""
    return found.value


def _parent(row: Row, key: str) -> str:
    if not row["parent"]:
        return ""
    found = records.read_key(row["parent"])
    if isinstance(found, Fault):
        row.wrong("parent", found.message)
        return ""
    if found == key:
        row.wrong("parent", Phrase("an institution can't stand above itself"))
    return found


def _coded(row: Row, column: str) -> Coded | None:
    if not row[column]:
        return None
    found = (tables.kind if column == "kind" else tables.grade)(row[column])
    if found is None:
        row.wrong(column, Phrase('"{text}" is in no table', text=row[column]))
    return found


def _place(row: Row) -> Place | None:
    """Give the place by its code, else by the address; an address in another place is told."""
    said = row["address"]
    if not row["division"]:
        found = find(said).place if said else None
        if found is None:
            row.doubt("address", Phrase("the place isn't known; give its code in the column division"))
        return found
    code = SCHEMES[Kind.DIVISION].parse(row["division"])
    known = place(code.value) if isinstance(code, Identifier) else None
    if known is None:
        row.wrong("division", Phrase("no place has the code {code}", code=row["division"]))
        return None
    other = find(said).place if said else None
    if other and known not in path(other.code) and other not in path(known.code):
        row.doubt(
            "address", Phrase("it lies in {one}, the code in {other}", one=other.name, other=known.name)
        )
    return _lower(known, said)


def _lower(known: Place, address: str) -> Place:
    """Give the township or village of the address, where the code names the county above it."""
    found = find(address).place if address else None
    return found if found and known in path(found.code) else known


def organization(one: Institution) -> Json:
    """Make the Organization (http://hl7.org/fhir/R4/organization.html)."""
    numbers = ((one.credit, "统一社会信用代码"), (one.code, "卫生机构代码"))
    made: Json = {
        "resourceType": "Organization",
        "id": records.organization_id(one.key),
        "meta": records.meta("institution"),
        "identifier": [
            {"type": {"text": name}, "system": INSTITUTION_SYSTEM, "value": number}
            for number, name in numbers
            if number
        ],
        "active": one.active,
        "type": [*_facility(one), *(coded.concept() for coded in (one.kind, one.grade) if coded)],
        "name": one.name,
    }
    made |= {"alias": [one.short]} if one.short else {}
    made |= _contact(one)
    if one.address or one.place:
        made["address"] = [_address(one)]
    if one.parent:
        made["partOf"] = {"reference": f"Organization/{records.organization_id(one.parent)}"}
    return made


def _facility(one: Institution) -> list[Json]:
    """Give the mark of a facility; an administration delivers no care."""
    return [] if one.kind and one.kind.code == ADMINISTRATION else [FACILITY]


def site(one: Institution) -> Json:
    """Make the Location (http://hl7.org/fhir/R4/location.html) at which the institution is found."""
    made: Json = {
        "resourceType": "Location",
        "id": records.site_id(one.key),
        "meta": records.meta("site"),
        "status": "active" if one.active else "inactive",
        "name": one.name,
        "mode": "instance",
        "type": [*_facility(one), *([one.kind.concept()] if one.kind else [])],
        "physicalType": {"coding": [{"system": PHYSICAL, "code": "si", "display": "Site"}]},
        "managingOrganization": {
            "reference": f"Organization/{records.organization_id(one.key)}",
            "display": one.name,
        },
    }
    made |= _contact(one)
    if one.address or one.place:
        made["address"] = _address(one)
    if one.place:
        made["partOf"] = {"reference": f"Location/{location_id(one.place.code)}", "display": one.place.name}
    return made


def _contact(one: Institution) -> Json:
    return {"telecom": [{"system": "phone", "value": one.phone, "use": "work"}]} if one.phone else {}


def _address(one: Institution) -> Json:
    levels = {int(step.level): step.name for step in path(one.place.code)} if one.place else {}
    names = {"state": levels.get(1), "city": levels.get(2), "district": levels.get(3)}
    made: Json = {"use": "work", "type": "physical"}
    made |= {"text": one.address} if one.address else {}
    made |= {name: value for name, value in names.items() if value}
    return made | ({"country": "CN"} if levels else {})


def refuse_wrong_trees(rows: Sequence[tuple[Row, Institution]], known: Known) -> None:
    """Note which rows stand under nobody who is registered, under a refused row, or above themselves."""
    changed = True
    while changed:
        taken = {**known, **{one.key: one.parent for row, one in rows if not row.refused}}
        changed = False
        for row, one in rows:
            detail = None if row.refused else _wrong_parent(one, taken)
            if detail is not None:
                row.wrong("parent", detail)
                changed = True


def _wrong_parent(one: Institution, taken: Known) -> Phrase | None:
    if one.parent and one.parent not in taken:
        return Phrase("no institution with the code {code} is registered", code=one.parent)
    if _circles(one.key, taken):
        return Phrase("the institutions above it lead back to itself")
    return None


def _circles(key: str, parents: Known) -> bool:
    seen: set[str] = set()
    at = parents.get(key, "")
    while at and at not in seen:
        if at == key:
            return True
        seen.add(at)
        at = parents.get(at, "")
    return False
