"""The example files of the pages on clinical documents and images give what the pages say."""

import importlib
import pkgutil
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from xinglin import standards
from xinglin.core.errors import all_errors
from xinglin.standards.cda import ClinicalDocuments
from xinglin.standards.cda.tables import document_types
from xinglin.standards.conversion import Item, Origin
from xinglin.standards.dicom import DicomObjects

DOCS = Path(__file__).parents[2] / "docs"
ORIGIN = Origin(
    "county-emr",
    "x",
    "示例县人民医院",
    "h1",
    ZoneInfo("Asia/Shanghai"),
    declared={"abnormal-flag": "WS 363-2011"},
)


def read(name: str) -> Item:
    form = ClinicalDocuments()
    with (DOCS / "examples/cda" / name).open("rb") as stream:
        assert form.recognises(stream.read(65536))
        stream.seek(0)
        (item,) = [item for piece in form.pieces(stream, ORIGIN) for item in form.items(piece, ORIGIN)]
    return item


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("lab-report.xml", {"DiagnosticReport", "Observation", "ServiceRequest", "Specimen", "Condition"}),
        ("outpatient-record.xml", {"AllergyIntolerance", "Condition", "Encounter"}),
        ("discharge-summary.xml", {"Procedure", "Condition", "Encounter"}),
    ],
)
def test_examples_are_understood(name: str, kinds: set[str]):
    item = read(name)
    assert item.error is None
    assert not item.unknown
    whole = {"Binary", "DocumentReference", "Composition", "Patient", "Practitioner", "Organization"}
    assert kinds | whole <= {fact.resource["resourceType"] for fact in item.facts}


def test_the_unpaired_example():
    item = read("lab-report-unpaired.xml")
    assert "Observation" not in {fact.resource["resourceType"] for fact in item.facts}
    assert any(word.startswith("items not paired") for word in item.unknown)


def test_the_refused_example():
    error = read("two-documents.xml").error
    assert error is not None
    assert error.code == "XL7304"


@pytest.mark.parametrize("name", ["connect-cda.md", "connect-dicom.md"])
def test_codes_on_the_page_exist(name: str):
    named = set(re.findall(r"XL\d{4}", (DOCS / name).read_text(encoding="utf-8")))
    assert named
    for module in pkgutil.walk_packages(standards.__path__, "xinglin.standards."):
        importlib.import_module(module.name)  # errors are known once their modules are
    assert named <= {error.code for error in all_errors()}


def test_structured_documents_are_those_on_the_page():
    page = (DOCS / "connect-cda.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| C0")]
    named = set(re.findall(r"C00\d\d", "".join(line.split("|")[1] for line in rows)))
    assert named == {one.code for one in document_types().values() if one.structured}


def test_files_that_are_neither():
    assert not DicomObjects().recognises((DOCS / "connect-dicom.md").read_bytes())
    assert not ClinicalDocuments().recognises((DOCS / "connect-cda.md").read_bytes())
