"""What a reader gives, and the files it reads from."""

import csv
import io
import zipfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TextIO

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.standards.terminology.loading.errors import BadLine, MissingFile, UnreadableFile
from xinglin.standards.terminology.model import Concept

LARGEST = 4 << 30
"""Bytes of one file, unpacked; SNOMED CT's largest is a tenth of that."""

LONGEST_FIELD = 1 << 20


@dataclass(frozen=True, slots=True)
class Release:
    """A code system as a CodeSystem record without concepts, and its concepts."""

    header: Json
    concepts: Sequence[Concept]


def header(
    *, url: str, version: str, name: str, title: str, properties: Sequence[Json] = (), **more: object
) -> Json:
    """Make a CodeSystem record for concepts that are kept beside it."""
    made: Json = {"resourceType": "CodeSystem", "url": url, "version": version, "name": name, "title": title}
    made |= {"status": "active", "caseSensitive": True, "content": "not-present", **more}
    return {**made, "property": list(properties)} if properties else made


def properties(names: Sequence[str], kind: str = "string") -> list[Json]:
    """Declare properties."""
    return [{"code": name, "type": kind} for name in names]


class Files:
    """A folder, or a ZIP archive read in place."""

    def __init__(self, path: Path) -> None:
        """Look into `path`. Raises UnreadableFile."""
        self._path = path
        self._archive: zipfile.ZipFile | None = None
        if path.is_dir():
            self._names = [str(one.relative_to(path)) for one in sorted(path.rglob("*")) if one.is_file()]
            return
        try:
            self._archive = zipfile.ZipFile(path)
            self._names = self._archive.namelist()
        except (OSError, zipfile.BadZipFile):
            raise UnreadableFile(
                file=path.name, detail=Phrase("it is no folder and no ZIP archive")
            ) from None

    def find(self, pattern: str) -> list[str]:
        """Give the files whose last part of the name fits `pattern`."""
        return [one for one in self._names if fnmatch(one.rpartition("/")[2], pattern)]

    def one(self, pattern: str) -> str:
        """Give the file that fits `pattern`. Raises MissingFile."""
        found = self.find(pattern)
        if not found:
            raise MissingFile(file=self._path.name, wanted=pattern)
        return found[0]

    @contextmanager
    def open(self, name: str) -> Generator[TextIO]:
        """Open a file as UTF-8 text. Raises UnreadableFile."""
        try:
            if self._archive is None:
                with (self._path / name).open(encoding="utf-8-sig", newline="") as handle:
                    yield handle
                return
            if self._archive.getinfo(name).file_size > LARGEST:
                raise UnreadableFile(
                    file=name, detail=Phrase("it is larger than {limit} bytes", limit=LARGEST)
                )
            with self._archive.open(name) as raw, io.TextIOWrapper(raw, "utf-8-sig", newline="") as handle:
                yield handle
        except UnicodeDecodeError:
            raise UnreadableFile(file=name, detail=Phrase("it isn't UTF-8")) from None
        except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError):
            raise UnreadableFile(
                file=name, detail=Phrase("the archive is damaged or has a password")
            ) from None


def records(
    handle: TextIO, file: str, delimiter: str = ",", *, quotes: bool = True
) -> Iterator[tuple[int, dict[str, str]]]:
    """Give each line of a table as a dict, with its number. Raises BadLine."""
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(
        handle, delimiter=delimiter, strict=True, quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    )
    head: list[str] | None = None
    try:
        for row in reader:
            if head is None:
                head = [one.strip() for one in row]
            elif row:
                if len(row) != len(head):
                    detail = Phrase("it has {found} columns, not {wanted}", found=len(row), wanted=len(head))
                    raise BadLine(line=reader.line_num, file=file, detail=detail)
                yield reader.line_num, dict(zip(head, row, strict=True))
    except csv.Error as error:
        raise BadLine(line=reader.line_num, file=file, detail=str(error)) from None
