"""Chance that falls the same way everywhere.

Only `random.Random.random()` is drawn from: Python promises its sequence for a seed, while the algorithms
behind `choice`, `gauss` and the like may change between versions
(https://docs.python.org/3/library/random.html#notes-on-reproducibility). Sums of fractions go through `fsum`,
because `sum` rounds otherwise from Python 3.12 on.
"""

from collections.abc import Sequence
from math import fsum
from random import Random
from typing import TypeVar
from uuid import UUID

T = TypeVar("T")


class Dice:
    """A repeatable source of chance for one subject, such as `Dice(seed, "person", 17)`."""

    def __init__(self, *subject: object) -> None:
        self._next = Random("/".join(map(str, subject))).random

    def chance(self, probability: float) -> bool:
        """Tell yes in `probability` (0 to 1) of the throws."""
        return self._next() < probability

    def integer(self, low: int, high: int) -> int:
        """Give a whole number from `low` to `high`, both included."""
        return low + int(self._next() * (high - low + 1))

    def pick(self, choices: Sequence[T]) -> T:
        """One of `choices`, all alike likely."""
        return choices[self.integer(0, len(choices) - 1)]

    def weighted(self, choices: Sequence[T], weights: Sequence[float]) -> T:
        """One of `choices`, each as likely as its weight says."""
        mark = self._next() * fsum(weights)
        for choice, weight in zip(choices, weights, strict=True):
            mark -= weight
            if mark < 0:
                return choice
        return choices[-1]

    def normal(self, mean: float, spread: float) -> float:
        """Near `mean` with standard deviation `spread`, never further than six of them.

        The sum of twelve even draws (Irwin-Hall) needs no logarithm, whose last digit may
        differ between machines.
        """
        return mean + spread * (fsum(self._next() for _ in range(12)) - 6)

    def uuid(self) -> str:
        """Give a version 4 UUID."""
        words = [int(self._next() * 2**32) for _ in range(4)]
        value = words[0] << 96 | words[1] << 64 | words[2] << 32 | words[3]
        return str(UUID(int=value, version=4))
