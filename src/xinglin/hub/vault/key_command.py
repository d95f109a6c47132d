"""Master keys in the site's key management system, by a program of the site's.

It is run with one argument, `current`, `renew`, `wrap` or `unwrap`, gets a JSON object on standard input and
answers with one; bytes are base64:

    current, renew  {}                                                → {"master": "id"}
    wrap            {"secret": "…", "belongs": "…"}                    → {"master": "id", "wrapped": "…"}
    unwrap          {"master": "id", "wrapped": "…", "belongs": "…"}   → {"secret": "…"}, or {}

`belongs` must be authenticated with the wrapped key; {} says that what was wrapped doesn't open. Any other
exit code than 0 says that it can't be done.
"""

import base64
import binascii
import shlex
import subprocess
from typing import Any, Final

import msgspec

from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason
from xinglin.hub.vault.masters import UnusableKeys

SECONDS: Final = 30
"""How long the program may take."""


class _Answer(msgspec.Struct):
    master: str | None = None
    wrapped: str | None = None
    secret: str | None = None


class KeyCommand:
    """Asks a program."""

    def __init__(self, command: str) -> None:
        self._words = shlex.split(command)
        self._place = self._words[0] if self._words else command

    def current(self) -> str:
        """Give the id of the key that wraps."""
        return self._text(self._ask("current", {}).master)

    def renew(self) -> str:
        """Have a new master key made."""
        return self._text(self._ask("renew", {}).master)

    def wrap(self, secret: bytes, belongs: bytes) -> tuple[str, bytes]:
        """Have a data key wrapped."""
        answer = self._ask("wrap", {"secret": _base64(secret), "belongs": _base64(belongs)})
        return self._text(answer.master), self._bytes(answer.wrapped)

    def unwrap(self, master: str, wrapped: bytes, belongs: bytes) -> bytes | None:
        """Have a data key unwrapped; None where it doesn't open."""
        asked = {"master": master, "wrapped": _base64(wrapped), "belongs": _base64(belongs)}
        answer = self._ask("unwrap", asked)
        return None if answer.secret is None else self._bytes(answer.secret)

    def _ask(self, what: str, asked: dict[str, Any]) -> _Answer:
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own program, without a shell
                [*self._words, what],
                input=msgspec.json.encode(asked),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=SECONDS,
                check=True,
            )
            return msgspec.json.decode(done.stdout, type=_Answer)
        except subprocess.CalledProcessError as error:
            detail = Phrase("it ended with code {code}", code=error.returncode)
        except subprocess.TimeoutExpired:
            detail = Phrase("it didn't answer within {seconds} seconds", seconds=SECONDS)
        except msgspec.MsgspecError:
            detail = _NO_ANSWER
        except OSError as error:
            detail = reason(error)
        raise UnusableKeys(place=self._place, detail=detail) from None

    def _text(self, found: str | None) -> str:
        if not found:
            raise UnusableKeys(place=self._place, detail=_NO_ANSWER)
        return found

    def _bytes(self, found: str | None) -> bytes:
        try:
            return base64.b64decode(self._text(found), validate=True)
        except binascii.Error:
            raise UnusableKeys(place=self._place, detail=_NO_ANSWER) from None


_NO_ANSWER: Final = Phrase("what it answered can't be read")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
