"""What a new password must be: the policy of MLPS level 3, by settings (see `tables/policy.csv`)."""

import re
from functools import cache
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.core.settings import Settings
from xinglin.core.tables import rows_of
from xinglin.trust.login.errors import WeakPassword
from xinglin.trust.login.names import LONGEST_PASSWORD, read_password

SHORTEST_NAME: Final = 3
"""Shorter names may stand in a password by chance."""

CLASSES: Final = (str.isupper, str.islower, str.isdigit)
"""Everything else, marks and Chinese letters among it, is the fourth class."""

_TAIL: Final = re.compile(r"[\W\d_]+$")


def checked_password(settings: Settings, given: str, *, login: str, name: str) -> str:
    """Give a new password in the form it is hashed. Raises WeakPassword."""
    if len(given) > LONGEST_PASSWORD:
        raise WeakPassword(detail=Phrase("it has more than {most} characters", most=LONGEST_PASSWORD))
    password = read_password(given)
    fault = _fault(settings, password, (login, name))
    if fault is not None:
        raise WeakPassword(detail=fault)
    return password


def _fault(settings: Settings, password: str, names: tuple[str, ...]) -> Phrase | None:
    if len(password) < settings.password_length:
        return Phrase("it has fewer than {least} characters", least=settings.password_length)
    if classes(password) < settings.password_classes:
        return Phrase(
            "of capitals, small letters, digits and other characters it needs {least}",
            least=settings.password_classes,
        )
    folded = password.casefold()
    if any(len(part) >= SHORTEST_NAME and part.casefold() in folded for part in _parts(names)):
        return Phrase("it contains your name")
    if _common(folded):
        return Phrase("it is one of those that are tried first")
    return None


def _parts(names: tuple[str, ...]) -> list[str]:
    """Give names, and the names that stand before the @ of an address."""
    return [part for name in names for part in (name, name.partition("@")[0])]


def classes(password: str) -> int:
    """Count the classes of characters in a password."""
    found = {next((n for n, of in enumerate(CLASSES) if of(letter)), len(CLASSES)) for letter in password}
    return len(found)


def _common(folded: str) -> bool:
    """Say whether a password is a common one, also with marks and digits at its end or few letters in all."""
    return (
        len(set(folded)) <= 3
        or folded in common()
        or _TAIL.sub("", folded) in common()
        or _TAIL.sub("", folded.translate(_LOOKALIKES)) in common()
    )


_LOOKALIKES: Final = str.maketrans("@0$13!5", "aosleis")


@cache
def common() -> frozenset[str]:
    """Read the list of common passwords."""
    return frozenset(
        row["password"] for row in rows_of("xinglin.trust.login", "tables", "common_passwords.csv")
    )
