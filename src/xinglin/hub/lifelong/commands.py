"""What the `xinglin person` commands do."""

from collections.abc import Sequence

from xinglin.core.exact_json import Json
from xinglin.core.settings import Settings
from xinglin.hub.lifelong import coverage as figures
from xinglin.hub.lifelong.answers import ask_timeline
from xinglin.hub.lifelong.coverage import Covered
from xinglin.hub.lifelong.overview import Overview, ask_overview
from xinglin.hub.lifelong.series import ask_series
from xinglin.hub.lifelong.timeline import Asked
from xinglin.hub.opened import with_hub


def timeline(settings: Settings, id_: str, asked: Asked, language: str) -> Json:
    """Give a page of a person's timeline as JSON (see `answers`)."""
    return with_hub(settings, lambda hub: ask_timeline(hub, id_, asked, language))


def series(settings: Settings, id_: str, asked: Asked) -> Json:
    """Give a person's results as series (see `series`)."""
    return with_hub(settings, lambda hub: ask_series(hub, id_, asked))


def show(settings: Settings, id_: str, language: str) -> Overview:
    """Give what fits on one screen about a person."""
    return with_hub(settings, lambda hub: ask_overview(hub, id_, language))


def coverage(settings: Settings) -> Sequence[Covered]:
    """Give how far identity has come in each institution."""
    return with_hub(settings, figures.coverage)
