"""What can be wrong with an identifier: a rule, a sentence and what to do, in both languages.

No text repeats the identifier (faults are logged and shown) and none tells the right check character: that
would help to make a number up rather than to find the mistake.
"""

from dataclasses import dataclass, field
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.standards.identifiers.kinds import NAMES, Kind

RULES: Final[dict[str, tuple[str, str]]] = {
    "empty": (
        "No {kind} is given.",
        "Give it, or leave the element out.",
    ),
    "length": (
        "The {kind} has {found} characters; it needs {expected}.",
        "Copy it from the document again; look for what was lost or added at the start and the end.",
    ),
    "characters": (
        "The {kind} has a character that can't stand there, at place {place}.",
        "Correct that character; the letters O and I are often typed for the digits 0 and 1.",
    ),
    "form": (
        "The {kind} isn't written as it should be.",
        "Write it as {form}.",
    ),
    "rounded": (
        "The {kind} lost its last digits, as long numbers do in spreadsheets.",
        "Ask the source to send the column as text; the lost digits can't be restored from here.",
    ),
    "check": (
        "The last character of the {kind} doesn't fit the others.",
        "Compare every character with the document: one is wrong or two are swapped.",
    ),
    "check-organization": (
        "The organisation code inside the {kind} doesn't fit its check character.",
        "Compare the first nine characters with the document: one is wrong, or two are swapped.",
    ),
    "date-impossible": (
        "Places {places} of the {kind} are no date.",
        "Compare the birth date in the number with the document.",
    ),
    "date-future": (
        "The birth date in the {kind} (places {places}) lies in the future.",
        "Compare the birth date in the number with the document.",
    ),
    "province": (
        "Places {places} of the {kind} are the code of no province.",
        "Compare the first digits with the document.",
    ),
    "division": (
        "Places {places} of the {kind} are a division that is in no edition of the table.",
        "Compare these digits with the document; if the division is new, ask the operator for a newer table.",
    ),
    "other-kind": (
        "This is no {kind} but a {other}.",
        "Send it with the system or the document kind of a {other}.",
    ),
    "area-code": (
        "The {kind} lacks its area code.",
        "Write the area code before the number, as in 0791-8xxxxxxx.",
    ),
    "unassigned": (
        "The {kind} is in no range in use.",
        "Ask for the number again; look for a digit that is wrong or missing.",
    ),
}
"""Rule id: what is wrong, and what to do (message ids)."""


class WrongForm(Exception):
    """Raised while reading, to become a `Fault`; it never leaves this package."""

    def __init__(self, rule: str, **params: object) -> None:
        self.rule = rule
        self.params = params
        super().__init__(rule)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a text isn't an identifier of the kind it should be. It never holds the text itself."""

    kind: Kind
    rule: str
    message: Phrase = field(compare=False)
    remedy: Phrase = field(compare=False)

    def text(self, language: str = "en") -> str:
        """Say what is wrong, in `language` ("en" or "zh")."""
        return self.message.text(language)

    def advice(self, language: str = "en") -> str:
        """Say what to do about it, in `language`."""
        return self.remedy.text(language)


def fault(kind: Kind, wrong: WrongForm) -> Fault:
    """Make the fault that `wrong` means for an identifier of `kind`."""
    message, remedy = RULES[wrong.rule]
    params = {**wrong.params, "kind": Phrase(NAMES[kind])}
    return Fault(kind, wrong.rule, Phrase(message, **params), Phrase(remedy, **params))
