"""Scopes in words, for the person who is asked to allow them."""

from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.trust.tokens.scopes import EVERY, LETTERS, Scope

_VERBS: Final = {
    "c": Phrase("add"),
    "r": Phrase("read"),
    "u": Phrase("modify"),
    "d": Phrase("delete"),
    "s": Phrase("search"),
}
_BETWEEN: Final = {"zh": "、", "en": ", "}
OFFLINE: Final = Phrase("go on using this when you aren't there, until you or the hub end it")
IDENTITY: Final = Phrase("know who you are")


def in_words(scope: Scope, language: str) -> str:
    """Say what a scope allows, such as "read, search: Observation of the chosen patient"."""
    verbs = _BETWEEN[language].join(_VERBS[one].text(language) for one in LETTERS if one in scope.may)
    what = Phrase("every kind of record").text(language) if scope.type == EVERY else scope.type
    if scope.level == "patient":
        told = Phrase("{verbs}: {what} of the chosen patient", verbs=verbs, what=what).text(language)
    else:
        everybody = Phrase("{verbs}: {what} of everybody whose records you may use", verbs=verbs, what=what)
        told = everybody.text(language)
    if scope.query:
        only = " & ".join(f"{name} = {value}" for name, value in scope.query)
        told += Phrase(" (only {only})", only=only).text(language)
    return told
