"""Bringing codes to one standard: local codes seen, decisions on them, and the standardiser of intake.

Intake uses `Codes` (see `codes.py`); officers use `workbench.py`.
"""

from xinglin.hub.codes.codes import Codes
from xinglin.hub.codes.seen import Counts, note

__all__ = ["Codes", "Counts", "note"]
