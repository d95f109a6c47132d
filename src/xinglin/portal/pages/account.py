"""Who somebody is to the hub: account, posts, purposes, logins; and what they choose of the looks."""

from collections.abc import Mapping
from typing import Any, Final

from xinglin.core.errors import XinglinError
from xinglin.core.i18n import LANGUAGES, Phrase
from xinglin.hub.records import Key
from xinglin.trust.login.forgery import own_path
from xinglin.trust.login.roles import Post
from xinglin.web.columns import Column, Table, arranged
from xinglin.web.declared import Act, Declaration, Done, Page
from xinglin.web.visit import LANGUAGE_COOKIE, PURPOSE_COOKIE, THEME_COOKIE, THEMES, Visit, WrongValue

LOGINS: Final = Table(
    "logins",
    "Where you are logged in",
    (
        Column("since", "Since", "moment"),
        Column("used", "Last used", "moment"),
        Column("address", "From", "code"),
        Column("program", "Browser"),
        Column("here", "", "badge", sorts=False),
    ),
    empty="You came with a token, not by a login.",
)


async def load(visit: Visit) -> Mapping[str, Any]:
    """Give who asks, in which posts, for which purposes, and where they are logged in."""
    who, seen = visit.who, visit.seen
    posts = seen.posts if seen is not None else ()
    return {
        "id": who.id,
        "name": who.name,
        "institution": await _place(visit, who.institution),
        "department": await _place(visit, who.department),
        "practitioner": who.practitioner,
        "patient": who.patient,
        "roles": [{"role": one, "name": visit.word("roles", one)} for one in sorted(who.roles)],
        "posts": [await _post(visit, one) for one in posts],
        "purposes": [
            {
                "code": code,
                "name": name,
                "meaning": visit.meaning("purposes", code),
                "chosen": code == visit.purpose,
            }
            for code, name in visit.purposes
        ],
        "ends": None if seen is None else seen.session.ends,
        "own_password": seen is not None and seen.session.how.startswith("password"),
        "logins": arranged(visit, LOGINS, await _logins(visit), sort="-used"),
    }


async def _post(visit: Visit, post: Post) -> Mapping[str, Any]:
    """Tell of a post; one is worked in at a time."""
    place, who = post.place, visit.who
    present = (place.institution, place.department, place.practitioner, place.patient)
    return {
        "number": post.number,
        "roles": [visit.word("roles", one) for one in sorted(post.roles)],
        "institution": await _place(visit, place.institution),
        "department": await _place(visit, place.department),
        "present": present == (who.institution, who.department, who.practitioner, who.patient)
        and post.roles == who.roles,
    }


async def _place(visit: Visit, id_: str | None) -> str | None:
    """Give the name of an institution or department; its id where the name isn't known or open."""
    if id_ is None:
        return None
    try:
        record = await visit.hub.read(Key("Organization", id_))
    except XinglinError:
        return id_
    return str(record.content.get("name") or id_)


async def _logins(visit: Visit) -> list[Mapping[str, Any]]:
    if visit.seen is None:
        return []
    found = await visit.gate.login.own_sessions(visit.session)
    return [
        {
            "since": one.made,
            "used": one.seen,
            "address": one.address,
            "program": one.program,
            "here": Phrase("this one") if str(one.id) == visit.who.session else None,
            "here_tone": "good",
        }
        for one in found
    ]


async def choose(visit: Visit) -> Done:
    """`POST /preferences` with `language`, `theme` or `purpose`, and `next`: keep what was chosen."""
    chosen: dict[str, str] = {}
    purposes = tuple(code for code, _ in visit.purposes)
    for name, cookie, allowed in (
        ("language", LANGUAGE_COOKIE, LANGUAGES),
        ("theme", THEME_COOKIE, THEMES),
        ("purpose", PURPOSE_COOKIE, purposes),
    ):
        given = visit.body.text(name, "")
        if given and given not in allowed:
            detail = Phrase("it must be one of {allowed}", allowed=", ".join(allowed))
            raise WrongValue(name=name, detail=detail)
        if given:
            chosen[cookie] = given
    return Done(own_path(visit.body.raw("next")) or "/", cookies=chosen)


DECLARED: Final = Declaration(
    room="account",
    pages=(
        Page(
            path="/account",
            name="account",
            title="My account",
            load=load,
            template="account/index.html",
            tables=(LOGINS,),
        ),
    ),
    acts=(Act(path="/preferences", name="preferences", do=choose),),
)
