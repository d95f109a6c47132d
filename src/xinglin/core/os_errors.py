"""What the operating system refuses, in words of ours: its own texts are English only."""

import errno
from collections.abc import Mapping
from typing import Final

from xinglin.core.i18n import Phrase

_REASONS: Final[Mapping[int, Phrase]] = {
    errno.ENOENT: Phrase("no such file or folder"),
    errno.EACCES: Phrase("permission denied"),
    errno.EPERM: Phrase("permission denied"),
    errno.EEXIST: Phrase("it exists already"),
    errno.EISDIR: Phrase("it is a folder"),
    errno.ENOTDIR: Phrase("a part of the path is no folder"),
    errno.EROFS: Phrase("the disk can only be read"),
    errno.ENOSPC: Phrase("no space is left on the disk"),
    errno.EADDRINUSE: Phrase("the address is in use"),
    errno.EADDRNOTAVAIL: Phrase("this machine has no such address"),
}


def reason(error: OSError) -> Phrase | str:
    """Say why the system refused; rare reasons stand in the system's own words."""
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)
