"""How a listed fact stands, in words: refuted, unconfirmed, resolved; nothing where it is plainly so."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.hub.lifelong.elements import member, objects
from xinglin.hub.lifelong.medicines import unconfirmed_since
from xinglin.hub.lifelong.same import Fact
from xinglin.hub.lifelong.tables import rows

_REFUTED: Final = "refuted"


def is_refuted(content: Json) -> bool:
    """Tell whether a record says that what it names isn't so."""
    return _REFUTED in _codes(content, "verificationStatus")


def status_words(fact: Fact, language: str, today: str) -> str:
    """Give how a fact stands; empty where it is plainly so (confirmed, active, completed).

    Whoever is less sure than another doesn't hide it: all certainties that were said are named. `today` is a
    FHIR date.
    """
    certainties = (code for one in fact.statements for code in _codes(one.content, "verificationStatus"))
    found = dict.fromkeys([*certainties, *_courses(fact.shown.content)])
    words = [_names()[code][f"name_{language}"] if code in _names() else code for code in found]
    if all(code in _names() and _names()[code]["plain"] == "yes" for code in found):
        words = []
    since = unconfirmed_since(fact, today)
    if since:
        words.append(Phrase("not confirmed since {date}", date=since).text(language))
    return "; ".join(words)


def _courses(content: Json) -> Iterator[str]:
    yield from _codes(content, "clinicalStatus")
    status = content.get("status")
    if isinstance(status, str) and status:
        yield status


def _codes(content: Json, name: str) -> list[str]:
    return [str(one["code"]) for one in objects(member(content.get(name)).get("coding")) if one.get("code")]


@cache
def _names() -> Mapping[str, Mapping[str, str]]:
    return {row["code"]: row for row in rows("statuses.csv")}
