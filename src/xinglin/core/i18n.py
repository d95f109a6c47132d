"""Two languages for everything a person sees.

English texts are the message ids; the Chinese stands in `locale/zh.po`.
"""

import os
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from babel.messages.pofile import read_po

LANGUAGES = ("zh", "en")


@cache
def _catalogue(language: str) -> dict[str, str]:
    source = files("xinglin") / "locale" / f"{language}.po"
    with source.open("rb") as handle:
        return {str(m.id): str(m.string) for m in read_po(handle, abort_invalid=True) if m.id and m.string}


def translate(text: str, language: str) -> str:
    """Give `text` (an English message id) in `language`; English where no translation is known."""
    return text if language == "en" else _catalogue(language).get(text, text)


class Phrase:
    """A text of ours inside another, such as the `detail` of an error: filled in and translated with it."""

    __slots__ = ("_params", "_template")

    def __init__(self, template: str, /, **params: object) -> None:
        """Take an English message id and the values for its places."""
        self._template = template
        self._params = params

    def text(self, language: str) -> str:
        """Say it in `language`."""
        return translate(self._template, language).format(**translated(self._params, language))

    def __str__(self) -> str:
        return self.text("en")

    def __repr__(self) -> str:
        return f"Phrase({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Phrase) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def translated(params: Mapping[str, object], language: str) -> dict[str, object]:
    """Give values for a template, with those that are phrases of ours in `language`.

    A whole sentence loses its full stop there: what it becomes part of has its own.
    """
    return {
        name: one.text(language).rstrip(".。") if isinstance(one, Phrase) else one
        for name, one in params.items()
    }


def negotiate(accept_language: str | None, default: str = "en") -> str:
    """Choose "zh" or "en" from an `Accept-Language` header (RFC 9110, 12.5.4)."""
    best, best_weight = default, 0.0
    for part in (accept_language or "").split(","):
        tag, _, weight = part.strip().partition(";q=")
        language = tag.strip()[:2].lower()
        try:
            value = float(weight) if weight else 1.0
        except ValueError:
            continue
        if language in LANGUAGES and value > best_weight:
            best, best_weight = language, value
    return best


def terminal_language(environment: Mapping[str, str] | None = None) -> str:
    """Choose "zh" or "en" for a terminal: `XINGLIN_LANGUAGE`, else the locale (POSIX `LC_ALL`, `LANG`)."""
    environment = os.environ if environment is None else environment
    chosen = environment.get("XINGLIN_LANGUAGE") or environment.get("LC_ALL") or environment.get("LANG") or ""
    return "zh" if chosen.lower().startswith("zh") else "en"
