"""The demo province: invented people, institutions and records as FHIR R4 transaction bundles.

Nothing here describes anybody: see `identifiers` for why the numbers can't belong to a person.
"""

from xinglin_demo.province import province

__all__ = ["province"]
