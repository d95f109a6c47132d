"""Devices: a row checked, and the Device made of it."""

from dataclasses import dataclass
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.hub.registries import records
from xinglin.hub.registries.departments import institution_of, required
from xinglin.hub.registries.sheet import Column, Row

COLUMNS: Final = (
    Column("institution", ("机构代码", "统一社会信用代码", "所属机构"), required=True),
    Column("number", ("设备编号", "资产编号"), required=True),
    Column("name", ("设备名称", "名称"), required=True),
    Column("kind", ("设备类别", "类别")),
    Column("manufacturer", ("生产厂家", "制造商")),
    Column("model", ("型号", "规格型号")),
    Column("serial", ("序列号", "出厂编号")),
    Column("udi", ("医疗器械唯一标识", "产品标识")),
    Column("state", ("状态",)),
)
STATES: Final = {
    "": "active",
    "active": "active",
    "在用": "active",
    "inactive": "inactive",
    "停用": "inactive",
}


@dataclass(frozen=True, slots=True)
class Equipment:
    """A row that was understood."""

    institution: str
    number: str
    name: str
    kind: str = ""
    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    udi: str = ""
    status: str = "active"

    @property
    def key(self) -> tuple[str, str]:
        """What no two devices share."""
        return self.institution, self.number


def check(row: Row, known: records.Known) -> Equipment:
    """Read a row; what is wrong or doubtful in it is noted there."""
    required(row, "number", "name")
    if row["state"].lower() not in STATES:
        row.wrong("state", Phrase("it must be one of {allowed}", allowed="active, inactive"))
    return Equipment(
        institution_of(row, known),
        row["number"],
        row["name"],
        row["kind"],
        row["manufacturer"],
        row["model"],
        row["serial"],
        row["udi"],
        STATES.get(row["state"].lower(), "active"),
    )


def device(one: Equipment) -> Json:
    """Make the Device (http://hl7.org/fhir/R4/device.html)."""
    made: Json = {
        "resourceType": "Device",
        "id": records.OWNER.id("Device", *one.key),
        "meta": records.meta("device"),
        "identifier": [{"system": records.local_system(one.institution, "device"), "value": one.number}],
    }
    made |= {"udiCarrier": [{"deviceIdentifier": one.udi}]} if one.udi else {}
    made["status"] = one.status
    made |= {"manufacturer": one.manufacturer} if one.manufacturer else {}
    made |= {"serialNumber": one.serial} if one.serial else {}
    made["deviceName"] = [{"name": one.name, "type": "user-friendly-name"}]
    made |= {"modelNumber": one.model} if one.model else {}
    made |= {"type": {"text": one.kind}} if one.kind else {}
    made["owner"] = {"reference": f"Organization/{records.organization_id(one.institution)}"}
    made["location"] = {"reference": f"Location/{records.site_id(one.institution)}"}
    return made
