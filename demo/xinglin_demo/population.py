"""Invented people of a province as several institutions record them, with the truth of who is who.

    python -m xinglin_demo.population --records 100000 --seed 1 --out people.csv

writes `people.csv` and beside it `people.truth.csv` (id, entity, twin, borrowed, newborn). The same records
and seed give the same rows. How often what goes wrong: `tables/population_rates.csv` and
`population_sources.csv`.
"""

import argparse
import csv
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from xinglin_demo.population_chance import Chance
from xinglin_demo.population_people import people
from xinglin_demo.population_records import RECORDED, Record, records

TRUTH = ("id", "entity", "twin", "borrowed", "newborn")
MOST = 5_000_000
"""Records that can be made before identity numbers would repeat."""

__all__ = ["MOST", "RECORDED", "TRUTH", "Record", "main", "population", "write"]


def population(count: int, seed: int) -> Iterator[Record]:
    """Give `count` records, one neighbourhood after the other, shuffled inside it.

    `id` is a number of eight digits after `r`; `entity` counts persons. Raises ValueError beyond `MOST`.
    """
    if count > MOST:
        raise ValueError(f"at most {MOST} records")
    chance = Chance(seed)
    made = 0
    for neighbours in people(chance):
        found = [one for person in neighbours for one in records(person, neighbours, chance)]
        order = [chance.next() for _ in found]
        for at in sorted(range(len(found)), key=order.__getitem__):
            if made == count:
                return
            made += 1
            yield found[at]._replace(id=f"r{made:08d}")


def write(count: int, seed: int, out: Path) -> Path:
    """Write the records to `out` and the truth beside it; give the truth's path."""
    truth = out.with_suffix(".truth.csv")
    with ExitStack() as stack:
        rows = csv.writer(stack.enter_context(out.open("w", encoding="utf-8", newline="")))
        facts = csv.writer(stack.enter_context(truth.open("w", encoding="utf-8", newline="")))
        rows.writerow(RECORDED)
        facts.writerow(TRUTH)
        width = len(RECORDED)
        for row in population(count, seed):
            rows.writerow(row[:width])
            facts.writerow((row[0], *map(int, row[width:])))
    return truth


def main() -> None:
    """Read the command line and write both files."""
    parser = argparse.ArgumentParser(prog="python -m xinglin_demo.population", description="Invented people.")
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    write(asked.records, asked.seed, asked.out)


if __name__ == "__main__":
    main()
