"""The formats that deliveries come in, told by content."""

from collections.abc import Iterable, Mapping
from functools import cache, lru_cache, partial
from pathlib import Path

from xinglin.core.errors import IntakeError
from xinglin.hub.intake.fhir import FhirJson
from xinglin.standards.cda import ClinicalDocuments
from xinglin.standards.conversion import Format
from xinglin.standards.datasets import DataMapping, known
from xinglin.standards.datasets.csv_format import TableCsv
from xinglin.standards.datasets.xlsx_format import TableXlsx
from xinglin.standards.dicom import DicomObjects
from xinglin.standards.hl7v2 import Hl7v2


class UnknownFormat(IntakeError):
    """A file in none of the formats."""

    code = "XL7003"
    message = "The file {name} is in none of the formats that are taken here: {known}."
    remedy = "Look at the guides 'Connect your system' in the documentation, and send one of these formats."
    issue = "not-supported"


class FormatNotAllowed(IntakeError):
    """A format that the source doesn't send, as it was registered."""

    code = "XL7004"
    message = "The file {name} is {found}; the source was registered for {allowed}."
    remedy = "Send what was agreed, or change the source with `xinglin source set --format`."
    issue = "not-supported"


class EmptyFile(IntakeError):
    """A file with nothing in it."""

    code = "XL7005"
    message = "The file {name} is empty."
    remedy = "Export it again; nothing was delivered."
    issue = "structure"


class NulBytes(IntakeError):
    """A text with NUL bytes, which no text has: a broken export, or UTF-16 that isn't said to be."""

    code = "XL7006"
    message = "The file {name} would be text ({found}), but has a NUL byte in line {line}."
    remedy = "Export it again as UTF-8, or as UTF-16 with a byte order mark."
    issue = "structure"


_CONTROLS = bytes({*range(32)} - {*b"\t\n\v\r\x1c"})
"""Bytes that no text of the formats here has (HL7's frames end with VT, FS)."""

NAMES = ("fhir", "hl7v2", "cda", "dicom", "table-xlsx", "table-csv")
"""The formats by name, the surest to recognise first: almost any text may be a table."""


@cache
def formats(mappings: Path) -> dict[str, Format]:
    """Give every format by name; `mappings` is the folder of the site's own table mappings."""
    tables = partial(_mappings, mappings)
    made: tuple[Format, ...] = (
        FhirJson(),
        Hl7v2(),
        ClinicalDocuments(),
        DicomObjects(),
        TableXlsx(tables),
        TableCsv(tables),
    )
    return {one.name: one for one in made}


def _mappings(folder: Path) -> Mapping[str, DataMapping]:
    """Give the table mappings as they are now; files are read again when one has changed."""
    return _read_mappings(
        folder, tuple(sorted((file, file.stat().st_mtime_ns) for file in folder.glob("*.yaml")))
    )


@lru_cache(maxsize=4)
def _read_mappings(folder: Path, state: tuple[tuple[Path, int], ...]) -> Mapping[str, DataMapping]:
    del state
    return known(folder)


def recognise(known: Mapping[str, Format], start: bytes, name: str, allowed: Iterable[str]) -> Format:
    """Give the format of a file by its first bytes.

    Raises EmptyFile, NulBytes, UnknownFormat or FormatNotAllowed.
    """
    allowed = tuple(allowed)
    for one in known.values():
        if one.recognises(start):
            if allowed and one.name not in allowed:
                raise FormatNotAllowed(name=name, found=one.name, allowed=", ".join(allowed))
            return one
    if not start.strip(b"\xef\xbb\xbf \t\r\n"):
        raise EmptyFile(name=name)
    if (text := start.replace(b"\0", b"")) != start and text == text.translate(None, _CONTROLS):
        found = next((one.name for one in known.values() if one.recognises(text)), None)
        if found:
            raise NulBytes(name=name, found=found, line=start.count(b"\n", 0, start.index(b"\0")) + 1)
    raise UnknownFormat(name=name, known=", ".join(known))
