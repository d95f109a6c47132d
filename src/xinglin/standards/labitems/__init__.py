"""Laboratory items: the curated table, and finding which of its items a hospital's own code means."""

from xinglin.standards.labitems.local import Local
from xinglin.standards.labitems.ranker import Candidate, Ranker, Reason
from xinglin.standards.labitems.sketch import Sketch
from xinglin.standards.labitems.table import SYSTEM, Item, items, table

__all__ = ["SYSTEM", "Candidate", "Item", "Local", "Ranker", "Reason", "Sketch", "items", "table"]
