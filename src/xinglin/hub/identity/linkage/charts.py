"""Charts of what a model learned and of one pair, as SVG: no other part is needed to draw or to show them.

Colours differ in lightness too, and every bar has its figure in text, so that the charts can be read without
seeing colours.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Final
from xml.sax.saxutils import escape

from xinglin.core.i18n import translate
from xinglin.hub.identity.linkage.comparisons import MISSING, Comparison
from xinglin.hub.identity.linkage.model import Learned, Model, Score

FOR: Final = "#1f6f50"
AGAINST: Final = "#c8553d"
TOTAL: Final = "#44506b"
INK: Final = "#1c1f26"
RULE: Final = "#d5d9e0"
FONT: Final = 'font-family="Noto Sans CJK SC, Microsoft YaHei, sans-serif" font-size="12"'
WIDTH: Final = 880
ROW: Final = 24
LEFT: Final = 430
"""Where the bars' field begins; labels stand left of it."""
RIGHT: Final = WIDTH - 70


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from one weight to another (bits), with its label and the figure beside it."""

    label: str
    start: float
    end: float
    colour: str
    figure: str


def waterfall(score: Score, compared: Sequence[Comparison], language: str = "en") -> str:
    """Draw how one pair's weight comes about: from the prior, step by step, to the whole. Gives SVG."""
    named = {one.name: one for one in compared}
    bars: list[Bar] = []
    at = 0.0

    def step(label: str, weight: float) -> None:
        nonlocal at
        colour = FOR if weight >= 0 else AGAINST
        bars.append(Bar(label, at, at + weight, colour, f"{weight:+.1f}"))
        at += weight

    step(_("before comparing", language), score.prior)
    for part in score.contributions:
        if part.level == MISSING or part.name not in named:
            continue
        step(_part_label(named[part.name], part.level, language), part.weight)
        if abs(part.frequency) >= 0.05:
            rare = _("rare value" if part.frequency > 0 else "common value", language)
            step(f"{_field(part.name, language)}: {rare}", part.frequency)
    if score.household < -0.05:
        step(_("could be another of the household", language), score.household)
    figure = f"{score.weight:.1f} = {100 * score.probability:.2f} %"
    bars.append(Bar(_("weight and probability", language), 0.0, score.weight, TOTAL, figure))
    return _draw(_("Why this pair weighs what it weighs (bits)", language), bars)


def match_weights(model: Model, compared: Sequence[Comparison], language: str = "en") -> str:
    """Draw what each level of each comparison weighs in a model. Gives SVG."""
    learned = {one.name: one for one in model.comparisons}
    bars = [
        _level_bar(one, learned[one.name], level, language)
        for one in compared
        if one.name in learned
        for level in range(one.size - 1, -1, -1)
    ]
    return _draw(_("What agreement and difference weigh (bits)", language), bars)


def _level_bar(one: Comparison, learned: Learned, level: int, language: str) -> Bar:
    weight = log2(learned.m[level] / learned.u[level])
    return Bar(
        _part_label(one, level, language), 0.0, weight, FOR if weight >= 0 else AGAINST, f"{weight:+.1f}"
    )


def _(text: str, language: str) -> str:
    return translate(text, language)


_FIELDS: Final[Mapping[str, str]] = {
    "given_name": "given name",
    "given": "given name",
    "surname": "surname",
    "sex": "sex",
    "birth_date": "birth date",
    "birth": "birth date",
    "identity_number": "identity number",
    "identity": "identity number",
    "document": "other document",
    "insured": "insurance number",
    "card": "card number",
    "phone": "phone",
    "street_number": "street number",
    "address_line": "address line",
    "address_line2": "second address line",
    "address": "address",
    "city": "place",
    "postal_code": "postal code",
    "state": "state or province",
    "mother": "mother",
    "birth_order": "birth order",
}


def _field(name: str, language: str) -> str:
    return translate(_FIELDS.get(name, name), language)


def _part_label(one: Comparison, level: int, language: str) -> str:
    """Say what agrees how; the field's name stands before it where the words don't have it."""
    field, meaning = _field(one.name, language), one.label(level, language)
    return meaning if field in meaning else f"{field}: {meaning}"


def _draw(title: str, bars: Sequence[Bar]) -> str:
    low = min(0.0, *(min(bar.start, bar.end) for bar in bars))
    high = max(0.0, *(max(bar.start, bar.end) for bar in bars))
    scale = (RIGHT - LEFT) / max(high - low, 1.0)

    def x(weight: float) -> float:
        return LEFT + (weight - low) * scale

    height = 60 + ROW * len(bars)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" {FONT}>',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="24" font-size="15" font-weight="600" fill="{INK}">{escape(title)}</text>',
    ]
    parts += [_tick(x(weight), weight, height) for weight in _ticks(low, high)]
    parts += [_row(bar, 44 + ROW * at, x) for at, bar in enumerate(bars)]
    return "\n".join([*parts, "</svg>\n"])


def _ticks(low: float, high: float) -> list[int]:
    step = next(size for size in (2, 5, 10, 20, 50, 100, 1000) if (high - low) / size <= 10 or size == 1000)
    first = int(low // step) * step
    return [weight for weight in range(first, int(high) + step, step) if low <= weight <= high]


def _tick(x: float, weight: int, height: int) -> str:
    colour = INK if weight == 0 else RULE
    return (
        f'<line x1="{x:.1f}" y1="36" x2="{x:.1f}" y2="{height - 18}" stroke="{colour}"/>'
        f'<text x="{x:.1f}" y="{height - 5}" text-anchor="middle" fill="#5b6270">{weight}</text>'
    )


def _row(bar: Bar, y: float, x: Callable[[float], float]) -> str:
    start, end = sorted((x(bar.start), x(bar.end)))
    return (
        f'<text x="{LEFT - 12}" y="{y + 14:.1f}" text-anchor="end" fill="{INK}">{escape(bar.label)}</text>'
        f'<rect x="{start:.1f}" y="{y + 3:.1f}" width="{max(end - start, 1.0):.1f}" height="15" rx="2"'
        f' fill="{bar.colour}"/>'
        f'<text x="{end + 5:.1f}" y="{y + 14:.1f}" fill="{INK}">{escape(bar.figure)}</text>'
    )
