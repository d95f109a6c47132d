"""Large sets of Patients for the database: packed once, sent as they are.

A sight of ten thousand Patients would otherwise be written out as text and read again with every search.
"""

from functools import lru_cache

from xinglin.hub.arrays import Bigints
from xinglin.hub.copying import int8
from xinglin.hub.sight.membership import self_keys


@lru_cache(maxsize=128)
def packed_patients(patients: frozenset[str]) -> Bigints:
    """Pack the self keys of Patients, by their ids."""
    return Bigints([int8(key) for key in sorted(self_keys(patients))])
