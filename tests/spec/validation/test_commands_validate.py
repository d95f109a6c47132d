"""`xinglin validate`: files of every kind in, one answer a record out."""

import gzip
from pathlib import Path

import pytest

from xinglin.standards.commands_validate import Summary, UnreadableFile, check_files

GOOD = b'{"resourceType":"Patient","id":"a"}'
BAD = b'{"resourceType":"Patient","id":"b","gender":"x"}'


def test_files_folders_lines_and_gz(tmp_path: Path):
    (tmp_path / "a.json").write_bytes(b"\xef\xbb\xbf" + GOOD)
    (tmp_path / "b.ndjson").write_bytes(GOOD + b"\n\n" + BAD + b"\n")
    below = tmp_path / "below"
    below.mkdir()
    (below / "c.ndjson.gz").write_bytes(gzip.compress(BAD))
    (below / "notes.txt").write_bytes(b"not a record")
    checked = list(check_files([tmp_path]))
    assert [(Path(one.file).name, one.line, one.id, one.errors) for one in checked] == [
        ("a.json", 1, "a", 0),
        ("b.ndjson", 1, "a", 0),
        ("b.ndjson", 3, "b", 1),
        ("c.ndjson.gz", 1, "b", 1),
    ]
    assert [one.resource_type for one in check_files([tmp_path / "a.json", tmp_path / "a.json"])] == [
        "Patient"
    ] * 2


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"resourceType":"Patient",}',
        b'{"resourceType":"Patient","id":"a","id":"b"}',
        b'{"resourceType":"Patient" /* why */}',
        b'{"resourceType":"Patient","id":"\xff"}',
        b'{"resourceType":"Observation","valueInteger":01}',
        b"[" * 300 + b"]" * 300,
    ],
)
def test_text_that_is_no_json_is_a_finding(tmp_path: Path, text: bytes):
    file = tmp_path / "x.json"
    file.write_bytes(text)
    (checked,) = check_files([file])
    assert [one.rule for one in checked.findings] == ["json"]
    assert checked.resource_type is None
    assert checked.findings[0].text("zh")


def test_a_line_that_is_no_json_doesnt_stop_the_others(tmp_path: Path):
    file = tmp_path / "x.ndjson"
    file.write_bytes(b"{\n" + GOOD + b"\n7\n")
    assert [one.errors for one in check_files([file])] == [1, 0, 1]


def test_what_cant_be_read_is_an_error(tmp_path: Path):
    with pytest.raises(UnreadableFile):
        list(check_files([tmp_path / "none.json"]))
    cut = tmp_path / "cut.json.gz"
    cut.write_bytes(gzip.compress(GOOD)[:-10])
    with pytest.raises(UnreadableFile):
        list(check_files([cut]))


def test_an_answer_as_json_and_a_summary(tmp_path: Path):
    file = tmp_path / "x.ndjson"
    file.write_bytes(BAD + b"\n" + BAD)
    summary = Summary()
    for checked in check_files([file]):
        summary.add(checked)
        answer = checked.as_json()
        assert {key: answer[key] for key in ("file", "resourceType", "id", "errors", "warnings")} == {
            "file": str(file),
            "resourceType": "Patient",
            "id": "b",
            "errors": 1,
            "warnings": 1,
        }
        assert answer["issues"][0] == {
            "severity": "error",
            "location": "Patient.gender",
            "rule": "binding-required",
            "text": "Use a code of the value set http://hl7.org/fhir/ValueSet/administrative-gender; "
            "“x” isn't in it.",
        }
    assert (summary.records, summary.refused) == (2, 2)
    assert [(severity, rule, count) for severity, rule, count, _, _ in summary.rows()] == [
        ("error", "binding-required", 2),
        ("warning", "dom-6", 2),
    ]


def test_profiles_asked_for(tmp_path: Path):
    file = tmp_path / "x.json"
    file.write_bytes(GOOD)
    (checked,) = check_files([file], profiles=["http://hl7.org/fhir/StructureDefinition/bp"])
    assert "profile-type" in {one.rule for one in checked.findings}
