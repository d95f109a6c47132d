"""What the pieces of one file of a delivery share."""

from dataclasses import dataclass
from datetime import datetime

from xinglin.hub.intake.order import Stamp
from xinglin.hub.intake.sources import Source


@dataclass(frozen=True, slots=True)
class Consignment:
    """What every piece of one file of a delivery has in common. `file` counts the files of an archive."""

    delivery: int
    source: Source
    received: datetime
    form: str
    file: int = 0
    member: str = ""

    def stamp(self, item: int) -> Stamp:
        """Give the stamp of an item of this file."""
        return Stamp(self.source.id, self.delivery, self.file, item)
