"""Master keys: they wrap data keys and never touch data.

A backend is a file, or a program of the site's that speaks with its key management system (KMS).
"""

from typing import Protocol

from xinglin.core.errors import TrustError
from xinglin.core.i18n import Phrase
from xinglin.core.settings import Settings


class NoMasterKey(TrustError):
    """The master key that the database's keys are wrapped with isn't at hand."""

    code = "XL9600"
    message = "The database is encrypted under the master key {master}, which isn't in {place}."
    remedy = "Put the key file back that belongs to this database (setting keys_file); nothing was changed."
    status = 503
    exit_code = 10


class WrongMasterKey(TrustError):
    """A master key doesn't open what was wrapped with it."""

    code = "XL9601"
    message = "The master key {master} doesn't open the database's key {number}: one of them was changed."
    remedy = "Restore the key file from its copy, or the database from a backup; nothing was changed."
    status = 503
    exit_code = 10


class UnusableKeys(TrustError):
    """Where the master keys are kept can't be used."""

    code = "XL9602"
    message = "The master keys in {place} can't be used: {detail}."
    remedy = "Restore the key file from its copy, or correct keys_file or keys_command; nothing was changed."
    status = 503
    exit_code = 10

    def __init__(self, *, place: object, detail: Phrase | str) -> None:
        super().__init__(place=place, detail=detail)


class MasterKeys(Protocol):
    """Wraps and unwraps data keys."""

    def current(self) -> str:
        """Give the id of the key that wraps; makes the first one where there is none. Raises UnusableKeys."""
        ...

    def renew(self) -> str:
        """Make a new master key, from now on the one that wraps; give its id. Raises UnusableKeys."""
        ...

    def wrap(self, secret: bytes, belongs: bytes) -> tuple[str, bytes]:
        """Wrap a data key with the current master key; give its id and the wrapped key."""
        ...

    def unwrap(self, master: str, wrapped: bytes, belongs: bytes) -> bytes | None:
        """Unwrap a data key; None where it doesn't open. Raises NoMasterKey or UnusableKeys."""
        ...


def masters(settings: Settings) -> MasterKeys:
    """Give the master keys that the settings name."""
    from xinglin.hub.vault.key_command import KeyCommand
    from xinglin.hub.vault.key_file import KeyFile

    if settings.keys_command:
        return KeyCommand(settings.keys_command)
    return KeyFile(settings.key_file)
