"""DICOM objects: what their headers say, and those that can't be taken."""

import io
import struct
import zlib
from pathlib import Path
from zoneinfo import ZoneInfo

import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from xinglin.core import exact_json
from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Item, Mode, Origin
from xinglin.standards.conversion.merge import merge
from xinglin.standards.dicom import DicomObjects
from xinglin.standards.validation import validator

DICOM = DicomObjects()
FILES = Path(pydicom.__file__).parent / "data"
CT = "1.2.840.10008.5.1.4.1.1.2"


def read(raw: bytes, charset: str | None = None) -> Item:
    sender = Origin("pacs", "T1", "测试医院", "h1", ZoneInfo("Asia/Shanghai"), charset)
    (item,) = [item for piece in DICOM.pieces(io.BytesIO(raw), sender) for item in DICOM.items(piece, sender)]
    assert (item.error is None) == bool(item.facts)
    check = validator()
    for fact in item.facts:
        found = check.validate(exact_json.loads(exact_json.dumps(fact.resource)), profiles=[])
        assert not [one.text() for one in found if one.severity == "error"], fact.resource
    return item


def study(item: Item) -> Json:
    return item.facts[-1].resource


def made(syntax: str = ExplicitVRLittleEndian, **elements: object) -> bytes:
    """Write an object with invented values."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = CT
    meta.MediaStorageSOPInstanceUID = "1.2.3.1"
    found = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    values: dict[str, object] = {
        "SOPClassUID": CT,
        "StudyInstanceUID": "1.2.3",
        "SeriesInstanceUID": "1.2.3.4",
        "SOPInstanceUID": "1.2.3.4.5",
        "Modality": "CT",
        "PatientID": "P1",
        "PatientName": "Ce^Shi",
        "StudyDate": "20250301",
        "StudyTime": "081500",
        "AccessionNumber": "A1",
        "InstanceNumber": 1,
        **elements,
    }
    for name, value in values.items():
        if value is not None:
            setattr(found, name, value)
    stream = io.BytesIO()
    found.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


def test_a_study():
    item = read(made(StudyDescription="Chest", BodyPartExamined="CHEST", Laterality="L", NumberOfFrames=3))
    found = study(item)
    assert found["identifier"][0] == {"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}
    assert found["identifier"][1]["value"] == "A1"
    assert found["basedOn"][0]["identifier"]["type"]["coding"][0]["code"] == "ACSN"
    assert found["started"] == "2025-03-01T08:15:00+08:00"
    assert found["modality"] == [{"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "CT"}]
    (series,) = found["series"]
    assert (series["uid"], series["bodySite"]["code"], series["laterality"]["code"]) == (
        "1.2.3.4",
        "CHEST",
        "419161000",
    )
    assert series["instance"] == [
        {
            "uid": "1.2.3.4.5",
            "sopClass": {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{CT}"},
            "number": 1,
        }
    ]
    assert item.facts[-1].mode is Mode.MERGE
    assert item.facts[0].mode is Mode.MENTION
    assert "Ce" not in exact_json.dumps(found).decode()


def test_objects_of_a_study_meet_in_whatever_order():
    objects = [
        made(SeriesInstanceUID=f"1.2.3.{n % 2}", SOPInstanceUID=f"1.2.3.9.{n}", InstanceNumber=n)
        for n in range(4)
    ]

    def joined(order: list[bytes]) -> dict[str, set[str]]:
        parts = [read(raw).facts[-1] for raw in order]
        whole = parts[0].resource
        for part in parts[1:]:
            whole = merge(whole, part.resource, part.lists, older=False)
        return {one["uid"]: {i["uid"] for i in one["instance"]} for one in whole["series"]}

    expected = {"1.2.3.0": {"1.2.3.9.0", "1.2.3.9.2"}, "1.2.3.1": {"1.2.3.9.1", "1.2.3.9.3"}}
    assert joined(objects) == joined(objects[::-1]) == expected


@pytest.mark.parametrize("charset", ["GB18030", "GBK", "ISO_IR 192", "ISO 2022 IR 6\\ISO 2022 IR 58", None])
def test_chinese_names(charset: str | None):
    raw = made(SpecificCharacterSet=charset or "GB18030", PatientName="Ce^Shi=测^试=")
    if charset is None:
        raw = raw.replace(b"GB18030 ", b"        ")
    assert read(raw).facts[0].resource["name"] == [{"text": "测 试"}]


def test_a_name_with_escapes():
    escaped = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab="
    raw = made(SpecificCharacterSet="\\ISO 2022 IR 58", PatientName="x" * len(escaped))
    item = read(raw.replace(b"x" * len(escaped), escaped))
    assert item.facts[0].resource["name"] == [{"text": "张 小东"}]


def test_a_name_that_does_not_fit_its_character_set_is_left_out():
    raw = made(SpecificCharacterSet="ISO_IR 192", PatientName="测^试")
    item = read(raw.replace("测".encode(), b"\xff\xff\xff"))
    assert item.unknown == ["text of (0010,0010)"]
    assert "name" not in item.facts[0].resource


@pytest.mark.parametrize("name", ["chrH31", "chrH32", "chrX1", "chrX2", "chrGerm", "chrRuss", "chrI2"])
def test_names_in_other_character_sets(name: str):
    raw = (FILES / "charset_files" / f"{name}.dcm").read_bytes()
    text = read(raw).facts[0].resource["name"][0]["text"]
    assert "\x1b" not in text
    assert not text.isascii()


def test_pixels_are_not_kept():
    raw = (FILES / "test_files" / "MR_small.dcm").read_bytes()
    item = read(raw)
    assert item.raw == raw[: len(item.raw)]
    assert len(item.raw) < 2000 < len(raw)


def test_private_elements_are_counted():
    assert read((FILES / "test_files" / "CT_small.dcm").read_bytes()).unknown == ["private elements: 179"]


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("StudyInstanceUID", None),
        ("SeriesInstanceUID", ""),
        ("SOPInstanceUID", None),
        ("StudyInstanceUID", "abc"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_objects_without_a_place(element: str, value: str | None):
    error = read(made(**{element: value})).error
    assert error is not None
    assert error.code == "XL7353"


def test_a_directory_is_refused():
    error = read((FILES / "test_files" / "dicomdirtests" / "DICOMDIR").read_bytes()).error
    assert error is not None
    assert error.code == "XL7352"


def test_an_unknown_patient_and_a_date_without_time():
    found = study(read(made(PatientID=None, StudyTime=None)))
    assert found["subject"]["extension"][0]["valueCode"] == "unknown"
    assert found["started"] == "2025-03-01"


def test_zones():
    assert study(read(made(TimezoneOffsetFromUTC="-0330")))["started"] == "2025-03-01T08:15:00-03:30"


def test_packed_objects():
    assert study(read(made(DeflatedExplicitVRLittleEndian)))["series"][0]["uid"] == "1.2.3.4"


def test_a_packed_bomb():
    plain = made(DeflatedExplicitVRLittleEndian)
    end = 144 + struct.unpack("<L", plain[140:144])[0]
    element = struct.pack("<HH2sHL", 0x0009, 0x1001, b"OB", 0, 0x7FFFFFF0)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(element + b"\0" * 200_000_000) + packer.flush()
    error = read(plain[:end] + packed).error
    assert error is not None
    assert error.code == "XL7351"


def test_a_header_without_end():
    element = struct.pack("<HH2sHL", 0x0009, 0x1001, b"OB", 0, 0x7FFFFFF0)
    raw = made()
    end = 144 + struct.unpack("<L", raw[140:144])[0]
    error = read(raw[:end] + element + b"\0" * 9_000_000).error
    assert error is not None
    assert error.code == "XL7351"


def test_deep_sequences():
    start = struct.pack("<HH2sHL", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF) + struct.pack(
        "<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF
    )
    raw = made()
    end = 144 + struct.unpack("<L", raw[140:144])[0]
    error = read(raw[:end] + start * 20_000).error
    assert error is not None
    assert error.code == "XL7350"


def test_every_bundled_object_is_read_or_refused():
    count = 0
    for path in sorted(FILES.rglob("*")):
        raw = path.read_bytes() if path.is_file() else b""
        if DICOM.recognises(raw[:65536]) and "TINY" not in str(path):
            read(raw)
            count += 1
    assert count > 100


@pytest.mark.parametrize("name", ["CT_small", "MR_small_bigendian", "test-SR", "image_dfl"])
def test_objects_cut_off_anywhere(name: str):
    raw = (FILES / "test_files" / f"{name}.dcm").read_bytes()[:7000]
    for end in range(132, len(raw), 61):
        item = read(raw[:end])
        assert item.error is not None or item.facts


@settings(max_examples=150, deadline=None)
@given(st.integers(132, 900), st.binary(min_size=1, max_size=6))
def test_any_bytes_anywhere(place: int, put: bytes):
    raw = made()
    read(raw[:place] + put + raw[place + len(put) :])
