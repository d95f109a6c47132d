"""SNOMED CT as a snapshot in release format 2 (https://docs.snomed.org/snomed-ct-specifications).

A site needs a licence of its own; nothing of SNOMED CT is kept here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.standards.terminology.loading.errors import MissingColumn, UnclearVersion, UnreadableFile
from xinglin.standards.terminology.loading.model import Files, Release, header, records
from xinglin.standards.terminology.model import Concept, Designation, Property

URL = "http://snomed.info/sct"
IS_A = "116680003"
FULL_NAME = "900000000000003001"
PREFERRED = "900000000000548007"
DEFINED = "900000000000073002"
INTERNATIONAL = frozenset({"900000000000207008", "900000000000012004"})
"""The modules of the international edition: core and model component."""

USE: Json = {"system": URL, "code": FULL_NAME, "display": "Fully specified name"}


@dataclass(frozen=True, slots=True)
class _Name:
    language: str
    full: bool
    preferred: bool
    term: str


def read_snomed(path: Path, *, version: str = "", language: str = "en") -> Release:
    """Read a release, packed or unpacked; names in `language` are shown. Raises TerminologyError."""
    files = Files(path)
    rows = dict(_rows(files, "sct2_Concept_Snapshot*.txt", "id", "effectiveTime", "moduleId"))
    if not rows:
        raise UnreadableFile(file=path.name, detail=Phrase("it holds no codes"))
    names, parents = _names(files), _parents(files)
    concepts = [
        _concept(code, row, names.get(code, []), parents.get(code, ()), language)
        for code, row in rows.items()
    ]
    if not version:
        if not {row["moduleId"] for row in rows.values()} <= INTERNATIONAL:
            raise UnclearVersion(file=path.name)
        newest = max(row["effectiveTime"] for row in rows.values())
        version = f"{URL}/900000000000207008/version/{newest}"
    made = header(
        url=URL,
        version=version,
        name="SNOMED_CT",
        title="SNOMED CT",
        properties=[
            {"code": "inactive", "type": "boolean"},
            {"code": "sufficientlyDefined", "type": "boolean"},
            {"code": "moduleId", "type": "code"},
        ],
        hierarchyMeaning="is-a",
        language=language,
    )
    return Release({**made, "count": len(concepts)}, concepts)


def _rows(files: Files, pattern: str, *needed: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Give the rows of all files that fit, by their first column."""
    files.one(pattern)
    for name in files.find(pattern):
        with files.open(name) as handle:
            for _, row in records(handle, name, "\t", quotes=False):
                if not row.keys() >= set(needed):
                    raise MissingColumn(file=name, wanted=", ".join(needed), found=", ".join(row)[:500])
                yield row[needed[0]], row


def _names(files: Files) -> dict[str, list[_Name]]:
    preferred: set[str] = set()
    if files.find("der2_cRefset_Language*Snapshot*.txt"):
        needed = ("referencedComponentId", "acceptabilityId", "active")
        for id_, row in _rows(files, "der2_cRefset_Language*Snapshot*.txt", *needed):
            if row["active"] == "1" and row["acceptabilityId"] == PREFERRED:
                preferred.add(id_)
    found: dict[str, list[_Name]] = {}
    needed = ("id", "conceptId", "languageCode", "typeId", "term", "active")
    for id_, row in _rows(files, "sct2_Description_*Snapshot*.txt", *needed):
        if row["active"] == "1":
            one = _Name(row["languageCode"], row["typeId"] == FULL_NAME, id_ in preferred, row["term"])
            found.setdefault(row["conceptId"], []).append(one)
    return found


def _parents(files: Files) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    needed = ("sourceId", "destinationId", "typeId", "active")
    for source, row in _rows(files, "sct2_Relationship_Snapshot*.txt", *needed):
        if row["active"] == "1" and row["typeId"] == IS_A:
            found[source] = (*found.get(source, ()), row["destinationId"])
    return found


def _concept(
    code: str, row: Mapping[str, str], names: list[_Name], parents: tuple[str, ...], language: str
) -> Concept:
    # The preferred synonym in the language, then any, then the full name, then whatever there is.
    ranked = sorted(names, key=lambda one: (one.language != language, one.full, not one.preferred))
    properties = [
        Property("inactive", "valueBoolean", row.get("active") != "1"),
        Property("sufficientlyDefined", "valueBoolean", row.get("definitionStatusId") == DEFINED),
        Property("moduleId", "valueCode", row["moduleId"]),
    ]
    return Concept(
        code,
        ranked[0].term if ranked else "",
        designations=tuple(
            Designation(one.term, one.language, USE if one.full else None)
            for one in names
            if one is not ranked[0]
        ),
        properties=tuple(properties),
        parents=tuple(dict.fromkeys(parents)),
    )
