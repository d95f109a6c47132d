"""How a person's record is looked at: which records may be seen, and what is taken out of those that are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.hub.sight import EVERYTHING, Sight


@dataclass(frozen=True, slots=True)
class Gaze:
    """What may be seen; `conceal` gives a record without what is masked, None: nothing is."""

    sight: Sight = EVERYTHING
    conceal: Callable[[Json], Json] | None = None

    def shown(self, content: Json) -> Json:
        """Give a record as it may be shown."""
        return content if self.conceal is None else self.conceal(content)


OPEN: Final = Gaze()
"""Everything is seen as it is: the hub at its own work."""
