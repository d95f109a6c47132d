"""LOINC as Regenstrief offers it (https://loinc.org), with the Chinese names of its linguistic variant.

LOINC may be used free of charge under its licence, which each site accepts for itself; nothing of it is kept
here.
"""

from collections.abc import Mapping
from pathlib import Path

from xinglin.standards.terminology.lexemes import natural
from xinglin.standards.terminology.loading.errors import MissingColumn, UnclearVersion
from xinglin.standards.terminology.loading.model import Files, Release, header, properties, records
from xinglin.standards.terminology.model import Concept, Designation, Property

URL = "http://loinc.org"
PARTS = ("COMPONENT", "PROPERTY", "TIME_ASPCT", "SYSTEM", "SCALE_TYP", "METHOD_TYP")
KEPT = (*PARTS, "CLASS", "STATUS", "ORDER_OBS", "EXAMPLE_UCUM_UNITS")
"""Columns kept as properties (http://hl7.org/fhir/R4/loinc.html#props names most of them)."""

COPYRIGHT = "This material contains content from LOINC (http://loinc.org); see its licence."


def read_loinc(path: Path, *, version: str = "") -> Release:
    """Read a release, packed or unpacked, or a folder with Loinc.csv. Raises TerminologyError."""
    files = Files(path)
    chinese = _chinese(files)
    name = files.one("Loinc.csv")
    concepts: list[Concept] = []
    newest = ""
    with files.open(name) as handle:
        for _, row in records(handle, name):
            if not concepts and not {"LOINC_NUM", "LONG_COMMON_NAME"} <= row.keys():
                raise MissingColumn(
                    file=name, wanted="LOINC_NUM, LONG_COMMON_NAME", found=", ".join(row)[:500]
                )
            concepts.append(_concept(row, chinese))
            newest = max(newest, row.get("VersionLastChanged", ""), key=natural)
    # Every release changes some term, so the newest change tells which release it is.
    version = version or newest
    if not version:
        raise UnclearVersion(file=name)
    declared = [*properties(KEPT), {"code": "inactive", "type": "boolean"}]
    made = header(
        url=URL, version=version, name="LOINC", title="LOINC", properties=declared, copyright=COPYRIGHT
    )
    return Release({**made, "language": "en", "caseSensitive": False, "count": len(concepts)}, concepts)


def _concept(row: Mapping[str, str], chinese: Mapping[str, tuple[str, ...]]) -> Concept:
    code = row["LOINC_NUM"]
    found = [Property(one, "valueString", row[one]) for one in KEPT if row.get(one)]
    if row.get("STATUS") == "DEPRECATED":
        found.append(Property("inactive", "valueBoolean", True))
    names = [Designation(row[one], "en") for one in ("SHORTNAME", "DisplayName") if row.get(one)]
    names += [Designation(one, "zh-CN") for one in chinese.get(code, ())]
    return Concept(code, row["LONG_COMMON_NAME"], designations=tuple(names), properties=tuple(found))


def _chinese(files: Files) -> dict[str, tuple[str, ...]]:
    """Give Chinese names by code: the common one, else the six parts with colons, then the short one."""
    found: dict[str, tuple[str, ...]] = {}
    for name in files.find("zhCN*LinguisticVariant.csv"):
        with files.open(name) as handle:
            for _, row in records(handle, name):
                parts = ":".join(row.get(one, "") for one in PARTS).strip(":")
                common = row.get("LinguisticVariantDisplayName") or row.get("LONG_COMMON_NAME") or parts
                names = (one for one in (common, parts, row.get("SHORTNAME", "")) if one)
                found[row["LOINC_NUM"]] = tuple(dict.fromkeys(names))
    return found
