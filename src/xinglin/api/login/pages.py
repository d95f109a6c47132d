"""The pages of login: they need no script, work by keyboard and reader, and speak both languages."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlencode

from starlette.responses import HTMLResponse, Response

from xinglin.api.login.web import Visit
from xinglin.api.pages import render
from xinglin.core.errors import XinglinError
from xinglin.core.i18n import LANGUAGES, translate


@cache
def texts(language: str) -> Mapping[str, str]:
    """Give every text of the pages in a language."""
    return {
        "title": translate("Xinglin: log in", language),
        "heading": translate("Log in", language),
        "login": translate("Login name", language),
        "password": translate("Password", language),
        "enter": translate("Log in", language),
        "provider": translate("Log in by the site's own provider", language),
        "code_heading": translate("Enter the code", language),
        "code_hint": translate(
            "The six digits that your authenticator shows now, or a recovery code.", language
        ),
        "code": translate("Code", language),
        "go_on": translate("Go on", language),
        "password_heading": translate("Choose a new password", language),
        "password_hint": translate(
            "At least {length} characters, of {classes} of: capitals, small letters, digits, others; without "
            "your name, and none of your last {history}.",
            language,
        ),
        "old_password": translate("Present password", language),
        "new_password": translate("New password", language),
        "again": translate("New password again", language),
        "differ": translate("The two new passwords differ.", language),
        "save": translate("Save", language),
        "authenticator_heading": translate("Set up your authenticator", language),
        "authenticator_hint": translate(
            "Read this picture with an authenticator app, or type the key in; then enter the code it shows.",
            language,
        ),
        "picture": translate("QR code with the authenticator's key", language),
        "key": translate("Key", language),
        "recovery_heading": translate("Your recovery codes", language),
        "recovery_hint": translate(
            "Write them down and keep them safe: each opens your account once if you lose the authenticator. "
            "They are shown only now.",
            language,
        ),
        "in_heading": translate("You are logged in", language),
        "in_as": translate("As {name} ({login})", language),
        "change_password": translate("Change the password", language),
        "add_authenticator": translate("Set up an authenticator", language),
        "log_out": translate("Log out", language),
        "start_again": translate("Begin again", language),
        "gone_heading": translate("You are logged out", language),
        "at_provider": translate("Log out at the site's provider too", language),
    }


def page(
    visit: Visit,
    template: str,
    *,
    status: int = 200,
    error: XinglinError | None = None,
    then: str = "",
    **values: Any,
) -> Response:
    """Make a page; `then` is where to go after login."""
    language = visit.language
    other = next(one for one in LANGUAGES if one != language)
    words = texts(language)
    shown = {
        "t": words,
        "then": then,
        "query": _query(next=then, language=visit.request.query_params.get("language", "")),
        **values,
    }
    html = render(
        "xinglin.api.login",
        template,
        language,
        words["title"],
        values=shown,
        error=error,
        other=f"/login{_query(next=then, language=other)}",
    )
    headers = {"Content-Language": language, "Vary": "Accept-Language, Cookie"}
    return HTMLResponse(html, error.status if error else status, headers)


def _query(**values: str) -> str:
    given = {name: value for name, value in values.items() if value}
    return f"?{urlencode(given)}" if given else ""
