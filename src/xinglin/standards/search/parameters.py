"""Search parameters by resource type, compiled from SearchParameter resources.

http://hl7.org/fhir/R4/searchparameter.html, http://hl7.org/fhir/R4/searchparameter-registry.html
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from types import MappingProxyType
from typing import Any

from xinglin.core.i18n import Phrase
from xinglin.standards import definitions
from xinglin.standards.search import keys
from xinglin.standards.search.errors import BadParameter

Json = Mapping[str, Any]

INHERITED = ("Resource", "DomainResource")
KINDS = frozenset({"number", "date", "string", "token", "reference", "composite", "quantity", "uri"})
NOT_DOMAIN = frozenset({"Bundle", "Binary", "Parameters"})
"""Resource types that aren't DomainResources (http://hl7.org/fhir/R4/domainresource.html)."""

_R4 = "http://hl7.org/fhir/SearchParameter/"
_CORRECTED = {
    # R4 writes functions and types here that FHIRPath hasn't got, or nothing at all.
    f"{_R4}questionnaireresponse-extensions-QuestionnaireResponse-item-subject": (
        "QuestionnaireResponse.item.where(extension("
        "'http://hl7.org/fhir/StructureDefinition/questionnaireresponse-isSubject').exists())"
        ".answer.value.ofType(Reference)"
    ),
    f"{_R4}DomainResource-text": "DomainResource.text.div",
}
_CORRECTED_PARTS = {
    # R4 has the parameters of this composite's two parts the wrong way round.
    _R4 + "DocumentReference-relationship": {
        "code": _R4 + "DocumentReference-relation",
        "target": _R4 + "DocumentReference-relatesto",
    },
}
_AS_OPERATOR = re.compile(r"\(\s*([A-Za-z][\w.]*)\s+as\s+(\w+)\s*\)")
_AS_BARE = re.compile(r"^([A-Za-z][\w.]*)\s+as\s+(\w+)$")
_AS_FUNCTION = re.compile(r"\.as\((\w+)\)")
_ROOT = re.compile(r"[\s(]*([A-Za-z]\w*)")


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a composite: its own parameter, and where it stands from the composite's base."""

    parameter: "SearchParameter"
    expression: str


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """One search parameter of one resource type (or of "Resource" or "DomainResource" for those all have).

    `expression` is FHIRPath from the record, only the parts for `base`; "" where there is none, so that the
    hub must know by itself what is meant. `id` is a signed 32-bit number for side tables, `salt` makes keys.
    """

    url: str
    code: str
    base: str
    kind: str
    expression: str
    targets: tuple[str, ...] = ()
    components: tuple[Component, ...] = ()

    @property
    def name(self) -> str:
        """Give the name over all types, such as "Observation.code"."""
        return f"{self.base}.{self.code}"


class Registry:
    """The search parameters of every resource type."""

    def __init__(self, parameters: Iterable[Json], *, types: Iterable[str]) -> None:
        """Compile `parameters` (SearchParameter resources) for the resource `types`; later ones win."""
        self.types = frozenset(types)
        self._sources = tuple(parameters)
        self._by_url = {one["url"]: one for one in self._sources}
        self._by_base: dict[str, dict[str, Json]] = {}
        for one in self._sources:
            for base in one["base"]:
                self._by_base.setdefault(base, {})[one["code"]] = one
        self._known: dict[str, Mapping[str, SearchParameter]] = {}

    def with_parameters(self, added: Sequence[Json]) -> "Registry":
        """Add SearchParameter resources. Raises BadParameter where one can't be used."""
        for one in added:
            self._check(one)
        extended = Registry([*self._sources, *added], types=self.types)
        extended.check_numbers()
        return extended

    def for_type(self, resource_type: str) -> Mapping[str, SearchParameter]:
        """Give the parameters of `resource_type` by code, inherited ones included.

        "Resource" gives those that every type has. Unknown types have none.
        """
        found = self._known.get(resource_type)
        if found is None:
            found = self._known[resource_type] = MappingProxyType(self._compile(resource_type))
        return found

    def get(self, resource_type: str, code: str) -> SearchParameter | None:
        """Give one parameter; None where the type hasn't got it."""
        return self.for_type(resource_type).get(code)

    def by_url(self, url: str, resource_type: str) -> SearchParameter | None:
        """Give the parameter that the SearchParameter with canonical `url` makes for `resource_type`."""
        source = self._by_url.get(url.partition("|")[0])
        return None if source is None else self.get(resource_type, source["code"])

    def nearest(self, resource_type: str, name: str) -> str:
        """Give the parameter code most like `name`."""
        return nearest(name, self.for_type(resource_type))

    def check_numbers(self) -> None:
        """Make sure that no two parameters share a number. Raises BadParameter."""
        taken: dict[int, SearchParameter] = {}
        for parameter in self._all():
            for number in (keys.short_id(parameter.name), keys.pinyin_id(parameter.name)):
                other = taken.setdefault(number, parameter)
                if other.name != parameter.name:
                    reason = Phrase("its number is that of {name}; give it another code", name=other.name)
                    raise BadParameter(url=parameter.url, reason=reason)

    def _all(self) -> Iterator[SearchParameter]:
        for resource_type in sorted({*INHERITED, *self.types}):
            yield from self.for_type(resource_type).values()

    def _check(self, one: Json) -> None:
        url = str(one.get("url") or "")
        missing = [name for name in ("url", "code", "base", "type") if not one.get(name)]
        if missing:
            raise BadParameter(url=url, reason=Phrase("it lacks {names}", names=", ".join(missing)))
        if one["type"] not in KINDS:
            raise BadParameter(url=url, reason=Phrase("the type {type} can't be searched", type=one["type"]))
        if one["type"] == "composite" and not one.get("component"):
            raise BadParameter(url=url, reason=Phrase("a composite needs components"))
        if not one.get("expression"):
            raise BadParameter(url=url, reason=Phrase("it lacks {names}", names="expression"))
        for base in one["base"]:
            if base not in self.types and base not in INHERITED:
                raise BadParameter(url=url, reason=Phrase("there is no resource type {name}", name=base))
            standing = self._by_base.get(base, {}).get(one["code"])
            if standing is not None and standing["url"] != url:
                reason = Phrase(
                    "{type} already has a search parameter {name} ({url})",
                    type=base,
                    name=one["code"],
                    url=standing["url"],
                )
                raise BadParameter(url=url, reason=reason)

    def _compile(self, resource_type: str) -> dict[str, SearchParameter]:
        if resource_type not in self.types and resource_type not in INHERITED:
            return {}
        bases = [resource_type] if resource_type in INHERITED else [*INHERITED, resource_type]
        if resource_type == "DomainResource" or resource_type in NOT_DOMAIN:
            bases = ["Resource", resource_type]
        found: dict[str, SearchParameter] = {}
        for base in bases:
            for code, source in self._by_base.get(base, {}).items():
                if source["type"] in KINDS and source["type"] != "composite":
                    found[code] = _parameter(source, base)
        for code, source in self._by_base.get(resource_type, {}).items():
            if source["type"] == "composite":
                found[code] = self._composite(source, resource_type, found)
        return {code: one for code, one in found.items() if one.expression or code == "_content"}

    def _composite(self, source: Json, base: str, known: Mapping[str, SearchParameter]) -> SearchParameter:
        components: list[Component] = []
        for part in source["component"]:
            corrected: Mapping[str, str] = _CORRECTED_PARTS.get(source["url"], {})
            url = str(corrected.get(part["expression"]) or part["definition"]).partition("|")[0]
            definition = self._by_url.get(url)
            parameter = None if definition is None else known.get(definition["code"])
            if parameter is None:
                reason = Phrase(
                    "its component {url} isn't a search parameter of {type}",
                    url=part["definition"],
                    type=base,
                )
                raise BadParameter(url=source["url"], reason=reason)
            components.append(Component(parameter, normalise(part["expression"])))
        return _parameter(source, base, tuple(components))


def _parameter(source: Json, base: str, components: tuple[Component, ...] = ()) -> SearchParameter:
    expression = _CORRECTED.get(source["url"], source.get("expression") or "")
    pieces = [normalise(piece) for piece in split_union(expression)]
    return SearchParameter(
        url=source["url"],
        code=source["code"],
        base=base,
        kind=source["type"],
        expression=" | ".join(piece for piece in pieces if _concerns(piece, base)),
        targets=tuple(source.get("target") or ()),
        components=components,
    )


def normalise(expression: str) -> str:
    """Write `(x as T)` and `x.as(T)` as `x.ofType(T)`.

    Search expressions use `as` on lists, where FHIRPath wants one item; and once `DateTime` for `dateTime`.
    """
    expression = _AS_OPERATOR.sub(r"\1.ofType(\2)", expression.strip())
    expression = _AS_BARE.sub(r"\1.ofType(\2)", expression)
    return _AS_FUNCTION.sub(r".ofType(\1)", expression).replace("ofType(DateTime)", "ofType(dateTime)")


def split_union(expression: str) -> list[str]:
    """Split at each `|` that stands outside parentheses and quotes."""
    pieces, depth, quoted, start = list[str](), 0, False, 0
    for place, char in enumerate(expression):
        if char == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif char == "|" and depth == 0:
            pieces.append(expression[start:place].strip())
            start = place + 1
        depth += (char == "(") - (char == ")")
    return [piece for piece in [*pieces, expression[start:].strip()] if piece]


def _concerns(piece: str, base: str) -> bool:
    """Tell whether a piece of a union speaks of `base`; pieces without a type speak of whatever there is."""
    root = _ROOT.match(piece)
    name = root.group(1) if root else ""
    return name[:1].islower() or name == base or name in INHERITED


def nearest(name: str, known: Iterable[str]) -> str:
    """Give the one of `known` most like `name` ("" where nothing is known)."""
    folded = name.lower()
    return max(
        sorted(known),
        key=lambda one: SequenceMatcher(None, folded, one.lower(), autojunk=False).ratio(),
        default="",
    )


@cache
def r4() -> Registry:
    """Give the search parameters of the R4 specification alone."""
    return Registry(definitions.search_parameters(), types=definitions.resource_types())
