"""How the values of a code are spread, in a few numbers that can be added up: buckets that grow by a tenth.

The idea is DDSketch's (Masson, Rim, Lee: VLDB 2019): a quantile is right within 5 %, and two sketches join by
adding their buckets.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

GROWTH = 1.1
_LOG = math.log(GROWTH)
_MOST = 1e15


@dataclass(slots=True)
class Sketch:
    """Counts of positive values by bucket, and of the others; `low` and `high` are the extremes."""

    buckets: dict[int, int] = field(default_factory=dict[int, int])
    other: int = 0
    low: float = math.inf
    high: float = -math.inf

    @property
    def count(self) -> int:
        """How many values."""
        return sum(self.buckets.values()) + self.other

    def add(self, value: float, times: int = 1) -> None:
        """Take note of a value; what is no finite number is left out."""
        if not -_MOST < value < _MOST:
            return
        self.low, self.high = min(self.low, value), max(self.high, value)
        if value <= 1e-12:
            self.other += times
            return
        bucket = math.floor(math.log(value) / _LOG)
        self.buckets[bucket] = self.buckets.get(bucket, 0) + times

    def join(self, more: "Sketch") -> None:
        """Add another sketch's values."""
        for bucket, times in more.buckets.items():
            self.buckets[bucket] = self.buckets.get(bucket, 0) + times
        self.other += more.other
        self.low, self.high = min(self.low, more.low), max(self.high, more.high)

    def quantile(self, share: float) -> float | None:
        """Give the value below which `share` (0 to 1) of the values lie; None without values."""
        if not self.count:
            return None
        left = share * (self.count - 1)
        if left < self.other:
            return self.low if self.low < 0 else 0.0
        left -= self.other
        for bucket in sorted(self.buckets):
            left -= self.buckets[bucket]
            if left < 0:
                return min(max(GROWTH ** (bucket + 0.5), self.low), self.high)
        return self.high

    def between(self, low: float, high: float) -> float:
        """Tell which share of the values lies between; 0 without values."""
        inside = sum(n for b, n in self.buckets.items() if low <= GROWTH ** (b + 0.5) <= high)
        inside += self.other if low <= 0 else 0
        return inside / self.count if self.count else 0.0

    def plain(self) -> dict[str, object]:
        """Give it as JSON; `of` reads it."""
        if not self.count:
            return {}
        return {
            "b": {str(k): v for k, v in self.buckets.items()},
            "o": self.other,
            "l": self.low,
            "h": self.high,
        }

    @staticmethod
    def of(plain: Mapping[str, object]) -> "Sketch":
        """Read what `plain` gave."""
        if not plain:
            return Sketch()
        buckets, other = plain["b"], plain["o"]
        low, high = plain["l"], plain["h"]
        assert isinstance(buckets, Mapping)  # noqa: S101 - we wrote it
        assert isinstance(other, int)  # noqa: S101
        assert isinstance(low, int | float)  # noqa: S101
        assert isinstance(high, int | float)  # noqa: S101
        return Sketch({int(str(k)): int(str(v)) for k, v in buckets.items()}, other, low, high)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
