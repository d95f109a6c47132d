"""FHIRPath, search values and validation, over the Synthea mix, in one process without a database.

`fhirpathpy` runs the same expressions over the same records in the same run, as the reference.
"""

import gzip
import itertools
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import fhirpathpy
from fhirpathpy.models import models

from benchmarks.report import Row, table
from xinglin.core.exact_json import loads
from xinglin.standards.fhirpath import compile_expression
from xinglin.standards.search import Extractor, r4
from xinglin.standards.validation import validator

SYNTHEA = Path(os.environ.get("XINGLIN_SHARED", "../shared")) / "data" / "synthea"
fhirpathpy_r4 = models["r4"]
FILES = 40
REFERENCE_RECORDS = 150
SIMPLE = ("Patient.name.given", "Patient.birthDate", "Patient.address.city", "Patient.identifier.value")


def main() -> None:
    """Measure and print the table."""
    records = _records(FILES)
    rows = [*_expressions(records), *_search_values(records), *_validation(records)]
    print(table(f"FHIRPath, search values and validation ({len(records):,} Synthea records)", rows))


def _records(files: int) -> list[dict[str, Any]]:
    found = itertools.islice(sorted(SYNTHEA.glob("*.gz")), files)
    return [
        entry["resource"] for file in found for entry in loads(gzip.decompress(file.read_bytes()))["entry"]
    ]


def _rate(work: Callable[[Any], object], items: Sequence[Any], rounds: int = 1) -> float:
    """Give how many items `work` does in a second of processor time, warm."""
    for item in items[:2000]:
        work(item)
    started = time.process_time()
    for _ in range(rounds):
        for item in items:
            work(item)
    return rounds * len(items) / (time.process_time() - started)


def _expressions(records: list[dict[str, Any]]) -> list[Row]:
    patients = [r for r in records if r["resourceType"] == "Patient"]
    ours = [compile_expression(text, type_name="Patient").values for text in SIMPLE]
    theirs = [fhirpathpy.compile(text, fhirpathpy_r4) for text in SIMPLE]
    simple = _rate(lambda patient: [run(patient) for run in ours], patients, 2_000) * len(SIMPLE)
    reference = _rate(lambda patient: [run(patient) for run in theirs], patients, 20) * len(SIMPLE)
    return [
        Row("simple paths", simple, "evaluations per CPU second", "≥ 500,000"),
        Row(
            "simple paths, fhirpathpy",
            reference,
            "evaluations per CPU second",
            note=f"{simple / reference:.0f} times slower",
        ),
    ]


def _search_values(records: list[dict[str, Any]]) -> list[Row]:
    extractor = Extractor(r4())
    ours = _rate(extractor.extract, records)
    compiled: dict[str, list[Any]] = {}
    for record in records:
        if record["resourceType"] not in compiled:
            texts = [p.expression for p in r4().for_type(record["resourceType"]).values() if p.expression]
            runs = [fhirpathpy.compile(text, fhirpathpy_r4) for text in texts]
            compiled[record["resourceType"]] = [run for run in runs if _works(run, record)]
    sample = records[:: len(records) // REFERENCE_RECORDS]
    reference = _rate(lambda record: [run(record) for run in compiled[record["resourceType"]]], sample)
    return [
        Row(
            "all search values", ours, "records per CPU second", "≥ 25,000", "hashed and ready for the index"
        ),
        Row(
            "the same expressions, fhirpathpy",
            reference,
            "records per CPU second",
            note=f"{ours / reference:.0f} times slower",
        ),
    ]


def _works(run: Callable[[Any], object], record: dict[str, Any]) -> bool:
    try:
        run(record)
    except Exception:  # the reference can't do every expression; it is then spared it
        return False
    return True


def _validation(records: list[dict[str, Any]]) -> list[Row]:
    check = validator().validate
    rate = _rate(check, records)
    refused = sum(any(f.severity == "error" for f in check(record)) for record in records)
    return [
        Row(
            "validation with invariants",
            rate,
            "records per CPU second",
            "≥ 6,000",
            f"{refused} of them refused",
        )
    ]
