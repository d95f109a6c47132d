"""How well the workbench finds what local codes mean, and what standardising costs.

Six hospitals' dictionaries are invented (`local_dictionary.py` says with what noise). Officers decided on
half of the codes of each; the other half is asked for: held out.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from zoneinfo import ZoneInfo

from benchmarks.local_dictionary import Entry, dictionary
from benchmarks.report import Row, table
from xinglin.standards.conversion.model import Origin
from xinglin.standards.labitems import Item, Ranker, items
from xinglin.standards.labitems import table as lab_items
from xinglin.standards.labitems.ranker import Candidate, Learned
from xinglin.standards.labitems.standard import standardised

HOSPITALS = 6


@dataclass(frozen=True)
class Result:
    """An entry with the candidates it got."""

    entry: Entry
    candidates: Sequence[Candidate]

    def among(self, most: int) -> bool:
        """Tell whether the right item is among the first."""
        return self.entry.target in [one.item.code for one in self.candidates[:most]]

    @property
    def proposed(self) -> str | None:
        """The item proposed, if any."""
        first = self.candidates[0] if self.candidates else None
        return first.item.code if first and first.proposed else None


def split(hospitals: int = HOSPITALS, seed: int = 0) -> tuple[list[Entry], list[Entry]]:
    """Give what officers have decided on, and what is held out."""
    known: list[Entry] = []
    held_out: list[Entry] = []
    for number in range(hospitals):
        entries = dictionary(seed + number)
        random.Random(seed + number).shuffle(entries)
        half = len(entries) // 2
        known += entries[:half]
        held_out += entries[half:]
    return known, held_out


def poorer(seed: int = 0) -> list[Item]:
    """Give the table without half of its aliases: as if we had thought of fewer names."""
    chance = random.Random(seed)
    return [
        replace(item, aliases=tuple(alias for alias in item.aliases if chance.random() < 0.5))
        for item in items()
    ]


def ask(
    known: Sequence[Entry], held_out: Sequence[Entry], standard: Sequence[Item] | None = None
) -> list[Result]:
    """Rank candidates for what is held out, having learned what is known."""
    learned = Learned()
    for entry in known:
        if entry.target is not None:
            learned.accept(entry.local.name, entry.target)
    ranker = Ranker(standard, learned)
    return [Result(entry, ranker.candidates(entry.local)) for entry in held_out]


def share(results: Sequence[Result], most: int) -> float:
    """Give the share of entries whose item is among the first candidates."""
    wanted = [one for one in results if one.entry.target is not None]
    return sum(one.among(most) for one in wanted) / len(wanted)


def percent(part: float) -> float:
    """Give a share in percent, with one decimal."""
    return round(100 * part, 1)


def main() -> None:
    """Measure and print the table."""
    known, held_out = split()
    started = time.perf_counter()
    results = ask(known, held_out)
    seconds = time.perf_counter() - started
    alone = ask([], held_out)
    poor = ask([], held_out, poorer())
    poor_learned = ask(known, held_out, poorer())
    unknown = [one for one in results if one.entry.target is None]
    proposed = [one for one in results if one.proposed]
    silent = [one for one in results if not one.proposed]
    rows = [
        Row(
            "top 1, held out",
            percent(share(results, 1)),
            "%",
            "≥ 90",
            f"{len(results)} codes of {HOSPITALS} hospitals",
        ),
        Row("top 5, held out", percent(share(results, 5)), "%", "≥ 98"),
        Row("top 1, nothing learned", percent(share(alone, 1)), "%"),
        Row("top 5, nothing learned", percent(share(alone, 5)), "%"),
        Row("top 1, half of the aliases taken away", percent(share(poor_learned, 1)), "%"),
        Row("top 5, half of the aliases taken away", percent(share(poor_learned, 5)), "%"),
        Row("top 1, half of the aliases taken away, nothing learned", percent(share(poor, 1)), "%"),
        Row("top 5, half of the aliases taken away, nothing learned", percent(share(poor, 5)), "%"),
    ]
    for pool in ("table", "abbreviation", "outside"):
        part = [one for one in results if one.entry.pool == pool]
        part_alone = [one for one in alone if one.entry.pool == pool]
        note = f"{len(part)} codes; nothing learned: {percent(share(part_alone, 1))} %"
        rows.append(Row(f"top 1, names from: {pool}", percent(share(part, 1)), "%", "", note))
    right = sum(one.proposed == one.entry.target for one in proposed)
    rightly_silent = sum(one.entry.target is None for one in silent)
    kept_silent = sum(not one.proposed for one in unknown)
    rows += [
        Row("precision of proposals", percent(right / len(proposed)), "%", "", f"{len(proposed)} proposed"),
        Row(
            "precision of “no match”",
            percent(rightly_silent / max(1, len(silent))),
            "%",
            "",
            f"{len(silent)} without a proposal",
        ),
        Row(
            "recall of “no match”",
            percent(kept_silent / len(unknown)),
            "%",
            "",
            f"{len(unknown)} codes that the table lacks",
        ),
        Row("candidates for a code", 1000 * seconds / len(results), "ms"),
        Row("an Observation standardised", _standardising(), "µs"),
    ]
    print(table("Mapping local codes", rows))


def _standardising() -> float:
    origin = Origin("lis", "", "", "county-1", ZoneInfo("Asia/Shanghai"))
    system = origin.code_system("lab-item")
    maps = {(system, "017"): lab_items()["1700104A"]}
    quantity = {"value": Decimal(90), "unit": "mg/dL"}
    code = {"coding": [{"system": system, "code": "017", "display": "葡萄糖"}]}
    record = {"resourceType": "Observation", "status": "final", "code": code, "valueQuantity": quantity}
    times = 20_000
    started = time.perf_counter()
    for _ in range(times):
        standardised(record, lambda system, code: maps.get((system, code)))
    return 1e6 * (time.perf_counter() - started) / times


if __name__ == "__main__":
    main()
