"""`xinglin fhirpath`: values as lines of JSON, and cases in bulk."""

from pathlib import Path

import pytest

from xinglin.core.exact_json import dumps, loads
from xinglin.standards import commands
from xinglin.standards.fhirpath.errors import SemanticProblem

PATIENT = b'{"resourceType":"Patient","birthDate":"1970-01-01","name":[{"family":"A","given":["B","C"]}]}'
OBSERVATION = b'{"resourceType":"Observation","valueQuantity":{"value":1.50,"unit":"g","code":"g"}}'


def test_one_value_a_line(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_bytes(PATIENT)
    assert list(commands.fhirpath(expression="name.given", file=file)) == [b'"B"', b'"C"']
    assert list(commands.fhirpath(expression="birthDate + 1 day", file=file)) == [b'"1970-01-02"']
    assert list(commands.fhirpath(expression="name", file=file)) == [b'{"family":"A","given":["B","C"]}']
    with pytest.raises(SemanticProblem):
        list(commands.fhirpath(expression="nothing", file=file, strict=True))


def test_cases_in_bulk(tmp_path: Path) -> None:
    lines = [
        b'{"id": 1, "expression": "name.given", "resource": %b}' % PATIENT,
        b'{"id": "b", "expression": "value.value | 1.10 | 4 \'mg\'", "resource": %b}' % OBSERVATION,
        b"",
        b'{"id": 3, "expression": "name.", "resource": {}}',
        b'{"id": 4, "resource": {}}',
        b"not json",
        b'{"id": 5, "expression": "1 = 1"}',
    ]
    file = tmp_path / "cases.ndjson"
    file.write_bytes(b"\n".join(lines))
    answers = [loads(dumps(answer)) for answer in commands.fhirpath_cases(path=file)]
    assert answers[0] == {
        "id": 1,
        "values": [{"type": "string", "value": "B"}, {"type": "string", "value": "C"}],
    }
    assert answers[1]["values"] == [
        {"type": "decimal", "value": "1.50"},
        {"type": "decimal", "value": "1.10"},
        {"type": "Quantity", "value": "4 'mg'"},
    ]
    assert [answer.get("error", {}).get("code") for answer in answers[2:]] == [
        "XL4001",
        "XL3001",
        "XL3001",
        None,
    ]
    assert answers[5] == {"id": 5, "values": [{"type": "boolean", "value": True}]}
