"""The frame of the small pages for people: login, and what an app asks for. They need no script."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from xinglin.core.errors import XinglinError
from xinglin.core.i18n import translate

STYLE: Final = "/login/login.css"
TAGS: Final[Mapping[str, str]] = {"zh": "zh-CN", "en": "en"}


def policy(forms: str) -> str:
    """Give a page's content security policy: our one style sheet and pictures, and where its forms may go."""
    return (
        f"default-src 'none'; style-src 'self'; img-src 'self'; form-action {forms}; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


@cache
def _environment(package: str) -> Environment:
    return Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("xinglin.api.pages")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(
    package: str,
    template: str,
    language: str,
    title: str,
    *,
    values: Mapping[str, Any],
    error: XinglinError | None = None,
    other: str = "",
) -> str:
    """Make a page of a template in `package`; `other` is its address in the other language."""
    shared = {
        "tag": TAGS[language],
        "style": STYLE,
        "title": title,
        "hub": translate("One health database for a province", language),
        "problem": translate("That didn't work", language),
        "error": {"text": error.text(language), "advice": error.advice(language)} if error else None,
        "other": other,
    }
    return _environment(package).get_template(template).render(shared, **values)


async def style(_: Request) -> Response:
    """`GET /login/login.css`."""
    text = (files("xinglin.api.pages") / "style.css").read_text("utf-8")
    headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return Response(text, media_type="text/css", headers=headers)
