"""What `xinglin fhirpath` does: evaluate an expression on a record, or many cases in bulk."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import Json, MalformedJson, dumps, loads
from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath import Item, compile_expression
from xinglin.standards.fhirpath.quantity import Quantity
from xinglin.standards.fhirpath.temporal import Temporal
from xinglin.standards.fhirpath.values import is_object


def fhirpath(*, expression: str, file: Path, strict: bool = False) -> Iterator[bytes]:
    """Give each value that `expression` finds in the record in `file`, as one line of JSON.

    Elements are as they stand in the record, a primitive that has only extensions is null; dates, times and
    quantities that were computed are strings. Raises FhirPathError, MalformedJson or OSError.
    """
    compiled = compile_expression(expression, strict=strict)
    for item in compiled.evaluate(loads(file.read_bytes())):
        yield dumps(_plain(item.value))


def fhirpath_cases(*, path: Path) -> Iterator[Json]:
    """Answer each line `{"id", "expression", "resource"}` of the NDJSON file at `path`.

    An answer is `{"id", "values": [{"type", "value"}]}` or `{"id", "error": {"code", "message"}}`. `type` is
    the FHIR type of an element ("code", "HumanName", "BackboneElement") or, for computed values, "boolean",
    "string", "integer", "decimal", "date", "dateTime", "time" or "Quantity". Decimals are strings that keep
    their digits; computed dates, times and quantities are strings too (`1974-12-25`, `4 'mg'`). A case may
    say `"strict": true`. Raises OSError.
    """
    with path.open("rb") as lines:
        for line in lines:
            if line.strip():
                yield _answer(line)


def _answer(line: bytes) -> Json:
    identifier: Any = None
    try:
        case = loads(line)
        if not is_object(case) or not isinstance(case.get("expression"), str):
            detail = Phrase('a case is an object with "id", "expression" and "resource"')
            raise MalformedJson(detail=detail)
        identifier = case.get("id")
        compiled = compile_expression(case["expression"], strict=case.get("strict") is True)
        found = compiled.evaluate(case.get("resource") or {})
        return {"id": identifier, "values": [{"type": item.type, "value": _exact(item)} for item in found]}
    except XinglinError as error:
        return {"id": identifier, "error": {"code": error.code, "message": error.text()}}


def _plain(value: Any) -> Any:
    return value.text() if isinstance(value, (Temporal, Quantity)) else value


def _exact(item: Item) -> Any:
    if isinstance(item.value, Decimal):
        return str(getattr(item.value, "literal", None) or f"{item.value:f}")
    if item.type == "decimal" and isinstance(item.value, int):
        return str(item.value)
    return _plain(item.value)
