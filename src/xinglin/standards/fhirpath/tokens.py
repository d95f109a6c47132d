"""Cut the text of an expression into tokens (http://hl7.org/fhirpath/N1/grammar.html, lexical rules)."""

import re
from dataclasses import dataclass
from typing import Literal

from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath.errors import SyntaxProblem, TooComplex

MAX_TEXT = 100_000
"""Longest expression read, in characters; the longest in FHIR R4 has about 1,500."""

Kind = Literal[
    "identifier",
    "delimited",
    "number",
    "string",
    "date",
    "datetime",
    "time",
    "external",
    "special",
    "symbol",
    "end",
]

_TOKEN = re.compile(
    r"""
    (?P<skip> \s+ | //[^\r\n]* | /\*.*?\*/ )
  | (?P<datetime> @\d{4}(?:-\d\d(?:-\d\d)?)?T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)? )
  | (?P<date> @\d{4}(?:-\d\d(?:-\d\d)?)? )
  | (?P<time> @T\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)? )
  | (?P<number> \d+(?:\.\d+)? )
  | (?P<identifier> [A-Za-z_][A-Za-z0-9_]* )
  | (?P<string> '(?:\\.|[^'\\])*' )
  | (?P<delimited> `(?:\\.|[^`\\])*` )
  | (?P<external> %(?:[A-Za-z_][A-Za-z0-9_]*|`(?:\\.|[^`\\])*`|'(?:\\.|[^'\\])*') )
  | (?P<special> \$(?:this|index|total)\b )
  | (?P<symbol> <=|>=|!=|!~|[-+*/|&=~<>.,()\[\]{}] )
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_ESCAPED = {"f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text; `text` is what it means (strings and delimited names without their quotes)."""

    kind: Kind
    text: str
    at: int


def tokenize(text: str) -> list[Token]:
    """Give all tokens, the last of kind "end". Raises SyntaxProblem or TooComplex."""
    if len(text) > MAX_TEXT:
        raise TooComplex(
            detail=Phrase("{count} characters, {limit} are allowed", count=len(text), limit=MAX_TEXT)
        )
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SyntaxProblem(
                position=at + 1, detail=Phrase("unexpected {what}", what=repr(text[at : at + 10]))
            )
        kind = match.lastgroup
        if kind != "skip":
            tokens.append(Token(kind, _meaning(kind, match.group()), at))  # type: ignore[arg-type]
        at = match.end()
    tokens.append(Token("end", "", at))
    return tokens


def _meaning(kind: str | None, text: str) -> str:
    if kind in {"string", "delimited"}:
        return unescape(text[1:-1])
    if kind == "external":
        return unescape(text[2:-1]) if text[1] in "`'" else text[1:]
    return text


def unescape(text: str) -> str:
    r"""Resolve `\uXXXX` and the other escapes; a backslash before anything else is dropped, as N1 says."""
    if "\\" not in text:
        return text
    found = _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _ESCAPED.get(m[2], m[2]), text)
    # Two \u escapes may spell one character outside the basic plane; one surrogate alone is no character.
    return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def escape(text: str, quote: str) -> str:
    """Write `text` so that it can stand between `quote`s and reads back the same."""
    out = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
    for letter, meaning in _ESCAPED.items():
        out = out.replace(meaning, "\\" + letter)
    return out
