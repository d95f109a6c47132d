"""Bindings: is a code of the value set? See http://hl7.org/fhir/R4/terminologies.html#strength."""

from collections.abc import Callable
from typing import Any, Final

from xinglin.core.i18n import Phrase
from xinglin.standards.validation.context import Check, Context, is_array, is_object
from xinglin.standards.validation.findings import Draft, Drafts, Severity
from xinglin.standards.validation.terminology import UCUM, Contains, Terminology, Verdict

Json = dict[str, Any]

_MAX_VALUE_SET: Final = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
_SEVERITIES: Final[dict[str, Severity]] = {
    "required": "error",
    "max": "error",
    "extensible": "warning",
    "preferred": "information",
}
_CACHE = 4096
_NO_CODE: Final = Phrase("a coding without a code")
CODED: Final = frozenset({"code", "Coding", "CodeableConcept", "Quantity", "string", "uri"})
"""Types that a binding speaks of."""


def max_value_set(binding: Json) -> str | None:
    """Give the value set that an extensible or preferred `binding` must not leave, where it names one."""
    for one in binding.get("extension", ()):
        if one["url"] == _MAX_VALUE_SET:
            return one.get("valueCanonical") or one.get("valueUri")
    return None


def compile_bindings(terminology: Terminology, type_name: str, binding: Json) -> list[Check]:
    """Compile a `binding` of an element of `type_name` to checks of its values."""
    checks: list[Check] = []
    pairs = [(binding.get("strength", "example"), binding.get("valueSet")), ("max", max_value_set(binding))]
    for strength, url in pairs:
        if url and strength in _SEVERITIES and type_name in _COMPILERS:
            checks.append(_COMPILERS[type_name](_Binding(terminology, strength, url)))
    return checks


class _Binding:
    """One value set and how strictly it binds; answers are remembered."""

    def __init__(self, terminology: Terminology, strength: str, url: str) -> None:
        self.terminology = terminology
        self.strength = strength
        self.url = url.partition("|")[0]
        self.canonical = url
        self._contains: Contains = terminology.value_set(url)
        self._known: dict[tuple[str | None, str], Verdict] = {}

    def contains(self, system: str | None, code: str) -> Verdict:
        key = (system, code)
        try:
            return self._known[key]
        except KeyError:
            if len(self._known) >= _CACHE:
                self._known.clear()
            verdict = self._known[key] = self._contains(system, code)
            return verdict

    def breach(self, found: str | Phrase) -> Drafts:
        params = {"valueset": self.url, "found": found}
        return [Draft(_SEVERITIES[self.strength], f"binding-{self.strength}", params=params)]

    def undecided(self, found: str | Phrase) -> Drafts | None:
        if self.strength not in {"required", "max"}:
            return None
        params = {"valueset": self.url, "found": found}
        return [Draft("information", "binding-unchecked", params=params)]


def _code(binding: _Binding) -> Check:
    listed = binding.terminology.finite_codes(binding.canonical) or frozenset[str]()

    def check(value: Any, _context: Context) -> Drafts | None:
        if value in listed:
            return None
        if type(value) is not str:
            return None
        verdict = binding.contains(None, value)
        if verdict:
            return None
        return binding.undecided(f"“{value}”") if verdict is None else binding.breach(f"“{value}”")

    return check


def _shown(coding: Json) -> str:
    return f"“{coding.get('system', '')}#{coding.get('code', '')}”"


def _is_coding(value: Any) -> bool:
    return is_object(value) and type(value.get("code")) is str and type(value.get("system", "")) is str


def _coding(binding: _Binding) -> Check:
    def check(value: Any, _context: Context) -> Drafts | None:
        if not is_object(value):
            return None
        if not _is_coding(value):
            return binding.breach(_NO_CODE) if binding.strength == "required" and value else None
        verdict = binding.contains(value.get("system", ""), value["code"])
        if verdict:
            return None
        return binding.undecided(_shown(value)) if verdict is None else binding.breach(_shown(value))

    return check


def _concept(binding: _Binding) -> Check:
    def check(value: Any, _context: Context) -> Drafts | None:
        if not is_object(value):
            return None
        codings = value.get("coding")
        if not is_array(codings) or not codings:
            if binding.strength == "required":
                return [Draft("error", "code-missing", params={"valueset": binding.url})]
            return None
        undecided = False
        shown = ""
        for coding in codings:
            if not _is_coding(coding):
                continue
            verdict = binding.contains(coding.get("system", ""), coding["code"])
            if verdict:
                return None
            undecided = undecided or verdict is None
            shown = shown or _shown(coding)
        if undecided:
            return binding.undecided(shown)
        return binding.breach(shown or _NO_CODE)

    return check


def _quantity(binding: _Binding) -> Check:
    def check(value: Any, _context: Context) -> Drafts | None:
        if not _is_coding(value):
            return None
        verdict = binding.contains(value.get("system", UCUM), value["code"])
        if verdict:
            return None
        return binding.undecided(_shown(value)) if verdict is None else binding.breach(_shown(value))

    return check


_COMPILERS: Final[dict[str, Callable[[_Binding], Check]]] = {
    "code": _code,
    "string": _code,
    "uri": _code,
    "Coding": _coding,
    "CodeableConcept": _concept,
    "Quantity": _quantity,
}
