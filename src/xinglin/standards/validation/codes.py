"""Codes by their own system, whatever an element binds: unknown codes, displays, units, relative systems."""

from collections.abc import Callable
from typing import Any, Final

from xinglin.standards.validation.context import Check, Context, Json
from xinglin.standards.validation.findings import Drafts, at, error, excerpt, warning
from xinglin.standards.validation.terminology import UCUM, CodeTable, Terminology

_CACHE = 8192
_OWN: Final = "http://hl7.org/fhir/"


def compile_coding(terminology: Terminology) -> Check:
    """Make the check of every Coding against its own system. Answers are remembered."""
    known: dict[tuple[Any, Any, Any], Callable[[], Drafts] | None] = {}

    def check(value: Json, _context: Context) -> Drafts | None:
        system, code, display = value.get("system"), value.get("code"), value.get("display")
        key = (system, code, display)
        try:
            make = known[key]
        except KeyError:
            if len(known) >= _CACHE:
                known.clear()
            make = known[key] = _judge(terminology, system, code, display)
        except TypeError:
            return None
        return make() if make else None

    return check


def _judge(terminology: Terminology, system: Any, code: Any, display: Any) -> Callable[[], Drafts] | None:
    """Give what makes the findings, or None; each finding is made afresh since its location differs."""
    if type(system) is not str:
        if type(code) is str and system is None:
            return lambda: [warning("system-missing", code=excerpt(code))]
        return None
    if ":" not in system:
        return lambda: at(".system", [error("system-relative", system=excerpt(system))])
    if type(code) is not str:
        return None
    return _judge_code(terminology, system, code, display)


def _judge_code(
    terminology: Terminology, system: str, code: str, display: Any
) -> Callable[[], Drafts] | None:
    if terminology.is_value_set(system):
        return lambda: at(".system", [error("system-is-value-set", system=system)])
    if _is_missing(terminology, system):
        return lambda: at(".system", [error("code-system-unknown", system=system)])
    if terminology.has_code(system, code) is False:
        # FHIR's own systems belong to R4 and are fixed; those of terminology.hl7.org go on growing.
        make = error if system.startswith(_OWN) else warning
        return lambda: at(".code", [make("code-unknown", system=system, code=excerpt(code))])
    table = terminology.code_system(system)
    if table is None or type(display) is not str:
        return None
    right = _other_display(table, code, display)
    if right is None:
        return None
    return lambda: at(
        ".display", [warning("code-display", system=system, display=right, found=excerpt(display))]
    )


def _is_missing(terminology: Terminology, system: str) -> bool:
    """Whether `system` claims to be one of FHIR's own and isn't."""
    own = system.startswith(_OWN) and "/" not in system[len(_OWN) :]
    return own and terminology.code_system(system) is None


def _other_display(table: CodeTable, code: str, display: str) -> str | None:
    """Give the display a code should have; None where `display` is it, but for case and spaces."""
    concept = table.find(code)
    if concept is None or concept.display is None:
        return None
    allowed = {_folded(one) for one in (concept.display, *concept.designations)}
    return None if _folded(display) in allowed else concept.display


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def compile_quantity(terminology: Terminology) -> Check:
    """Make the check of a Quantity's UCUM unit."""
    known: dict[str, bool | None] = {}

    def check(value: Json, _context: Context) -> Drafts | None:
        code = value.get("code")
        if type(code) is not str or value.get("system") != UCUM:
            return None
        if code not in known:
            if len(known) >= _CACHE:
                known.clear()
            known[code] = terminology.has_code(UCUM, code)
        return None if known[code] else at(".code", [warning("unit", code=excerpt(code))])

    return check


def check_identifier(value: Json, _context: Context) -> Drafts | None:
    """Check that an Identifier's system is absolute, and its value too where the system says it is a URI."""
    system, text = value.get("system"), value.get("value")
    if type(system) is not str:
        return None
    if ":" not in system:
        return at(".system", [error("system-relative", system=excerpt(system))])
    if system == "urn:ietf:rfc:3986" and type(text) is str and ":" not in text:
        return at(".value", [warning("identifier-uri", value=excerpt(text))])
    return None
