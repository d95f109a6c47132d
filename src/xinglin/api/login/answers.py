"""What login answers: a page for a form, JSON for a program, by what the login waits for."""

import secrets
from typing import Any, Final

from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from xinglin.api.login.pages import page, texts
from xinglin.api.login.web import FORM_COOKIE, Visit, json_reply
from xinglin.core.clock import instant
from xinglin.core.errors import XinglinError
from xinglin.trust.login.roles import Post
from xinglin.trust.login.service import Entered, Seen
from xinglin.trust.login.sessions import csrf_token

FORM_SECONDS: Final = 3_600


async def entered(visit: Visit, done: Entered, *, form: bool) -> Response:
    """Give a session's token to the browser, and tell what comes next."""
    if not form:
        seen = await visit.login.see(done.token)
        return visit.keep(json_reply(told(done.token, seen)), done.token)
    if done.stage == "in":
        return visit.keep(await inside(visit, done.token), done.token)
    query = f"?{visit.request.url.query}" if visit.request.url.query else ""
    return visit.keep(RedirectResponse(f"/login{query}", 303), done.token)


def told(token: str, seen: Seen | None) -> dict[str, Any]:
    """Tell of a session as JSON: who, in which post, what it waits for, and what forms must bring."""
    if seen is None:
        return {"stage": "out"}
    session, who = seen.session, seen.who
    found: dict[str, Any] = {
        "stage": session.stage,
        "login": session.login,
        "name": seen.name,
        "csrf": csrf_token(token),
        "ends": instant(session.ends),
    }
    if who is not None:
        present = session.post or (seen.posts[0].number if seen.posts else None)
        found |= {
            "id": who.id,
            "roles": sorted(who.roles),
            "post": present,
            "posts": [_post(one) for one in seen.posts],
        }
    return found


def _post(post: Post) -> dict[str, Any]:
    place = post.place
    where = {
        "institution": place.institution,
        "department": place.department,
        "practitioner": place.practitioner,
        "patient": place.patient,
    }
    return {"number": post.number, "roles": sorted(post.roles)} | {n: v for n, v in where.items() if v}


def login_form(visit: Visit, error: XinglinError | None = None) -> Response:
    """Show the login form, bound to this browser."""
    secret = visit.cookie(FORM_COOKIE) or secrets.token_urlsafe(32)
    settings = visit.settings
    provider = bool(settings.oidc_issuer and settings.oidc_client_id)
    answer = page(
        visit, "form.html", error=error, then=visit.then, csrf=csrf_token(secret), provider=provider
    )
    visit.set_own(answer, FORM_COOKIE, secret, FORM_SECONDS)
    return answer


async def step(visit: Visit, token: str, seen: Seen, error: XinglinError | None = None) -> Response:
    """Show the page of what a login waits for."""
    match seen.session.stage:
        case "code":
            leave = texts(visit.language)["start_again"]
            return page(visit, "code.html", error=error, then=visit.then, csrf=csrf_token(token), leave=leave)
        case "password":
            return new_password(visit, token, seen, error)
        case "authenticator":
            return await authenticator(visit, token, error)
        case "in":
            return await inside(visit, token, error)


def new_password(visit: Visit, token: str, seen: Seen, error: XinglinError | None = None) -> Response:
    """Show the form for a new password, with what it must be."""
    words, settings, stage = texts(visit.language), visit.settings, seen.session.stage
    hint = words["password_hint"].format(
        length=settings.password_length, classes=settings.password_classes, history=settings.password_history
    )
    return page(
        visit,
        "password.html",
        error=error,
        then=visit.then,
        csrf=csrf_token(token),
        login=seen.session.login,
        old=stage == "in",
        hint=hint,
        leave=words["log_out" if stage == "in" else "start_again"],
    )


async def authenticator(visit: Visit, token: str, error: XinglinError | None = None) -> Response:
    """Show what an authenticator must be given, and ask for its first code."""
    given = await visit.login.begin_authenticator(token)
    return page(
        visit,
        "authenticator.html",
        error=error,
        then=visit.then,
        csrf=csrf_token(token),
        picture=Markup(given.svg),  # noqa: S704 - drawn by us, from our own text
        secret=given.secret,
        leave=texts(visit.language)["start_again"],
    )


async def inside(visit: Visit, token: str, error: XinglinError | None = None) -> Response:
    """Show who is logged in, and go on to where they wanted to.

    That is done by the page, not by a redirect: browsers let the redirects after a form lead to this hub only
    (`form-action`), and from where people wanted to go an app's login may lead on to the app.
    """
    seen, words = await visit.login.see(token), texts(visit.language)
    if seen is None:
        return login_form(visit, error)
    return page(
        visit,
        "in.html",
        error=error,
        then=visit.then,
        csrf=csrf_token(token),
        leave=words["log_out"],
        own_password=seen.session.how.startswith("password"),
        may_add=seen.session.how == "password",
        greeting=words["in_as"].format(name=seen.name, login=seen.session.login),
    )
