"""What may be seen: `model` says it, `conditions` asks it of the database, `judge` of one record."""

from xinglin.hub.sight.model import EVERYTHING, NOTHING, OPEN, Label, Restrictions, Sight, View, Without

__all__ = ["EVERYTHING", "NOTHING", "OPEN", "Label", "Restrictions", "Sight", "View", "Without"]
