"""Small charts as inline SVG: a bar, a ring and a line. Scores run from 0 to 100."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from math import pi
from typing import Final

GOOD, FAIR, POOR, NONE = "#1a7f5a", "#c98a00", "#c0392b", "#b8bfc6"
"""Colours of scores from 95, from 80 and below; and of none."""

_WIDE: Final = 900
_HIGH: Final = 220
_LEFT: Final = 40
_BOTTOM: Final = 30
_RADIUS: Final = 52
_GRID: Final = (0, 25, 50, 75, 100)


def colour(score: float | None) -> str:
    """Give the colour that says how good a score is."""
    if score is None:
        return NONE
    return GOOD if score >= 95 else FAIR if score >= 80 else POOR


def bar(score: float | None) -> str:
    """Draw a score as a bar."""
    width = 0.0 if score is None else score * 3
    return (
        '<svg class="bar" viewBox="0 0 300 12" preserveAspectRatio="none" aria-hidden="true">'
        '<rect width="300" height="12" rx="3" fill="#e8ecef"/>'
        f'<rect width="{width:.1f}" height="12" rx="3" fill="{colour(score)}"/></svg>'
    )


def gauge(score: float | None) -> str:
    """Draw a score as a ring with the figure in it."""
    around = 2 * pi * _RADIUS
    done = 0.0 if score is None else around * score / 100
    text = "–" if score is None else f"{score:.1f}"
    return (
        f'<svg class="gauge" viewBox="0 0 130 130" role="img" aria-label="{text}">'
        f'<circle cx="65" cy="65" r="{_RADIUS}" fill="none" stroke="#e8ecef" stroke-width="13"/>'
        f'<circle cx="65" cy="65" r="{_RADIUS}" fill="none" stroke="{colour(score)}" stroke-width="13" '
        f'stroke-dasharray="{done:.1f} {around:.1f}" transform="rotate(-90 65 65)"/>'
        f'<text x="65" y="75" text-anchor="middle" font-size="28" font-weight="700">{text}</text></svg>'
    )


def line(points: Sequence[tuple[date, float | None]]) -> str:
    """Draw scores by day; days without a score break the line."""
    if not points:
        return ""
    first, last = points[0][0], points[-1][0]
    span = max(1, (last - first).days)
    spots = [
        (None if score is None else (_LEFT + (_WIDE - _LEFT - 10) * (day - first).days / span, _y(score)))
        for day, score in points
    ]
    runs = [list(run) for there, run in groupby(spots, key=lambda spot: spot is not None) if there]
    drawn = "".join(_run([spot for spot in run if spot is not None]) for run in runs)
    return (
        f'<svg class="line" viewBox="0 0 {_WIDE} {_HIGH}" role="img" aria-label="{first} – {last}">'
        f"{_grid()}{drawn}"
        f'<text x="{_LEFT}" y="{_HIGH - 8}">{first}</text>'
        f'<text x="{_WIDE - 10}" y="{_HIGH - 8}" text-anchor="end">{last}</text></svg>'
    )


def _y(score: float) -> float:
    return (_HIGH - _BOTTOM) - (_HIGH - _BOTTOM - 10) * score / 100


def _run(spots: Sequence[tuple[float, float]]) -> str:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{GOOD}"/>' for x, y in spots)
    return f'<polyline points="{path}" fill="none" stroke="{GOOD}" stroke-width="2"/>{dots}'


def _grid() -> str:
    return "".join(
        f'<line x1="{_LEFT}" x2="{_WIDE - 10}" y1="{_y(mark):.1f}" y2="{_y(mark):.1f}" stroke="#e8ecef"/>'
        f'<text x="{_LEFT - 6}" y="{_y(mark) + 4:.1f}" text-anchor="end">{mark}</text>'
        for mark in _GRID
    )
