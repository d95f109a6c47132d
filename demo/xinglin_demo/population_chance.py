"""Chance for the population: fast and repeatable (only `Random.random` is drawn from; see `dice`)."""

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from random import Random

from xinglin_demo.tables import table

RATES = {row["name"]: float(row["rate"]) for row in table("population_rates")}
"""How common what is, by name (`tables/population_rates.csv`)."""


class Chance:
    """A repeatable source of chance. `next` gives a number from 0 up to 1."""

    def __init__(self, seed: int) -> None:
        self.next = Random(f"population/{seed}").random

    def rate(self, name: str) -> bool:
        """Tell yes as often as the table of rates says."""
        return self.next() < RATES[name]

    def below(self, size: int) -> int:
        """Give a whole number from 0 to `size` - 1."""
        return int(self.next() * size)

    def pick(self, choices: Sequence[str]) -> str:
        """One of `choices`, all alike likely."""
        return choices[int(self.next() * len(choices))]


class Urn:
    """Texts to draw from, each as likely as its weight says."""

    def __init__(self, texts: Sequence[str], weights: Sequence[float]) -> None:
        self.texts = texts
        self.sums = list(accumulate(weights))

    def draw(self, chance: Chance) -> str:
        """Draw one."""
        return self.texts[bisect(self.sums, chance.next() * self.sums[-1], 0, len(self.texts) - 1)]


def ranked(characters: str) -> Urn:
    """Give an urn of characters of which each is less likely than the one before (as 1 / (rank + 8))."""
    return Urn(characters, [1 / (rank + 8) for rank in range(len(characters))])
