"""What may be seen: `model` says it, `seen` asks it of the database and of one record, `reading` by id."""

from xinglin.hub.sight.model import EVERYTHING, NOTHING, OPEN, Label, Restrictions, Sight, View, Without

__all__ = ["EVERYTHING", "NOTHING", "OPEN", "Label", "Restrictions", "Sight", "View", "Without"]
