"""The lifelong record behind the gate: told by what may be seen alone, masked before it is told."""

from xinglin.core.exact_json import Json, dumps
from xinglin.hub.lifelong.answers import ask_timeline
from xinglin.hub.lifelong.coverage import ask_coverage
from xinglin.hub.lifelong.screen import ask_screen
from xinglin.hub.lifelong.series import ask_series
from xinglin.hub.lifelong.summary import ask_summary
from xinglin.hub.lifelong.timeline import Asked
from xinglin.trust.gate.gated import GatedHub


async def timeline(hub: GatedHub, id_: str, asked: Asked, language: str) -> Json:
    """Give a page of a person's timeline. Raises Hidden, WrongFilter or TooManyRecords."""
    return await hub.about(
        id_, lambda inner, seeing: ask_timeline(inner, id_, asked, language, seeing.gaze(inner)), dumps
    )


async def series(hub: GatedHub, id_: str, asked: Asked) -> Json:
    """Give a person's numeric results as series. Raises as `timeline`."""
    return await hub.about(
        id_, lambda inner, seeing: ask_series(inner, id_, asked, seeing.gaze(inner)), dumps
    )


async def screen(hub: GatedHub, id_: str, language: str) -> Json:
    """Give a person on one screen, with who told each fact. Raises Hidden or TooManyRecords."""
    return await hub.about(
        id_, lambda inner, seeing: ask_screen(inner, id_, language, seeing.gaze(inner)), dumps
    )


async def summary(hub: GatedHub, id_: str, base: str, language: str) -> Json:
    """Give the summary of a person as a Bundle of type document. Raises Hidden or TooManyRecords."""
    return await hub.about(
        id_, lambda inner, seeing: ask_summary(inner, id_, base, language, seeing.gaze(inner)), dumps
    )


async def coverage(hub: GatedHub) -> Json:
    """Tell how far identity has come in each institution."""
    return await hub.operate(ask_coverage)
