"""Texts that tables and policies bring in both languages themselves."""

from xinglin.core.i18n import Phrase, translated


class Said(Phrase):
    """A text with its own Chinese: it takes a Phrase's place, but isn't looked up in the catalogue."""

    __slots__ = ("_en", "_values", "_zh")

    def __init__(self, en: str, zh: str, **values: object) -> None:
        super().__init__(en, **values)
        self._en = en
        self._zh = zh
        self._values = values

    def text(self, language: str) -> str:
        """Say it in `language`."""
        said = self._zh if language == "zh" else self._en
        return said.format(**translated(self._values, language)) if self._values else said


def sentence(text: Phrase) -> Said:
    """Begin a text with a capital letter, where English is read."""
    said = text.text("en")
    return Said(said[:1].upper() + said[1:], text.text("zh"))


def coded(name: Phrase, code: str) -> Said:
    """Give a name with its code, as both are asked for."""
    return Said(f"{name.text('en')} ({code})", f"{name.text('zh')}（{code}）")


def listed(parts: "list[Phrase]", *, separator: tuple[str, str] = ("; ", "；")) -> Said:
    """Give several texts in one, in both languages."""
    return Said(
        separator[0].join(one.text("en") for one in parts), separator[1].join(one.text("zh") for one in parts)
    )
