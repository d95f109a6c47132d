"""FHIR packages: read from a .tgz that anybody may have made, kept whole or not at all."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from xinglin.standards.definitions import Definitions, package_add, package_files, package_list, packages, r4
from xinglin.standards.definitions.pack import Pack, PackUnreadable, write_pack
from xinglin.standards.definitions.packages import PackageUnreadable

MANIFEST = {"name": "example.guide", "version": "1.0.0", "fhirVersions": ["4.0.1"], "license": "CC0-1.0"}
CODES = {
    "resourceType": "CodeSystem",
    "url": "http://example.org/codes",
    "version": "1",
    "status": "active",
    "content": "complete",
    "concept": [{"code": "a"}],
}


def make(path: Path, members: dict[str, Any], kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            member = tarfile.TarInfo(name)
            member.size, member.type = len(data), kind
            archive.addfile(member, io.BytesIO(data))
    return path


def test_a_package_is_added_listed_and_used(tmp_path: Path):
    source = make(tmp_path / "p.tgz", {"package/package.json": MANIFEST, "package/codes.json": CODES})
    folder = tmp_path / "packages"
    info = package_add(source, folder)
    assert (info.name, info.version, info.definitions) == ("example.guide", "1.0.0", 1)
    assert package_list(folder) == [info]
    extended = r4().with_packages(package_files(folder))
    assert extended.code_system("http://example.org/codes|1")
    assert extended.structure("Patient")
    assert extended.types["Patient"] == r4().types["Patient"]
    assert len(extended.search_parameters) == len(r4().search_parameters)
    assert r4().code_system("http://example.org/codes") is None


@pytest.mark.parametrize(
    ("members", "word"),
    [
        ({"package/codes.json": CODES}, "package.json"),
        ({"package/package.json": {**MANIFEST, "name": "../evil"}}, "name"),
        ({"package/package.json": {**MANIFEST, "version": ""}}, "name"),
        ({"package/package.json": {**MANIFEST, "fhirVersions": ["3.0.1"]}}, "3.0.1"),
        ({"package/package.json": b"{"}, "JSON"),
        (
            {
                "package/package.json": MANIFEST,
                "package/x.json": {"resourceType": "StructureDefinition", "url": "u:x"},
            },
            "malformed",
        ),
    ],
)
def test_what_is_no_package_is_refused_and_nothing_kept(tmp_path: Path, members: dict[str, Any], word: str):
    with pytest.raises(PackageUnreadable, match=word):
        package_add(make(tmp_path / "p.tgz", members), tmp_path / "packages")
    assert package_list(tmp_path / "packages") == []


def test_members_outside_the_package_folder_and_links_are_ignored(tmp_path: Path):
    source = make(
        tmp_path / "p.tgz",
        {"package/package.json": MANIFEST, "package/../../codes.json": CODES, "/package/codes.json": CODES},
    )
    assert package_add(source, tmp_path / "packages").definitions == 0
    with pytest.raises(PackageUnreadable):
        package_add(make(tmp_path / "l.tgz", {"package/package.json": b""}, tarfile.SYMTYPE), tmp_path)


def test_a_cut_short_package_is_refused(tmp_path: Path):
    whole = make(
        tmp_path / "p.tgz", {"package/package.json": MANIFEST, "package/codes.json": CODES}
    ).read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 12):
        (tmp_path / "cut.tgz").write_bytes(whole[:cut])
        with pytest.raises(PackageUnreadable):
            package_add(tmp_path / "cut.tgz", tmp_path / "packages")


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(packages, "MAX_FILE_BYTES", 1000)
    source = make(tmp_path / "p.tgz", {"package/package.json": MANIFEST, "package/big.json": b" " * 2000})
    with pytest.raises(PackageUnreadable, match="more than"):
        package_add(source, tmp_path / "packages")


def test_a_pack_is_whole_or_refused(tmp_path: Path):
    path = tmp_path / "x.pack"
    write_pack(path, [("CodeSystem", "http://example.org/codes", CODES)])
    assert Definitions([Pack(path)]).code_system("http://example.org/codes") == CODES
    whole = path.read_bytes()
    for bad in (b"", b"nonsense" * 10, whole[:30]):
        path.write_bytes(bad)
        with pytest.raises(PackUnreadable):
            Pack(path)
