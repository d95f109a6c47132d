"""Strings (http://hl7.org/fhirpath/N1/#string-manipulation and, for the newer ones, http://hl7.org/fhirpath/#string-manipulation)."""

import base64
import binascii
import html
import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath import tree
from xinglin.standards.fhirpath.adapt import single
from xinglin.standards.fhirpath.arithmetic import bounded
from xinglin.standards.fhirpath.code import Code, Env, Need, Scope
from xinglin.standards.fhirpath.errors import EvaluationError, TooComplex
from xinglin.standards.fhirpath.functions.registry import INTEGER, TEXT, scalar, special

if TYPE_CHECKING:
    import regex

    from xinglin.standards.fhirpath.compiler import Compiler

MAX_PATTERN = 5_000
"""Longest regular expression, in characters."""
MAX_MATCH_SECONDS = 0.2
"""How long one match may take: some patterns would run for years."""
_SEPARATOR = Phrase("an argument of {function}", function="join()")


@scalar("indexOf", TEXT, TEXT, gives="Integer")
def index_of(text: str, part: str) -> int:
    """Say where `part` begins, counted from 0; -1 where it isn't."""
    return text.find(part)


@scalar("lastIndexOf", TEXT, TEXT, gives="Integer")
def last_index_of(text: str, part: str) -> int:
    """Say where `part` begins for the last time."""
    return text.rfind(part)


@scalar("substring", TEXT, INTEGER, INTEGER, least=1, gives="String")
def substring(text: str, start: int, length: int | None = None) -> str | None:
    """Give the part from `start` on; None where that is outside."""
    if not 0 <= start < len(text):
        return None
    return text[start:] if length is None else text[start : start + max(0, length)]


@scalar("startsWith", TEXT, TEXT, gives="Boolean")
def starts_with(text: str, prefix: str) -> bool:
    """Say whether the text begins so."""
    return text.startswith(prefix)


@scalar("endsWith", TEXT, TEXT, gives="Boolean")
def ends_with(text: str, suffix: str) -> bool:
    """Say whether the text ends so."""
    return text.endswith(suffix)


@scalar("contains", TEXT, TEXT, gives="Boolean")
def contains(text: str, part: str) -> bool:
    """Say whether `part` is in the text."""
    return part in text


@scalar("upper", TEXT, gives="String")
def upper(text: str) -> str:
    """Give the text in capitals."""
    return text.upper()


@scalar("lower", TEXT, gives="String")
def lower(text: str) -> str:
    """Give the text in small letters."""
    return text.lower()


@scalar("replace", TEXT, TEXT, TEXT, gives="String")
def replace(text: str, pattern: str, substitution: str) -> str:
    """Give the text with every `pattern` replaced."""
    if len(text) * (1 + len(substitution)) > 50_000_000:
        raise EvaluationError(detail=Phrase("{function} would make too long a text", function="replace()"))
    return bounded(text.replace(pattern, substitution))


@lru_cache(maxsize=1024)
def _pattern(source: str) -> "regex.Pattern[str]":
    # Not the standard library's `re`: that one can't be stopped, and some patterns run for years.
    import regex

    if len(source) > MAX_PATTERN:
        raise TooComplex(detail=Phrase("a regular expression of {count} characters", count=len(source)))
    try:
        # Single-line mode, as N1 asks: the dot matches line ends as well.
        return regex.compile(source, regex.DOTALL | regex.VERSION0)
    except (regex.error, OverflowError, RecursionError, ValueError):
        raise EvaluationError(detail=Phrase("a regular expression can't be read")) from None


def _too_slow() -> TooComplex:
    return TooComplex(
        detail=Phrase("a regular expression takes longer than {seconds} s", seconds=MAX_MATCH_SECONDS)
    )


@scalar("matches", TEXT, TEXT, gives="Boolean")
def matches(text: str, pattern: str) -> bool:
    """Say whether the pattern is found somewhere in the text."""
    try:
        return _pattern(pattern).search(text, timeout=MAX_MATCH_SECONDS) is not None
    except TimeoutError:
        raise _too_slow() from None


@scalar("matchesFull", TEXT, TEXT, gives="Boolean")
def matches_full(text: str, pattern: str) -> bool:
    """Say whether the pattern fits the whole text."""
    try:
        return _pattern(pattern).fullmatch(text, timeout=MAX_MATCH_SECONDS) is not None
    except TimeoutError:
        raise _too_slow() from None


_GROUP = re.compile(r"\$(?:(\d{1,2})|\{(\w+)\})|\\(.)", re.DOTALL)


@scalar("replaceMatches", TEXT, TEXT, TEXT, gives="String")
def replace_matches(text: str, pattern: str, substitution: str) -> str:
    """Give the text with every match replaced; `$1` and `${name}` stand for groups."""
    if not pattern:
        return text

    def filled(match: "regex.Match[str]") -> str:
        def group(reference: "re.Match[str]") -> str:
            number, name, escaped = reference.groups()
            if escaped is not None:
                return str(escaped)
            return match.group(int(number) if number is not None else name) or ""

        return _GROUP.sub(group, substitution)

    try:
        return bounded(_pattern(pattern).sub(filled, text, timeout=MAX_MATCH_SECONDS))
    except TimeoutError:
        raise _too_slow() from None
    except IndexError:
        raise EvaluationError(
            detail=Phrase("replaceMatches() names a group that the pattern doesn't have")
        ) from None


@scalar("length", TEXT, gives="Integer")
def length(text: str) -> int:
    """Give the number of characters."""
    return len(text)


@scalar("trim", TEXT, gives="String")
def trim(text: str) -> str:
    """Give the text without white space at its ends."""
    return text.strip()


def _listing(name: str, arguments: int, split: Callable[..., list[str]]) -> None:
    def compile_call(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
        c.uses_env = True
        what = f"{name}()"
        an_argument = Phrase("an argument of {function}", function=what)
        source, _ = c.system(call.input or tree.Special("this"), scope)
        others = [c.system(argument, scope.branch())[0] for argument in call.arguments]

        def run(this: Any, env: Env) -> list[Any]:
            text = single(source(this, env), what)
            values = [single(argument(this, env), an_argument) for argument in others]
            if text is None or None in values:
                return []
            if not all(isinstance(one, str) for one in (text, *values)):
                raise EvaluationError(detail=Phrase("{function} needs strings", function=what))
            found = split(text, *values)
            env.tick(len(found))
            return found

        return Code(run, ("System.String",))

    special(name, arguments)(compile_call)


def _split(text: str, by: str) -> list[str]:
    return text.split(by) if by else list(text)


_listing("toChars", 0, list)
_listing("split", 1, _split)


@special("join", 0, 1)
def join(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Give all strings as one, with a separator."""
    source, _ = c.system(call.input or tree.Special("this"), scope)
    separator = c.system(call.arguments[0], scope.branch())[0] if call.arguments else None

    def run(this: Any, env: Env) -> list[Any]:
        items = source(this, env)
        between = single(separator(this, env), _SEPARATOR) if separator else ""
        if not items or between is None:
            return []
        if not all(isinstance(one, str) for one in (between, *items)):
            raise EvaluationError(detail=Phrase("{function} needs strings", function="join()"))
        if sum(map(len, items)) + len(between) * len(items) > 1_000_000:
            raise EvaluationError(detail=Phrase("{function} would make too long a text", function="join()"))
        return [between.join(items)]

    return Code(run, ("System.String",))


@scalar("encode", TEXT, TEXT, gives="String")
def encode(text: str, form: str) -> str | None:
    """Give the text in `hex`, `base64` or `urlbase64`."""
    data = text.encode()
    match form:
        case "hex":
            return data.hex()
        case "base64":
            return base64.b64encode(data).decode()
        case "urlbase64":
            return base64.urlsafe_b64encode(data).decode()
        case _:
            return None


@scalar("decode", TEXT, TEXT, gives="String")
def decode(text: str, form: str) -> str | None:
    """Give the text read from `hex`, `base64` or `urlbase64`."""
    try:
        match form:
            case "hex":
                return bytes.fromhex(text).decode()
            case "base64":
                return base64.b64decode(text, validate=True).decode()
            case "urlbase64":
                return base64.b64decode(text, altchars=b"-_", validate=True).decode()
            case _:
                return None
    except (binascii.Error, ValueError):
        raise EvaluationError(detail=Phrase("a text isn't {form}", form=form)) from None


@scalar("escape", TEXT, TEXT, gives="String")
def escape(text: str, target: str) -> str | None:
    """Give the text made safe for `html` or `json`."""
    if target == "html":
        return bounded(html.escape(text, quote=True))
    return bounded(json.dumps(text, ensure_ascii=False)[1:-1]) if target == "json" else None


@scalar("unescape", TEXT, TEXT, gives="String")
def unescape(text: str, target: str) -> str | None:
    """Give the text that `escape` was given."""
    if target == "html":
        return html.unescape(text)
    if target != "json":
        return None
    try:
        # A quotation mark that stands unescaped is taken as it is.
        return str(json.loads('"' + re.sub(r'(?<!\\)((?:\\\\)*)"', r'\1\\"', text) + '"', strict=False))
    except ValueError:
        raise EvaluationError(detail=Phrase("a text isn't escaped JSON")) from None
