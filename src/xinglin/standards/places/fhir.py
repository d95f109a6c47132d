"""A place as a FHIR Location (http://hl7.org/fhir/R4/location.html), a jurisdiction of IHE mCSD."""

from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.places.model import Place
from xinglin.standards.places.tree import former, parent

SYSTEM: Final = "urn:oid:2.16.156.10011.2.3.3.2"
"""Codes of GB/T 2260, as WS/T 500 names them; the longer codes of townships and villages begin with them."""

PHYSICAL: Final = "http://terminology.hl7.org/CodeSystem/location-physical-type"
JURISDICTION: Final[Json] = {
    "coding": [{"system": "urn:ietf:rfc:3986", "code": "urn:ihe:iti:mcsd:2019:jurisdiction"}]
}
LEVELS: Final = "urn:xinglin:cs:place-level"


def location_id(code: str) -> str:
    """Give the id of a place's Location; always the same."""
    return f"place-{code}"


def location(place: Place) -> Json:
    """Give the Location of a place, within the Location of the place above it."""
    above = parent(place.code)
    made: Json = {
        "resourceType": "Location",
        "id": location_id(place.code),
        "identifier": [{"system": SYSTEM, "value": place.code}],
        "status": "active" if place.current else "inactive",
        "name": place.name,
        "mode": "instance",
        "type": [
            JURISDICTION,
            {"coding": [{"system": LEVELS, "code": place.level.name.lower()}]},
        ],
        "physicalType": {"coding": [{"system": PHYSICAL, "code": "jdn", "display": "Jurisdiction"}]},
    }
    names = [name.name for name in former(place.code) if name.name != place.name]
    if names and place.current:
        made["alias"] = list(dict.fromkeys(names))
    if above:
        made["partOf"] = {"reference": f"Location/{location_id(above.code)}", "display": above.name}
    return made
