"""Administrative places: province, prefecture, county, township, village, and which one an address is in.

    place("360102002")                    # 滕王阁街道
    path("360102002")                     # 江西省, 南昌市, 东湖区, 滕王阁街道
    children("360102")                    # its streets, towns and townships
    find("江西省南昌市东湖区滕王阁街道").place

Counties and above are those of GB/T 2260 (`standards/identifiers/divisions`), for the whole country and
back to 1980. Townships and villages are in the tables of this package, for Jiangxi (`data/sources.csv` says
whence). Pure functions, no database and no network.
"""

from xinglin.standards.places.fhir import SYSTEM, location, location_id
from xinglin.standards.places.find import Found, find
from xinglin.standards.places.model import Level, Place
from xinglin.standards.places.tree import became, children, path, place

__all__ = [
    "SYSTEM",
    "Found",
    "Level",
    "Place",
    "became",
    "children",
    "find",
    "location",
    "location_id",
    "path",
    "place",
]
