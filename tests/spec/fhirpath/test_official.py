"""The official FHIRPath cases for R4 (https://github.com/FHIR/fhir-test-cases, r4/fhirpath), all of them.

A case passes when types and values are those expected, in that order, or when it must fail and does.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from xinglin.core.errors import FhirPathError
from xinglin.core.exact_json import loads
from xinglin.standards.fhirpath import Item, compile_expression
from xinglin.standards.fhirpath.quantity import Quantity
from xinglin.standards.fhirpath.temporal import Temporal

ALL = 935

# Reasons stand in docs/spec-readings.md.
MISSES = {"testFHIRPathIsFunction8", "testFHIRPathIsFunction9", "testFHIRPathIsFunction10"}


@cache
def resource(path: Path) -> Any:
    return loads(path.read_bytes())


def written(item: Item) -> str:
    """Write a value as the cases do."""
    match item.value:
        case bool():
            return str(item.value).lower()
        case Decimal():
            return f"{item.value:f}"
        case Temporal() | Quantity():
            return item.value.text()
        case _:
            return str(item.value)


def same(item: Item, type_: str | None, text: str) -> bool:
    if type_ is not None and type_ != item.type:
        return False
    if isinstance(item.value, (int, Decimal)) and not isinstance(item.value, bool):
        try:
            return Decimal(text) == item.value
        except InvalidOperation:
            return False
    # Dates and times stand there as literals or as text.
    return written(item) == text.removeprefix("@").removeprefix(
        "T" if isinstance(item.value, Temporal) else ""
    )


def outcome(case: Any, find: Callable[[str], Path]) -> tuple[bool, str]:
    expression = case.find("expression")
    file = case.get("inputfile")
    record = resource(find("data/fhirpath-r4/" + file.replace(".xml", ".json"))) if file else {}
    invalid = expression.get("invalid")
    strict = "strict" in {case.get("mode"), expression.get("mode")}
    try:
        found = compile_expression(expression.text, strict=strict).evaluate(record)
    except FhirPathError as error:
        return invalid is not None, str(error)
    if invalid is not None:
        return False, f"not refused as {invalid}"
    if case.get("predicate") == "true":
        found = [Item("boolean", bool(found))]
    expected = [(output.get("type"), output.text or "") for output in case.findall("output")]
    if case.get("ordered") == "false":
        found.sort(key=written)
        expected.sort(key=lambda one: one[1])
    right = len(found) == len(expected) and all(
        same(item, *one) for item, one in zip(found, expected, strict=True)
    )
    return right, f"expected {expected}, found {found}"


def test_every_official_case(shared: Callable[[str], Path]) -> None:
    cases = list(etree.parse(str(shared("data/fhirpath-r4/tests-fhir-r4.xml"))).iter("test"))
    assert len(cases) == ALL
    missed: dict[str, str] = {}
    for case in cases:
        passed, why = outcome(case, shared)
        if not passed:
            missed[case.get("name")] = f"{case.find('expression').text}: {why}"
    assert missed.keys() == MISSES, missed
