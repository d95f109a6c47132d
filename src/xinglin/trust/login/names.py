"""How login names and passwords are written, so that the same keys give the same name on every keyboard.

Names follow the UsernameCaseMapped profile of RFC 8265 in its spirit, with NFKC: what an input method
types in full width is the same as in half width. Passwords are brought into NFKC too, as NIST SP 800-63B-3
(5.1.1.2) allows, where RFC 8265's OpaqueString keeps widths apart: who typed a password in full width once
must get in on a keyboard without that mode.
"""

import re
import unicodedata
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.trust.login.errors import WrongAccount

LONGEST_LOGIN: Final = 64
LONGEST_PASSWORD: Final = 128
"""Characters as they are typed. Longer ones are refused before any work is done on them."""

_LOGIN: Final = re.compile(r"[^\W_][\w.@-]*")


def read_login(given: str) -> str:
    """Give a login name in the form it is kept, or an empty text where nobody can have such a name."""
    if len(given) > LONGEST_LOGIN:
        return ""
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", given.strip()).casefold())
    return name if len(name) <= LONGEST_LOGIN and _LOGIN.fullmatch(name) else ""


def checked_login(given: str) -> str:
    """Give a new login name in the form it is kept. Raises WrongAccount."""
    name = read_login(given)
    if not name:
        detail = Phrase("up to {most} letters, digits, dots, hyphens and @, a letter or digit first", most=64)
        raise WrongAccount(name=Phrase("login name"), detail=detail)
    return name


def read_password(given: str) -> str:
    """Give a password in the form it is hashed, or an empty text where it is too long or no text."""
    if len(given) > LONGEST_PASSWORD or any("\ud800" <= letter <= "\udfff" for letter in given):
        return ""
    return unicodedata.normalize("NFKC", given)
