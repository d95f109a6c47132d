"""A code system as a table: national editions of ICD-10 and ICD-9-CM-3, insurance codes, any other."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xinglin.core.i18n import Phrase
from xinglin.standards.terminology.lexemes import prefix_parents
from xinglin.standards.terminology.loading.errors import BadLine, MissingColumn, UnreadableFile
from xinglin.standards.terminology.loading.model import LARGEST, Release, header, properties, records
from xinglin.standards.terminology.model import Concept, Designation, Property

CODE_NAMES = (
    "code",
    "编码",
    "代码",
    "诊断编码",
    "疾病编码",
    "诊断代码",
    "疾病代码",
    "主要编码",
    "手术编码",
    "手术代码",
)
NAME_NAMES = ("display", "name", "名称", "诊断名称", "疾病名称", "手术名称", "中文名称")
"""Columns that are taken for code and name where none is said."""

_CODE = re.compile(r"[^\s]+( [^\s]+)*")
"""What FHIR allows as a code (http://hl7.org/fhir/R4/datatypes.html#code)."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns hold what. `names` maps a language to the column of names in it.

    `prefix`: a code's parent is the longest other code that it begins with, as in ICD.
    """

    code: str = ""
    name: str = ""
    parent: str = ""
    names: tuple[tuple[str, str], ...] = ()
    prefix: bool = False


def read_table(
    path: Path, columns: Columns, *, url: str, version: str, name: str, title: str = "", language: str = ""
) -> Release:
    """Read a CSV or TSV file; columns without a part of their own become properties.

    Raises TerminologyError, with the line where one can't be taken.
    """
    text = _text(path)
    delimiter = "\t" if "\t" in text.partition("\n")[0] else ","
    lines = records(io.StringIO(text, newline=""), path.name, delimiter)
    first = next(lines, None)
    if first is None:
        raise UnreadableFile(file=path.name, detail=Phrase("it holds no codes"))
    columns = _found(columns, list(first[1]), path.name)
    used = {columns.code, columns.name, columns.parent, *(column for _, column in columns.names)}
    others = [one for one in first[1] if one and one not in used]
    concepts: dict[str, Concept] = {}
    places: dict[str, int] = {}
    for line, row in (first, *lines):
        concept = _concept(row, columns, others, line, path.name)
        if concept.code in concepts:
            detail = Phrase(
                'the code "{value}" stands in line {first} already',
                value=concept.code,
                first=places[concept.code],
            )
            raise BadLine(line=line, file=path.name, detail=detail)
        concepts[concept.code], places[concept.code] = concept, line
    for code, one in concepts.items():
        if one.parents and one.parents[0] not in concepts:
            detail = Phrase('the code above, "{value}", isn\'t in the file', value=one.parents[0])
            raise BadLine(line=places[code], file=path.name, detail=detail)
    if columns.prefix:
        for code, parent in prefix_parents(concepts).items():
            concepts[code] = replace(concepts[code], parents=(parent,))
    more: dict[str, object] = {"language": language} if language else {}
    if columns.prefix or columns.parent:
        more["hierarchyMeaning"] = "is-a"
    made = header(
        url=url, version=version, name=name, title=title or name, properties=properties(others), **more
    )
    return Release({**made, "count": len(concepts)}, list(concepts.values()))


def _text(path: Path) -> str:
    if path.stat().st_size > LARGEST:
        raise UnreadableFile(file=path.name, detail=Phrase("it is larger than {limit} bytes", limit=LARGEST))
    raw = path.read_bytes()
    for charset in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(charset)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnreadableFile(file=path.name, detail=Phrase("it is neither UTF-8 nor GB 18030"))


def _found(columns: Columns, known: Sequence[str], file: str) -> Columns:
    code = columns.code or next((one for one in known if one.lower() in CODE_NAMES), "")
    name = columns.name or next((one for one in known if one.lower() in NAME_NAMES), "")
    for wanted, usual in (
        (code, "code"),
        (name, "name"),
        *((one, "") for one in (columns.parent, *(column for _, column in columns.names)) if one),
    ):
        if wanted not in known:
            raise MissingColumn(file=file, wanted=wanted or usual, found=", ".join(known)[:500])
    return replace(columns, code=code, name=name)


def _concept(row: dict[str, str], columns: Columns, others: Sequence[str], line: int, file: str) -> Concept:
    code, display = row[columns.code].strip(), row[columns.name].strip()
    if not code or not display:
        raise BadLine(
            line=line, file=file, detail=Phrase("it has no code") if not code else Phrase("it has no name")
        )
    if not _CODE.fullmatch(code):
        raise BadLine(line=line, file=file, detail=Phrase('"{value}" can\'t be a code', value=code))
    parent = row[columns.parent].strip() if columns.parent else ""
    names = ((language, row[column].strip()) for language, column in columns.names)
    return Concept(
        code=code,
        display=display,
        designations=tuple(Designation(value, language) for language, value in names if value),
        properties=tuple(
            Property(one, "valueString", row[one].strip()) for one in others if row[one].strip()
        ),
        parents=(parent,) if parent else (),
    )
