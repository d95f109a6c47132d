"""What was found a moment ago: used for less than a second, so that what ends has ended everywhere then."""

from collections import OrderedDict
from time import monotonic
from typing import Generic, NamedTuple, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Begun(NamedTuple):
    """When a look began, and how often all was forgotten before."""

    at: float
    forgotten: int


class Kept(Generic[Key, Value]):
    """What looks found, each for `seconds` from when it began; of more than `most` the oldest go first."""

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._found: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._forgotten = 0

    def get(self, key: Key) -> Value | None:
        """Give what was found within the time; None where that must be looked for."""
        at, value = self._found.get(key, (0.0, None))
        return value if monotonic() - at < self._seconds else None

    def begin(self) -> Begun:
        """Begin to look."""
        return Begun(monotonic(), self._forgotten)

    def keep(self, key: Key, value: Value | None, begun: Begun) -> None:
        """Keep what a look found; nothing where it found nothing, or where all was forgotten meanwhile."""
        self._found.pop(key, None)
        if value is not None and begun.forgotten == self._forgotten:
            self._found[key] = begun.at, value
        while len(self._found) > self._most:
            self._found.popitem(last=False)

    def forget(self) -> None:
        """Forget everything, also what is being looked for."""
        self._forgotten += 1
        self._found.clear()
