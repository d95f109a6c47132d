"""The pages on which a person allows an app something. They work without JavaScript.

Nothing of the request but a random mark goes to the page and back: what was asked stands in the database,
bound to the person's login session: no other site can answer for them (CSRF) or change what was asked.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from xinglin.api.login.web import Visit
from xinglin.api.oauth.forms import (
    decoded,
    desk_of,
    endpoint,
    error_content,
    language_of,
    once,
    pairs,
)
from xinglin.api.pages import policy, render
from xinglin.core.errors import XinglinError
from xinglin.core.i18n import translate
from xinglin.trust.login.errors import NotLoggedIn
from xinglin.trust.login.forgery import refuse_other_sites
from xinglin.trust.policy.decisions import policies_of
from xinglin.trust.tokens import asking, words
from xinglin.trust.tokens.asking import AnswerableError, Page
from xinglin.trust.tokens.desk import Desk
from xinglin.trust.tokens.redirects import with_parameters
from xinglin.trust.tokens.scopes import Scopes
from xinglin.trust.tokens.web import KeyBox
from xinglin.trust.who import Who

HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


def _page(name: str, language: str, values: Mapping[str, Any], *, status: int, forms: str) -> Response:
    text = render("xinglin.api.oauth", name, language, values["title"], values=values)
    headers = {**HEADERS, "Content-Security-Policy": policy(forms), "Content-Language": language}
    return Response(text, status, headers, "text/html")


async def _asked(request: Request, *, box: KeyBox) -> Response:
    """Show what an app asks for, to whom is logged in; others log in first."""
    given = once(decoded(request.url.query.encode()) if request.method == "GET" else await pairs(request))
    desk = desk_of(request, box)
    try:
        client, asked = await asking.ask(desk, given)
    except AnswerableError as error:
        return _back_with_error(desk, error, language_of(request, given.get("ui_locales", "")))
    who = await _person(request)
    if who is None:
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items())
        return RedirectResponse(f"/login?next={quote(f'/oauth/authorize?{query}', safe='')}", 303, HEADERS)
    page = await asking.open_page(desk, who, client, asked)
    return _consent(desk, page, who, language_of(request, given.get("ui_locales", "")))


def _consent(desk: Desk, page: Page, who: Who, language: str) -> Response:
    tables = policies_of(desk.settings).tables
    wanted = page.asked.wanted
    scopes = [(str(one), words.in_words(one, language)) for one in wanted.clinical]
    if "offline_access" in wanted.words:
        scopes.append(("offline_access", words.OFFLINE.text(language)))
    parts = urlsplit(page.asked.redirect)
    origin = f"{parts.scheme}://{parts.netloc}"
    values = {
        "title": translate("An app asks to use your records", language),
        "say": _texts(language),
        "client": page.client,
        "who": who,
        "page": page,
        "scopes": scopes,
        "fixed": [words.IDENTITY.text(language)] if wanted.words & {"openid", "fhirUser"} else [],
        "purposes": [tables.name("purposes", one).text(language) for one in page.client.purposes],
        "pick": wanted.needs_patient and who.patient is None,
        "origin": origin,
    }
    return _page("consent.html", language, values, status=200, forms=f"'self' {origin}")


def _texts(language: str) -> dict[str, str]:
    """Give the texts of the consent page."""
    return {
        "answers": translate("who answers for it", language),
        "logged_in": translate("You are logged in as", language),
        "no_more": translate("The app gets no more than you may see yourself.", language),
        "asks": translate("It asks to", language),
        "purposes": translate("for the purposes", language),
        "patient": translate("Which patient? Their id here", language),
        "back": translate("After your answer you return to", language),
        "allow": translate("Allow", language),
        "deny": translate("Don't allow", language),
    }


async def _decided(request: Request, *, box: KeyBox) -> Response:
    """Take a person's answer and send them back to the app."""
    refuse_other_sites(request.headers, Visit(request).origin)
    who = await _person(request)
    if who is None:
        raise NotLoggedIn
    given = await pairs(request)
    ticked = [value for name, value in given if name == "scope"]
    form = once([(name, value) for name, value in given if name != "scope"])
    desk = desk_of(request, box)
    try:
        answer = await asking.answer(
            desk,
            who,
            form.get("page", ""),
            allowed=form.get("decision") == "allow",
            ticked=_ticked(ticked),
            patient=form.get("patient", "").strip(),
        )
    except AnswerableError as error:
        return _back_with_error(desk, error, language_of(request))
    return _back(answer.redirect, answer.parameters)


def _ticked(values: list[str]) -> Scopes:
    """Give what was ticked, with what isn't asked one by one: it opens nothing by itself."""
    fixed = ("openid", "fhirUser", "launch/patient")
    return Scopes.parse([*values, *fixed]) if values else Scopes()


def _back_with_error(desk: Desk, fault: AnswerableError, language: str) -> Response:
    content = error_content(fault.error, language)
    parameters = {name: content[name] for name in ("error", "error_description", "code")}
    if fault.state:
        parameters["state"] = fault.state
    return _back(fault.redirect, parameters | {"iss": desk.root})


def _back(redirect: str, parameters: dict[str, str]) -> Response:
    headers = {**HEADERS, "Referrer-Policy": "no-referrer"}
    return RedirectResponse(with_parameters(redirect, parameters), 303, headers)


async def _person(request: Request) -> Who | None:
    """Give who is logged in."""
    visit = Visit(request)
    return await visit.login.who_of_session(visit.token, visit.address) if visit.token else None


def _refusal(request: Request, error: XinglinError) -> Response:
    language = language_of(request)
    values = {
        "title": translate("That didn't work", language),
        "message": error.text(language),
        "remedy": error.advice(language),
        "code": error.code,
    }
    return _page("fault.html", language, values, status=error.status, forms="'none'")


def routes(box: KeyBox) -> list[Route]:
    """Give the routes for people."""
    asked = endpoint("oauth authorize", partial(_asked, box=box), _refusal)
    decided = endpoint("oauth decide", partial(_decided, box=box), _refusal)
    return [
        Route("/oauth/authorize", asked, methods=["GET", "POST"]),
        Route("/oauth/decide", decided, methods=["POST"]),
    ]
