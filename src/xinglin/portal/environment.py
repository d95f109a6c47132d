"""The templates' environment: one for each language, so that templates needn't think of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup, escape

from xinglin.core import clock
from xinglin.core.exact_json import dumps
from xinglin.core.i18n import LANGUAGES, translate
from xinglin.portal import filters
from xinglin.portal.static_files import address
from xinglin.web.declared import Declaration

TAGS: Final[Mapping[str, str]] = {"zh": "zh-CN", "en": "en"}


class Templates:
    """Renders templates of the portal and of those that add to it, for one hub."""

    def __init__(self, declarations: Iterable[Declaration], zone: str) -> None:
        loaders = {one.room: PackageLoader(one.templates) for one in declarations if one.templates}
        loader = ChoiceLoader([PackageLoader("xinglin.portal"), PrefixLoader(loaders)])
        self._environments = {one: _environment(loader, one, ZoneInfo(zone)) for one in LANGUAGES}

    def render(self, template: str, language: str, values: Mapping[str, Any]) -> str:
        """Make a page's text."""
        return self._environments[language].get_template(template).render(values)


def _environment(loader: ChoiceLoader, language: str, zone: ZoneInfo) -> Environment:
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )

    def say(text: str, /, **values: object) -> str:
        found = translate(text, language)
        return found.format(**values) if values else found

    def ago(value: datetime | None) -> str:
        return filters.ago(value, language, clock.now())

    shared: dict[str, Any] = {
        "_": say,
        "static": address,
        "icon": _icon,
        "language": language,
        "tag": TAGS[language],
    }
    made.globals.update(shared)
    made.filters |= {
        "date": partial(filters.day, language=language, zone=zone),
        "moment": partial(filters.moment, language=language, zone=zone),
        "ago": ago,
        "number": filters.number,
        "percent": filters.percent,
        "size": filters.size,
        "quantity": filters.quantity,
        "person_name": filters.person_name,
        "json": _json,
    }
    return made


def _icon(name: str, label: str = "") -> Markup:
    """Give a sign of `static/icons.svg`; one without a label says nothing to those who can't see it."""
    told = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return Markup(  # noqa: S704 - made of our own text; the label is escaped
        f'<svg class="icon" {told}><use href="{address("icons.svg")}#{escape(name)}"></use></svg>'
    )


def _json(value: Any) -> Markup:
    """Write JSON into a page as data: nothing in it can end the element that it stands in."""
    text = dumps(value).decode()
    for sign, code in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(sign, code)
    return Markup(text)  # noqa: S704 - what could end the element is written as codes
