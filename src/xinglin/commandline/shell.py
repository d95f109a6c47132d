"""What every command shares: the reader's language and the two consoles."""

from rich.console import Console

from xinglin.core.i18n import terminal_language, translate

LANGUAGE = terminal_language()

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def _(text: str) -> str:
    return translate(text, LANGUAGE)
