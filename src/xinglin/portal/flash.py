"""What an act tells on the page that follows it: kept in a cookie for that one page."""

import base64
import binascii
from typing import Final

import msgspec
from starlette.responses import Response

from xinglin.trust.login.forgery import own_path
from xinglin.web.declared import Done
from xinglin.web.visit import SECURE, Visit

COOKIE: Final = "xinglin-flash"
SECONDS: Final = 120
MOST: Final = 1_500
"""Letters of what is told: cookies are small."""

YEAR: Final = 365 * 86_400


class Flash(msgspec.Struct, frozen=True):
    """A text, and the form that undoes what it tells."""

    text: str
    undo: str = ""
    fields: dict[str, str] = {}


def put(visit: Visit, answer: Response, done: Done) -> None:
    """Have the next page tell what was done."""
    if done.told is None:
        return
    told = Flash(visit.say(done.told)[:MOST], done.undo, dict(done.fields))
    value = base64.urlsafe_b64encode(msgspec.json.encode(told)).decode()
    keep(visit, answer, COOKIE, value, SECONDS)


def take(visit: Visit) -> Flash | None:
    """Give what is to be told, once; nothing where the cookie says what we don't say."""
    value = visit.cookie(COOKIE)
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(value), type=Flash) if value else None
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return None
    if found is not None and found.undo and not own_path(found.undo):
        return None
    return found


def drop(visit: Visit, answer: Response) -> None:
    """Have the browser forget what was told."""
    if visit.cookie(COOKIE):
        keep(visit, answer, COOKIE, "", 0)


def keep(visit: Visit, answer: Response, name: str, value: str, seconds: int = YEAR) -> None:
    """Have the browser keep a cookie of the portal's; without a value, forget it."""
    answer.set_cookie(
        (SECURE if visit.secure else "") + name,
        value,
        max_age=seconds if value else 0,
        path="/",
        secure=visit.secure,
        httponly=True,
        samesite="lax",
    )
