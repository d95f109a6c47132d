"""Run the measurements named, or all."""

import importlib
import sys

ALL = (
    "standards",
    "records",
    "search",
    "sight",
    "intake",
    "quality",
    "hl7v2",
    "datasets",
    "cda",
    "terminology",
    "codes",
    "identity",
    "lifelong",
    "linkage",
    "audit",
    "gate",
    "gate_http",
)

for name in sys.argv[1:] or ALL:
    importlib.import_module(f"benchmarks.{name}").main()
