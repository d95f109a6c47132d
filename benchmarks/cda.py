"""Clinical documents read into records, in one process without a database: the example lab report."""

import time
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.report import Row, table
from xinglin.standards.cda import ClinicalDocuments
from xinglin.standards.conversion import Origin, Piece

EXAMPLE = Path(__file__).parents[1] / "docs" / "examples" / "cda" / "lab-report.xml"
SECONDS = 5.0


def main() -> None:
    """Measure and print the table."""
    form, origin = ClinicalDocuments(), Origin("s", "i", "医院", "h", ZoneInfo("Asia/Shanghai"))
    raw, count, records = EXAMPLE.read_bytes(), 0, 0
    start = time.process_time()
    while time.process_time() - start < SECONDS:
        for number in range(100):
            piece = Piece(raw.replace(b"EX-C0007-1", b"EX-%d" % (count + number)))
            records += sum(len(item.facts) for item in form.items(piece, origin))
        count += 100
    spent = time.process_time() - start
    rows = [
        Row("documents read", count / spent, "/CPU-s"),
        Row("records made", records / spent, "/CPU-s"),
    ]
    print(table(f"Clinical documents ({len(raw):,} bytes each)", rows))
