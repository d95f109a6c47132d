"""The addresses of login.

Pages and forms for people, the same by JSON for programs; docs/accounts.md tells each.
"""

import hmac

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from xinglin.api.login import answers, pages
from xinglin.api.login.answers import entered, told
from xinglin.api.login.web import FLOW_COOKIE, FORM_COOKIE, Body, Visit, address, json_reply
from xinglin.api.pages import STYLE, style
from xinglin.api.plain import WrongParameter, whole
from xinglin.core.clock import instant
from xinglin.core.errors import XinglinError
from xinglin.core.i18n import Phrase
from xinglin.trust.login.errors import Forged, NotLoggedIn, UnknownLogin, WeakPassword
from xinglin.trust.login.forgery import FIELD, refuse_other_sites
from xinglin.trust.login.oidc.flow import LASTS
from xinglin.trust.login.sessions import csrf_token

CALLBACK = "/login/oidc/callback"


async def show(visit: Visit) -> Response:
    """`GET /login?next=`: the page of what comes next."""
    seen = await visit.login.see(visit.token)
    if seen is None:
        return answers.login_form(visit)
    return await answers.step(visit, visit.token, seen)


async def login(visit: Visit) -> Response:
    """`POST /login` with `login`, `password` and, if there is one, `code`."""
    body = await visit.body()
    try:
        _refuse_foreign(visit, body)
        for name in ("login", "password"):
            if not body[name]:
                raise WrongParameter(name=name, detail=Phrase("it is missing"))
        done = await visit.login.login(
            body["login"],
            body["password"],
            body["code"],
            address=visit.address,
            program=visit.program,
        )
    except XinglinError as error:
        if body.form:
            return answers.login_form(visit, error)
        raise
    await _leave_earlier(visit)
    return await entered(visit, done, form=body.form)


def _refuse_foreign(visit: Visit, body: Body) -> None:
    """Raise Forged for a login that no page of ours has sent: it would make the browser somebody else's.

    JSON can't be sent from another site without being asked first, which nobody answers.
    """
    refuse_other_sites(visit.request.headers, visit.origin)
    secret = visit.cookie(FORM_COOKIE)
    if body.form and not (
        secret and hmac.compare_digest(body[FIELD].encode("utf-8", "replace"), csrf_token(secret).encode())
    ):
        raise Forged


async def _leave_earlier(visit: Visit) -> None:
    """End the session that the browser had before: nobody comes back to it."""
    if visit.token:
        await visit.login.logout(visit.token, address=visit.address)


async def code(visit: Visit) -> Response:
    """`POST /login/totp` with `code`: of the authenticator, or a recovery code."""
    body = await visit.own_body()
    try:
        done = await visit.login.give_code(visit.token, body["code"], address=visit.address)
    except XinglinError as error:
        return await _again(visit, body, error)
    return await entered(visit, done, form=body.form)


async def _again(visit: Visit, body: Body, error: XinglinError) -> Response:
    """Tell an error on the page of the form; for a program, or without a session, raise it."""
    seen = await visit.login.see(visit.token)
    if not body.form or seen is None:
        raise error
    return await answers.step(visit, visit.token, seen, error)


async def password_form(visit: Visit) -> Response:
    """`GET /password`: the form for a new password. Raises NotLoggedIn."""
    seen = await visit.login.see(visit.token)
    if seen is None:
        raise NotLoggedIn
    return answers.new_password(visit, visit.token, seen)


async def password(visit: Visit) -> Response:
    """`POST /password` with `new` and, where one is logged in already, `old`; a form repeats `again`."""
    body = await visit.own_body()
    try:
        if body.form and body["new"] != body["again"]:
            raise WeakPassword(detail=Phrase("the two new passwords differ"))
        done = await visit.login.change_password(visit.token, body["old"], body["new"], address=visit.address)
    except XinglinError as error:
        seen = await visit.login.see(visit.token)
        if not body.form or seen is None:
            raise
        return answers.new_password(visit, visit.token, seen, error)
    return await entered(visit, done, form=body.form)


async def authenticator_form(visit: Visit) -> Response:
    """`GET /login/authenticator`: what an authenticator must be given. Raises NotLoggedIn or WrongStep."""
    return await answers.authenticator(visit, visit.token)


async def authenticator(visit: Visit) -> Response:
    """`POST /login/authenticator`: without `code` give the key, with it put the authenticator in force."""
    body = await visit.own_body()
    if not body["code"] and not body.form:
        given = await visit.login.begin_authenticator(visit.token)
        return json_reply({"secret": given.secret, "uri": given.uri, "svg": given.svg})
    try:
        done, codes = await visit.login.confirm_authenticator(
            visit.token, body["code"], address=visit.address
        )
    except XinglinError as error:
        if not body.form:
            raise
        return await answers.authenticator(visit, visit.token, error)
    if body.form:
        return visit.keep(pages.page(visit, "recovery.html", then=visit.then, codes=codes), done.token)
    seen = await visit.login.see(done.token)
    return visit.keep(json_reply(told(done.token, seen) | {"recovery_codes": codes}), done.token)


async def logout(visit: Visit) -> Response:
    """`POST /logout`: end the session; JSON tells where the provider's own logout is, if it began there."""
    body = await visit.own_body()
    how = await visit.login.logout(visit.token, address=visit.address)
    at_provider = await visit.provider().logout_address(f"{visit.origin}/login") if how == "oidc" else ""
    answer = (
        pages.page(visit, "out.html", at_provider=at_provider)
        if body.form
        else json_reply({"stage": "out"} | ({"provider_logout": at_provider} if at_provider else {}))
    )
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return visit.drop(answer)


async def session(visit: Visit) -> Response:
    """`GET /session`: who is logged in, their posts, what the login waits for. Raises NotLoggedIn."""
    seen = await visit.login.see(visit.token)
    if seen is None:
        raise NotLoggedIn
    purposes: list[str] = []
    if seen.who is not None:
        purposes = list(visit.policies.purposes(seen.who))
    return json_reply(told(visit.token, seen) | {"purposes": purposes})


async def work_in(visit: Visit) -> Response:
    """`POST /session` with `post`: work in another of one's posts."""
    body = await visit.own_body()
    done = await visit.login.work_in(visit.token, whole(body["post"], "post"), address=visit.address)
    return await entered(visit, done, form=body.form)


async def own_sessions(visit: Visit) -> Response:
    """`GET /sessions`: one's own logins that last."""
    found = await visit.login.own_sessions(visit.token)
    listed = [
        {
            "number": one.id,
            "address": one.address,
            "program": one.program,
            "how": one.how,
            "since": instant(one.made),
            "seen": instant(one.seen),
        }
        for one in found
    ]
    return json_reply({"sessions": listed})


async def end_session(visit: Visit) -> Response:
    """`DELETE /sessions/{number}`: end one of one's own logins."""
    visit.refuse_forgery()
    number = whole(visit.request.path_params["number"], "number")
    if not await visit.login.end_own(visit.token, number, address=visit.address):
        raise UnknownLogin(number=number)
    return Response(status_code=204)


async def provider(visit: Visit) -> Response:
    """`GET /login/oidc?next=`: go to the site's provider."""
    begun = await visit.provider().begin(f"{visit.origin}{CALLBACK}", visit.then)
    answer = RedirectResponse(begun.address, 303)
    visit.set_own(answer, FLOW_COOKIE, begun.browser, int(LASTS.total_seconds()))
    return answer


async def callback(visit: Visit) -> Response:
    """`GET /login/oidc/callback`: where the provider sends the browser back to."""
    given = {name: value for name, value in visit.request.query_params.items() if len(value) <= 2_000}
    try:
        done, then = await visit.provider().finish(
            given,
            visit.cookie(FLOW_COOKIE),
            f"{visit.origin}{CALLBACK}",
            address=visit.address,
            program=visit.program,
        )
    except XinglinError as error:
        answer = answers.login_form(visit, error)
        visit.drop_cookie(answer, FLOW_COOKIE)
        return answer
    await _leave_earlier(visit)
    answer = visit.keep(RedirectResponse(then or "/login", 303), done.token)
    visit.drop_cookie(answer, FLOW_COOKIE)
    return answer


TABLE = (
    ("GET", "/login", "login page", show),
    ("POST", "/login", "login", login),
    ("POST", "/login/totp", "login code", code),
    ("GET", "/login/authenticator", "authenticator page", authenticator_form),
    ("POST", "/login/authenticator", "authenticator", authenticator),
    ("GET", "/login/oidc", "login by provider", provider),
    ("GET", CALLBACK, "login from provider", callback),
    ("GET", "/password", "password page", password_form),
    ("POST", "/password", "password", password),
    ("POST", "/logout", "logout", logout),
    ("GET", "/session", "session", session),
    ("POST", "/session", "session post", work_in),
    ("GET", "/sessions", "sessions", own_sessions),
    ("DELETE", "/sessions/{number}", "session end", end_session),
)


def routes() -> list[Route]:
    """Give the routes of login: open to everybody, since each asks itself who it is."""
    made = [Route(path, address(name, handle), methods=[method]) for method, path, name, handle in TABLE]
    return [*made, Route(STYLE, style)]
