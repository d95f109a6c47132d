"""What stands in every registered record: its id, whose it is, and what sort of entry it is."""

from datetime import UTC
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.hub.intake.order import TAGS
from xinglin.standards.conversion import Origin
from xinglin.standards.identifiers import SCHEMES, Fault, Identifier, Kind

SOURCE: Final = "registry"
"""Whose the records are. No source can be registered under this name's numbers, so none overwrites them."""

OWNER: Final = Origin(source=SOURCE, institution="", institution_name="", namespace=SOURCE, zone=UTC)
INSTITUTION_SYSTEM: Final = "urn:oid:2.16.156.10011.1.5"
"""Codes of health institutions (WS/T 500): the credit code of 18 characters, or WS 218's of 22."""

FACILITY: Final[Json] = {
    "coding": [{"system": "urn:ietf:rfc:3986", "code": "urn:ihe:iti:mcsd:2019:facility"}]
}
"""Marks a facility in the sense of IHE mCSD (ITI TF-2: 3.90.4.2.2)."""

Known = dict[str, str]
"""Registered institutions: by key, the key of the one above ("" for none)."""


def meta(sort: str) -> Json:
    """Give the `meta` of a registered record; `sort` is such as institution, site, department."""
    return {"source": f"urn:xinglin:source:{SOURCE}:0#0", "tag": [{"system": TAGS, "code": tag(sort)}]}


def tag(sort: str) -> str:
    """Give the tag by which registered records of a sort are found."""
    return f"{SOURCE}-{sort}"


def is_registered(record: Json, sort: str) -> bool:
    """Tell whether a record is an entry of this sort in the registry."""
    return {"system": TAGS, "code": tag(sort)} in record.get("meta", {}).get("tag", ())


def read_key(text: str) -> str | Fault:
    """Bring the code of an institution, credit code or WS 218's, to its normal form."""
    is_long = len(SCHEMES[Kind.HEALTH_INSTITUTION].normalise(text)) > 20
    found = SCHEMES[Kind.HEALTH_INSTITUTION if is_long else Kind.CREDIT_CODE].parse(text)
    return found.value if isinstance(found, Identifier) else found


def organization_id(key: str) -> str:
    """Give the id of the Organization registered under a code."""
    return OWNER.id("Organization", key)


def department_id(key: str, code: str) -> str:
    """Give the id of the Organization of an institution's department."""
    return OWNER.id("Organization", key, "department", code)


def site_id(key: str) -> str:
    """Give the id of the Location of an institution."""
    return OWNER.id("Location", key)


def service_id(key: str, code: str) -> str:
    """Give the id of the HealthcareService of a department."""
    return OWNER.id("HealthcareService", key, code)


def local_system(key: str, sort: str) -> str:
    """Give the system of numbers that an institution gives itself (see `Origin.number_system`)."""
    return Origin(SOURCE, key, "", key, UTC).number_system(sort)
