"""The demo province: invented people, institutions and records.

`province` tells them as FHIR R4 transaction bundles, `stories` reads these back for whoever sends data, and
`deliveries` gives them as the files that different institutions would send. Nothing here describes anybody:
see `identifiers` for why the numbers can't belong to a person.
"""

from xinglin_demo.deliveries import deliveries, senders
from xinglin_demo.province import province
from xinglin_demo.story import stories

__all__ = ["deliveries", "province", "senders", "stories"]
