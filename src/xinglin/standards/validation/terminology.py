"""Value sets decided from the definitions at hand: yes, no, or not to be decided here.

Expansion follows http://hl7.org/fhir/R4/valueset.html#compositions as far as the code systems are known.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import RLock
from typing import Any, Final

from babel.numbers import list_currencies

from xinglin.standards.definitions import Definitions
from xinglin.standards.fhirpath import ucum

Json = dict[str, Any]
Verdict = bool | None
"""True: in the set. False: not in it. None: can't be decided here."""
Contains = Callable[[str | None, str], Verdict]
"""Whether a system (None: any) and code are in a set."""

_EXTENDED: Final = frozenset({"ar", "kok", "lv", "ms", "sgn", "sw", "uz", "zh"})
"""Languages that have extended subtags ("zh-yue") in the IANA registry; `en-AUS` only looks like one."""
_LONGEST_LANGUAGE: Final = 80
_LANGUAGE = re.compile(
    r"([A-Za-z]{2,3}(-[A-Za-z]{3}){0,3})(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
    r"(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*(-[A-WYZa-wyz0-9](-[A-Za-z0-9]{2,8})+)*(-[Xx](-[A-Za-z0-9]{1,8})+)?"
    r"|[Xx](-[A-Za-z0-9]{1,8})+|i-[A-Za-z]+"
)
_MIME = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+*-]+(\s*;.*)?")
# FHIR's own short names (http://hl7.org/fhir/R4/http.html#mime-type) are used as codes too.
_MIME_SHORT: Final = frozenset({"xml", "json", "ttl", "html", "text"})
_CURRENCIES: Final = frozenset(list_currencies())


def _is_language(code: str) -> bool:
    found = _LANGUAGE.fullmatch(code) if len(code) <= _LONGEST_LANGUAGE else None
    return found is not None and (not found[2] or code.partition("-")[0].lower() in _EXTENDED)


UCUM: Final = "http://unitsofmeasure.org"
GRAMMARS: Final[Mapping[str, Callable[[str], bool]]] = {
    "urn:ietf:bcp:47": _is_language,
    "urn:ietf:bcp:13": lambda code: _MIME.fullmatch(code) is not None or code in _MIME_SHORT,
    "urn:iso:std:iso:4217": _CURRENCIES.__contains__,
    UCUM: ucum.is_known,
}
"""Code systems that are a way of writing rather than a list."""


@dataclass(frozen=True, slots=True)
class Concept:
    """One concept of a code system."""

    code: str
    display: str | None
    designations: tuple[str, ...]
    properties: tuple[tuple[str, str], ...]
    parents: frozenset[str]


class CodeTable:
    """The concepts of one code system; `complete` says whether all of them are known."""

    def __init__(self, resource: Json) -> None:
        """Read a CodeSystem `resource`."""
        self.complete: bool = resource.get("content") == "complete"
        self.case_sensitive: bool = resource.get("caseSensitive", True)
        self.version: str = resource.get("version", "")
        self._concepts = {one.code: one for one in _walk(resource.get("concept", ()), None)}
        self._folded = {} if self.case_sensitive else {code.casefold(): code for code in self._concepts}

    def __iter__(self) -> Iterator[Concept]:
        return iter(self._concepts.values())

    def find(self, code: str) -> Concept | None:
        """Give the concept of `code`; None where there is none."""
        found = self._concepts.get(code)
        if found is None and self._folded:
            found = self._concepts.get(self._folded.get(code.casefold(), ""))
        return found

    @cached_property
    def codes(self) -> frozenset[str]:
        """All known codes."""
        return frozenset(self._concepts)

    def is_below(self, code: str, ancestor: str) -> bool:
        """Whether `code` is a descendant of `ancestor`."""
        pending, seen = [code], {code}
        while pending:
            concept = self._concepts.get(pending.pop())
            for parent in concept.parents - seen if concept else ():
                if parent == ancestor:
                    return True
                seen.add(parent)
                pending.append(parent)
        return False


def _walk(concepts: Iterable[Json], parent: str | None) -> Iterator[Concept]:
    for one in concepts:
        parents = {parent} if parent else set[str]()
        properties: list[tuple[str, str]] = []
        for prop in one.get("property", ()):
            value = next((str(item) for key, item in prop.items() if key.startswith("value")), "")
            properties.append((prop["code"], value))
            if prop["code"] in {"parent", "subsumedBy"}:
                parents.add(value)
        designations = tuple(item["value"] for item in one.get("designation", ()) if "value" in item)
        yield Concept(one["code"], one.get("display"), designations, tuple(properties), frozenset(parents))
        yield from _walk(one.get("concept", ()), one["code"])


class Terminology:
    """Code systems and value sets of some definitions, read when first needed and kept."""

    def __init__(self, definitions: Definitions) -> None:
        """Answer from `definitions`."""
        self._definitions = definitions
        self._tables: dict[str, CodeTable] = {}
        self._sets: dict[str, Contains] = {}
        self._making: set[str] = set()
        self._turn = RLock()
        self._finite: dict[str, frozenset[str] | None] = {}

    def code_system(self, url: str) -> CodeTable | None:
        """Give the code table of `url`; None where it isn't known."""
        found = self._tables.get(url)
        if found is None:
            # Records may name any number of unknown systems; only known ones are kept.
            resource = self._definitions.code_system(url)
            if resource is not None:
                found = self._tables[url] = CodeTable(resource)
        return found

    def is_value_set(self, url: str) -> bool:
        """Say whether `url` names a value set and no code system."""
        return self.code_system(url) is None and self._definitions.value_set(url) is not None

    def value_set(self, url: str) -> Contains:
        """Give the test for membership of the value set `url`; undecided where it isn't known."""
        return self._sets.get(url) or self._make(url)

    def _make(self, url: str) -> Contains:
        with self._turn:
            if url in self._making:
                return _undecided  # A value set that includes itself.
            resource = self._definitions.value_set(url)
            self._making.add(url)
            try:
                made = self._sets[url] = self.compile(resource) if resource else _undecided
            finally:
                self._making.discard(url)
            return made

    def finite_codes(self, url: str) -> frozenset[str] | None:
        """Give all codes of the value set `url`, whatever their system; None where they can't be listed."""
        if url not in self._finite:
            resource = self._definitions.value_set(url)
            compose = (resource or {}).get("compose", {})
            listed: set[str] | None = None if not compose or "exclude" in compose else set()
            for include in compose.get("include", ()):
                codes = self._listed(include)
                listed = None if listed is None or codes is None else listed | codes
            self._finite[url] = None if listed is None else frozenset(listed)
        return self._finite[url]

    def _listed(self, include: Json) -> set[str] | None:
        if "filter" in include:
            return None
        if "valueSet" in include:
            if "system" in include or len(include["valueSet"]) != 1:
                return None
            codes = self.finite_codes(include["valueSet"][0])
            return None if codes is None else set(codes)
        if "concept" in include:
            return {one["code"] for one in include["concept"]}
        table = self.code_system(include["system"])
        return set(table.codes) if table and table.complete and table.case_sensitive else None

    def compile(self, resource: Json) -> Contains:
        """Compile a ValueSet `resource` to its membership test."""
        compose = resource.get("compose")
        if not compose:
            return _expanded(resource["expansion"]) if "expansion" in resource else _undecided
        includes = [self._include(one) for one in compose.get("include", ())]
        excludes = [self._include(one) for one in compose.get("exclude", ())]

        def contains(system: str | None, code: str) -> Verdict:
            inside = _any(includes, system, code)
            if inside is False or not excludes:
                return inside
            outside = _any(excludes, system, code)
            return False if outside else (None if outside is None else inside)

        return contains

    def _include(self, include: Json) -> Contains:
        parts = [self.value_set(url) for url in include.get("valueSet", ())]
        if "system" in include:
            parts.append(self._of_system(include))
        if len(parts) == 1:
            return parts[0]

        def contains(system: str | None, code: str) -> Verdict:
            verdicts = {part(system, code) for part in parts}
            return False if False in verdicts else (None if None in verdicts else True)

        return contains

    def _of_system(self, include: Json) -> Contains:
        own: str = include["system"]
        if "concept" in include:
            codes: Iterable[str] = {one["code"] for one in include["concept"]}
            table = self.code_system(own)
            return _listed_in(own, frozenset(codes), fold=table is not None and not table.case_sensitive)
        if "filter" in include:
            filters = [self._filter(own, one) for one in include["filter"]]

            def passes(system: str | None, code: str) -> Verdict:
                if system is not None and system != own:
                    return False
                verdicts = {one(code) for one in filters}
                return False if False in verdicts else (None if None in verdicts else True)

            return passes
        return self._whole_system(own)

    def _whole_system(self, own: str) -> Contains:
        def contains(system: str | None, code: str) -> Verdict:
            return False if system is not None and system != own else self.has_code(own, code)

        return contains

    def has_code(self, system: str, code: str) -> Verdict:
        """Say whether `system` defines `code`."""
        grammar = GRAMMARS.get(system)
        if grammar is not None:
            return grammar(code)
        table = self.code_system(system)
        if table is None:
            return None
        if table.find(code) is not None:
            return True
        return False if table.complete else None

    def _filter(self, system: str, one: Json) -> Callable[[str], Verdict]:
        table = self.code_system(system)
        test = _FILTERS.get(one["op"])
        if table is None or not table.complete or test is None:
            return lambda _code: None
        name: str = one["property"]
        value: str = one["value"]

        def passes(code: str) -> Verdict:
            concept = table.find(code)
            return False if concept is None else test(table, concept, name, value)

        return passes


def _undecided(_system: str | None, _code: str) -> Verdict:
    return None


def _any(parts: Iterable[Contains], system: str | None, code: str) -> Verdict:
    verdict: Verdict = False
    for part in parts:
        one = part(system, code)
        if one:
            return True
        if one is None:
            verdict = None
    return verdict


def _listed_in(own: str, codes: frozenset[str], *, fold: bool) -> Contains:
    folded = frozenset(code.casefold() for code in codes) if fold else frozenset[str]()

    def contains(system: str | None, code: str) -> Verdict:
        if system is not None and system != own:
            return False
        return code in codes or (fold and code.casefold() in folded)

    return contains


def _expanded(expansion: Json) -> Contains:
    pairs: set[tuple[str, str]] = set()
    pending = list(expansion.get("contains", ()))
    while pending:
        one = pending.pop()
        pending.extend(one.get("contains", ()))
        if "code" in one and not one.get("abstract"):
            pairs.add((one.get("system", ""), one["code"]))
    codes = {code for _, code in pairs}
    return lambda system, code: code in codes if system is None else (system, code) in pairs


def _values(concept: Concept, name: str) -> list[str]:
    match name:
        case "concept" | "code":
            return [concept.code]
        case "display":
            return [concept.display or ""]
        case "parent":
            return sorted(concept.parents)
        case _:
            return [value for key, value in concept.properties if key == name]


def _matches(_table: CodeTable, concept: Concept, name: str, value: str) -> Verdict:
    try:
        pattern = re.compile(value)
    except re.error:
        return None
    return any(pattern.fullmatch(one) for one in _values(concept, name))


Filter = Callable[[CodeTable, Concept, str, str], Verdict]

_FILTERS: Final[Mapping[str, Filter]] = {
    "is-a": lambda table, concept, _name, value: concept.code == value or table.is_below(concept.code, value),
    "descendent-of": lambda table, concept, _name, value: table.is_below(concept.code, value),
    "is-not-a": lambda table, concept, _name, value: (
        concept.code != value and not table.is_below(concept.code, value)
    ),
    "=": lambda _table, concept, name, value: value in _values(concept, name),
    "in": lambda _table, concept, name, value: bool(set(value.split(",")) & set(_values(concept, name))),
    "not-in": lambda _table, concept, name, value: not set(value.split(",")) & set(_values(concept, name)),
    "exists": lambda _table, concept, name, value: bool(_values(concept, name)) == (value == "true"),
    "regex": _matches,
}
