"""Which codes a value set holds (http://hl7.org/fhir/R4/valueset.html#compositions)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.standards.terminology.errors import (
    BadResource,
    CircularValueSet,
    NotComplete,
    TooCostly,
    UnknownSystem,
    UnknownValueSet,
)
from xinglin.standards.terminology.lexemes import lexemes, matches
from xinglin.standards.terminology.model import (
    Coded,
    Concept,
    Designation,
    Filter,
    Library,
    Selection,
    System,
)

GATHERED = 50_000
"""So many codes are worked with at most where a set can't be asked of one system alone."""


@dataclass(frozen=True, slots=True)
class Member:
    """A code in a value set; `language` is that of the concept's display, where the system says it."""

    coded: Coded
    version: str
    concept: Concept
    language: str = ""


Members = dict[Coded, Member]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a value set is wanted: names that match `words`, concepts in use, only these `codings`."""

    words: tuple[str, ...] = ()
    active: bool = False
    codings: frozenset[Coded] | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some members, and how many there are in all."""

    total: int
    members: Sequence[Member]


@dataclass
class Composer:
    """Reads value sets out of `library`; `versions` says which version of a system to use."""

    library: Library
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    forced: Mapping[str, str] = field(default_factory=dict[str, str])
    used: dict[str, str] = field(default_factory=dict[str, str])
    """Systems that were asked, with their versions."""

    async def page(self, value_set: Json, wanted: Wanted, offset: int, count: int) -> Page:
        """Give `count` members from `offset` on. Raises TerminologyError."""
        include = _only_include(value_set)
        if include is not None and "concept" not in include:
            system = await self.system(include)
            chosen = self._selection(value_set, include, wanted)
            found = await system.select(chosen, offset, count)
            return Page(found.total, [_member(system, one) for one in found.concepts])
        members = list((await self.members(value_set, wanted)).values())
        return Page(len(members), members[offset : offset + count])

    async def members(self, value_set: Json, wanted: Wanted, chain: tuple[str, ...] = ()) -> Members:
        """Give all members wanted, in order. Raises TooCostly where there are too many."""
        url: str = value_set.get("url", "")
        if url and url in chain:
            raise CircularValueSet(url=url, chain=" → ".join((*chain, url)))
        chain = (*chain, url) if url else chain
        compose = value_set.get("compose")
        if not compose:
            return _expanded(value_set, wanted)
        if compose.get("inactive") is False:
            wanted = replace(wanted, active=True)
        found = await self._included(compose.get("include", ()), wanted, chain)
        if found and compose.get("exclude"):
            within = replace(wanted, words=(), active=False, codings=frozenset(found))
            excluded = await self._included(compose["exclude"], within, chain)
            found = {coded: one for coded, one in found.items() if coded not in excluded}
        return found

    async def _included(self, parts: Sequence[Json], wanted: Wanted, chain: tuple[str, ...]) -> Members:
        found: Members = {}
        unknown: UnknownSystem | NotComplete | None = None
        for part in parts:
            try:
                for coded, one in (await self._part(part, wanted, chain)).items():
                    found.setdefault(coded, one)
            except (UnknownSystem, NotComplete) as error:
                # Where single codes are judged, another part may still hold them.
                if wanted.codings is None:
                    raise
                unknown = error
            if len(found) > GATHERED:
                raise TooCostly(limit=GATHERED)
        if unknown is not None and wanted.codings is not None and not wanted.codings <= found.keys():
            raise unknown
        return found

    async def _part(self, part: Json, wanted: Wanted, chain: tuple[str, ...]) -> Members:
        """Give what lies in every value set that an include names, and in its system's part."""
        found: Members | None = None
        order: Members = {}
        for canonical in part.get("valueSet", ()):
            inner = await self.value_set(canonical)
            found = await self.members(inner, wanted, chain)
            order = order or found
            wanted = replace(wanted, words=(), codings=frozenset(found))
        if "system" in part:
            codings = wanted.codings
            if codings is None:
                return await self._of_system(part, wanted)
            asked = any(one.system == part["system"] for one in codings)
            found = await self._of_system(part, wanted) if asked else {}
        within = found or {}
        return {coded: within[coded] for coded in order if coded in within} if order else within

    async def value_set(self, canonical: str) -> Json:
        """Give a value set, an implicit one of all codes of a system too. Raises UnknownValueSet."""
        url, _, version = canonical.partition("|")
        found = await self.library.value_set(url, version) or implicit(url, version)
        if found is None:
            raise UnknownValueSet(url=canonical)
        return found

    async def system(self, part: Json) -> System:
        """Give the system of an include. Raises UnknownSystem."""
        url: str = part["system"]
        version = self.forced.get(url) or part.get("version") or self.versions.get(url, "")
        found = await self.library.system(url, version)
        if found is None:
            raise UnknownSystem(url=f"{url}|{version}" if version else url)
        self.used[url] = found.head.version
        return found

    async def _of_system(self, part: Json, wanted: Wanted) -> Members:
        if "concept" in part:
            return await self._listed(part, wanted)
        system = await self.system(part)
        chosen = self._selection({}, part, wanted)
        if chosen.codes is None and system.head.content not in {"complete", "not-present"}:
            raise NotComplete(url=system.head.url)
        found = await system.select(chosen, 0, GATHERED)
        if found.total > GATHERED:
            raise TooCostly(limit=GATHERED)
        members = [_member(system, one) for one in found.concepts]
        asked = wanted.codings
        if asked is not None:
            return _as_asked(members, asked, system)
        return {one.coded: one for one in members}

    def _selection(self, value_set: Json, part: Json, wanted: Wanted) -> Selection:
        codes = None
        if wanted.codings is not None:
            codes = tuple(sorted(one.code for one in wanted.codings if one.system == part["system"]))
        inactive = value_set.get("compose", {}).get("inactive")
        try:
            filters = tuple(
                Filter(one["property"], one["op"], one["value"]) for one in part.get("filter", ())
            )
        except KeyError as error:
            detail = Phrase('"{name}" is missing', name=str(error.args[0]))
            raise BadResource(kind="ValueSet", detail=detail) from None
        return Selection(filters, wanted.words, codes, wanted.active or inactive is False)

    async def _listed(self, part: Json, wanted: Wanted) -> Members:
        """Give the concepts that an include lists, in its order and with its names."""
        url: str = part["system"]
        listed: dict[str, Json] = {one["code"]: one for one in part["concept"] if "code" in one}
        asked = wanted.codings
        try:
            system = await self.system(part)
        except UnknownSystem:
            known: Mapping[str, Concept] = {}
            system = None
        else:
            known = await system.find([*listed, *(one.code for one in asked or () if one.system == url)])
        found: Members = {}
        by_concept = {known[code].code: code for code in listed if code in known}
        pairs = [(code, code) for code in listed]
        if asked is not None:
            pairs = [
                (by_concept.get(known[one.code].code, one.code) if one.code in known else one.code, one.code)
                for one in asked
                if one.system == url
            ]
        for code, shown in pairs:
            member = _one_listed(system, url, listed.get(code), known.get(code))
            if member is not None and _is_wanted(member.concept, wanted):
                found[Coded(url, shown)] = member
        return found


def _one_listed(system: System | None, url: str, item: Json | None, known: Concept | None) -> Member | None:
    if item is None or (known is None and system is not None and system.head.content == "complete"):
        return None
    concept = known or Concept(item["code"])
    more = tuple(
        Designation(one["value"], one.get("language", ""), one.get("use"))
        for one in item.get("designation", ())
        if "value" in one
    )
    display = item.get("display") or concept.display
    concept = replace(concept, display=display, designations=(*more, *concept.designations))
    head = system.head if system else None
    language = "" if head is None or item.get("display") else head.language
    return Member(Coded(url, concept.code), head.version if head else "", concept, language)


def _is_wanted(concept: Concept, wanted: Wanted) -> bool:
    if wanted.active and concept.inactive:
        return False
    return not wanted.words or matches(wanted.words, lexemes(concept))


def _member(system: System, concept: Concept) -> Member:
    head = system.head
    return Member(Coded(head.url, concept.code), head.version, concept, head.language)


def _as_asked(members: Sequence[Member], asked: Collection[Coded], system: System) -> Members:
    """Give members by the codes as they were asked for: `i10` where the system doesn't mind case."""
    if system.head.case_sensitive:
        return {one.coded: one for one in members}
    by_folded = {one.concept.code.casefold(): one for one in members}
    url = system.head.url
    return {
        one: by_folded[one.code.casefold()]
        for one in asked
        if one.system == url and one.code.casefold() in by_folded
    }


def _only_include(value_set: Json) -> Json | None:
    """Give the one include of a set that is a part of one system, so that the system can page it."""
    compose: Json = value_set.get("compose") or {}
    includes: list[Json] = compose.get("include") or []
    if len(includes) != 1 or compose.get("exclude") or "valueSet" in includes[0]:
        return None
    return includes[0] if "system" in includes[0] else None


def _expanded(value_set: Json, wanted: Wanted) -> Members:
    """Give the members of a set that is known by its expansion alone."""
    found: Members = {}
    waiting: list[Any] = list(reversed(value_set.get("expansion", {}).get("contains", ())))
    while waiting:
        one: Json = waiting.pop()
        waiting += reversed(one.get("contains", ()))
        if "code" not in one or one.get("abstract"):
            continue
        coded = Coded(one.get("system", ""), one["code"])
        concept = Concept(one["code"], one.get("display", ""))
        if (wanted.codings is None or coded in wanted.codings) and _is_wanted(concept, wanted):
            found[coded] = Member(coded, one.get("version", ""), concept)
    return found


def implicit(url: str, version: str = "") -> Json | None:
    """Give the value set that an address of a system itself stands for; None where it is none.

    `?fhir_vs` means all codes of any system, `?fhir_vs=isa/CODE` those below one
    (http://hl7.org/fhir/R4/snomedct.html#implicit), http://loinc.org/vs all of LOINC.
    """
    system, mark, rest = url.partition("?fhir_vs")
    if url == "http://loinc.org/vs":
        system, mark, rest = "http://loinc.org", "vs", ""
    if not mark or (rest and not rest.startswith("=isa/")):
        return None
    include: Json = {"system": system}
    if version:
        include["version"] = version
    if rest:
        include["filter"] = [{"property": "concept", "op": "is-a", "value": rest.removeprefix("=isa/")}]
    return {"resourceType": "ValueSet", "url": url, "status": "active", "compose": {"include": [include]}}
