"""Identifiers that the hub gives."""

import os
import re
import time
from uuid import UUID

ID_FORM = re.compile(r"[A-Za-z0-9\-.]{1,64}")
"""The form of a FHIR id (http://hl7.org/fhir/R4/datatypes.html#id)."""

NO_IDS = frozenset({".", ".."})
"""What has the form but would change a record's address: clients resolve these two as path segments."""


def new_id() -> str:
    """Make a record id: a UUID of version 7 (RFC 9562), so that records made together lie together."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | int.from_bytes(os.urandom(10))
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(UUID(int=value))


def is_id(text: str) -> bool:
    """Tell whether `text` has the form of a FHIR id."""
    return ID_FORM.fullmatch(text) is not None and text not in NO_IDS
