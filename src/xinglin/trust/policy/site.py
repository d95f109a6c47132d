"""A site's own policies and tables: the files of one folder."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason
from xinglin.trust.policy.errors import FaultyPolicy

MOST_BYTES: Final = 1_000_000
MOST_FILES: Final = 100
ENDINGS: Final = (".cedar", ".csv")

Mark = tuple[tuple[str, int, int], ...]
"""What a folder looks like from outside: name, time of change in ns and size of each file."""


def mark_of(*folders: Path) -> Mark:
    """Look at folders without reading their files: a few microseconds a file."""
    made: list[tuple[str, int, int]] = []
    for path in (one for folder in folders for one in _files(folder)):
        try:
            seen = path.stat()
        except OSError:
            continue
        made.append((path.name, seen.st_mtime_ns, seen.st_size))
    return tuple(made)


def read_site(folder: Path) -> Mapping[str, str]:
    """Give the texts of a folder's files by name. Raises FaultyPolicy."""
    paths = _files(folder)
    if len(paths) > MOST_FILES:
        raise FaultyPolicy(file=folder, detail=Phrase("there are more than {most} files", most=MOST_FILES))
    return {path.name: _text(path) for path in paths}


def fingerprint(texts: Mapping[str, str]) -> str:
    """Give what tells one set of policies from another, for the log."""
    summed = sha256()
    for name, text in sorted(texts.items()):
        summed.update(f"{name}\0{text}\0".encode())
    return summed.hexdigest()[:16]


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in ENDINGS)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise FaultyPolicy(file=folder, detail=reason(error)) from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as handle:
            raw = handle.read(MOST_BYTES + 1)
    except OSError as error:
        raise FaultyPolicy(file=path.name, detail=reason(error)) from None
    if len(raw) > MOST_BYTES:
        detail = Phrase("the file is larger than {most} bytes", most=MOST_BYTES)
        raise FaultyPolicy(file=path.name, detail=detail)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise FaultyPolicy(file=path.name, detail=Phrase("the file isn't UTF-8")) from None
