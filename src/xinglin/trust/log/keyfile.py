"""Signing keys in files: made at first use, readable by their owner alone, never overwritten."""

import contextlib
import os
import secrets
from pathlib import Path

from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason
from xinglin.trust.log.errors import NotANote, UnusableKey
from xinglin.trust.log.notes import Scheme, Signer, make_signer, read_signer


def keep_signer(file: Path, name: str, scheme: Scheme, *, timed: bool) -> Signer:
    """Read the key in `file`; where there is none make it, for one of several processes only.

    Raises UnusableKey.
    """
    try:
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_new(file, make_signer(name, scheme, timed=timed).write() + "\n")
        if file.stat().st_mode & 0o077:
            raise UnusableKey(file=file, detail=Phrase("others may read it; it must have mode 600"))
        return read_signer(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UnusableKey(file=file, detail=reason(error)) from None
    except (NotANote, UnicodeDecodeError):
        raise UnusableKey(file=file, detail=Phrase("it isn't a key")) from None


def write_new(file: Path, text: str) -> None:
    """Write a file for its owner alone, whole; where another has made it meanwhile, theirs stays."""
    made = _written(file, text)
    try:
        with contextlib.suppress(FileExistsError):
            file.hardlink_to(made)
    finally:
        made.unlink()
    _settle(file.parent)


def replace_file(file: Path, text: str) -> None:
    """Write a file for its owner alone in place of what there was: after a crash it is the old or the new."""
    _written(file, text).replace(file)
    _settle(file.parent)


def _written(file: Path, text: str) -> Path:
    made = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    with os.fdopen(
        os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
    ) as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    return made


def _settle(folder: Path) -> None:
    """Have the folder's entries on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
