"""What docs/codes.md shows is what the hub does."""

import json
import re
from decimal import Decimal
from pathlib import Path

from xinglin.core.exact_json import dumps
from xinglin.standards.labitems import items, table
from xinglin.standards.labitems.standard import restored, standardised

PAGE = (Path(__file__).parents[2] / "docs/codes.md").read_text(encoding="utf-8")


def test_the_example_is_what_comes_out() -> None:
    shown = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert shown
    local = {"system": "urn:xinglin:code:county-1:lab-item", "code": "017", "display": "葡萄糖(己糖激酶法)"}
    sent = {
        "resourceType": "Observation",
        "code": {"coding": [local]},
        "valueQuantity": {"value": Decimal(90), "unit": "mg/dL"},
    }
    made, _ = standardised(sent, lambda _system, _code: table()["1700104A"])
    assert json.loads(shown[1]) == {name: json.loads(dumps(made[name])) for name in ("code", "valueQuantity")}
    assert '"value": 5.00' in shown[1]
    assert restored(made) == sent


def test_the_number_of_items_is_right() -> None:
    assert f"{len(items())} items" in PAGE
