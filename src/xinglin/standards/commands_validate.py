"""What `xinglin validate` does: check files of records and say what was found."""

import gzip
import zlib
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from xinglin.core import exact_json
from xinglin.core.errors import RequestError, ValidationError
from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason
from xinglin.standards.definitions import Definitions
from xinglin.standards.validation import Finding, Severity, validator
from xinglin.standards.validation.context import is_object

_LINES = (".ndjson", ".jsonl")
_SUFFIXES = (".json", *_LINES)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class UnreadableFile(ValidationError):
    """A file of records can't be read."""

    code = "XL5003"
    message = "The file {file} can't be read: {detail}."
    remedy = "Check the path, the permissions and, for a .gz file, that it is whole."


@dataclass(frozen=True, slots=True)
class Checked:
    """One record and what was found in it. `line` counts from 1; a file of one record has line 1."""

    file: str
    line: int
    resource_type: str | None
    id: str | None
    findings: Sequence[Finding]

    def count(self, severity: Severity) -> int:
        """Count the findings of one severity."""
        return sum(one.severity == severity for one in self.findings)

    @property
    def errors(self) -> int:
        """How many errors the record has."""
        return self.count("error")

    def as_json(self, language: str = "en") -> dict[str, Any]:
        """Give the line of `--format ndjson`."""
        return {
            "file": self.file,
            "line": self.line,
            "resourceType": self.resource_type,
            "id": self.id,
            "errors": self.errors,
            "warnings": self.count("warning"),
            "issues": [
                {
                    "severity": one.severity,
                    "location": one.location,
                    "rule": one.rule,
                    "text": one.text(language),
                }
                for one in self.findings
            ],
        }


class Summary:
    """Counts over many records, and one example of each rule."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.records = 0
        self.refused = 0
        self.counts: Counter[tuple[Severity, str]] = Counter()
        self.examples: dict[tuple[Severity, str], tuple[Checked, Finding]] = {}

    def add(self, checked: Checked) -> None:
        """Count one record."""
        self.records += 1
        self.refused += checked.errors > 0
        for one in checked.findings:
            key = (one.severity, one.rule)
            self.counts[key] += 1
            self.examples.setdefault(key, (checked, one))

    def rows(self) -> list[tuple[Severity, str, int, Checked, Finding]]:
        """Give severity, rule, count and an example for each rule; errors first, frequent ones first."""
        order: dict[Severity, int] = {"error": 0, "warning": 1, "information": 2}
        ranked = sorted(self.counts.items(), key=lambda one: (order[one[0][0]], -one[1], one[0][1]))
        return [(key[0], key[1], count, *self.examples[key]) for key, count in ranked]


def check_files(
    paths: Iterable[Path], *, profiles: Sequence[str] = (), definitions: Definitions | None = None
) -> Iterator[Checked]:
    """Check every record in `paths`: JSON and NDJSON files, also .gz, and folders of them.

    Text that isn't JSON is a finding of its record; a file that can't be read raises UnreadableFile.
    """
    check = validator(definitions)
    for path in find_files(paths):
        with _reading(path), _open(path) as handle:
            lines = enumerate(handle, 1) if _is_lines(path) else [(1, handle.read())]
            for line, text in lines:
                if text.strip() or not _is_lines(path):
                    yield _check(str(path), line, text, check.validate, profiles)


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Give the files named, and those of records below the folders named, in order of name."""
    for path in paths:
        if path.is_dir():
            files = (one for one in path.rglob("*") if one.is_file() and _plain_name(one).endswith(_SUFFIXES))
            yield from sorted(files)
        else:
            yield path


def _check(file: str, line: int, text: bytes, check: Any, profiles: Sequence[str]) -> Checked:
    try:
        record = exact_json.loads(text.removeprefix(_BYTE_ORDER_MARK))
    except RequestError as error:
        return Checked(file, line, None, None, [Finding("error", "", "json", error.message, error.params)])
    named, identity = (record.get("resourceType"), record.get("id")) if is_object(record) else (None, None)
    return Checked(
        file,
        line,
        named if isinstance(named, str) else None,
        identity if isinstance(identity, str) else None,
        check(record, profiles=profiles),
    )


def _plain_name(path: Path) -> str:
    return path.name.lower().removesuffix(".gz")


def _is_lines(path: Path) -> bool:
    return _plain_name(path).endswith(_LINES)


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")  # pyright: ignore[reportReturnType]


@contextmanager
def _reading(path: Path) -> Generator[None]:
    try:
        yield
    except (OSError, EOFError, zlib.error) as error:
        detail = (
            reason(error)
            if isinstance(error, OSError) and error.errno
            else Phrase("it is cut short, or not packed with gzip")
        )
        raise UnreadableFile(file=str(path), detail=detail) from None
