"""$translate: the counterparts of a code in another system.

http://hl7.org/fhir/R4/conceptmap-operation-translate.html
"""

from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from dataclasses import dataclass, replace

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.standards.terminology.errors import BadResource, MissingParameter, UnknownMap
from xinglin.standards.terminology.model import Coded, Library, Mapping, MapQuery
from xinglin.standards.terminology.parameters import Given, coded, codings_of, group, parameters, part
from xinglin.standards.terminology.reading import mappings_of

NO_MATCH = frozenset({"unmatched", "disjoint"})
"""Equivalences that say that there is no counterpart."""

REVERSED: ReadOnly[str, str] = {
    "wider": "narrower",
    "narrower": "wider",
    "subsumes": "specializes",
    "specializes": "subsumes",
}
"""What an equivalence is called, seen from the other side."""

LONGEST_CHAIN = 5
"""Maps that pass on to each other by `other-map`."""


@dataclass(frozen=True, slots=True)
class AskedTranslation:
    """Codings, by which maps (`resource`: one sent along), into which system (empty: any)."""

    codings: Sequence[Json]
    query: MapQuery
    resource: Json | None = None
    target_system: str = ""
    reverse: bool = False

    @classmethod
    def of(cls, given: Given, resource: Json | None = None) -> "AskedTranslation":
        """Read the request; `resource` is the instance. Raises TerminologyError."""
        given.refuse("dependency")
        resource = resource or given.resource("conceptMap", "ConceptMap")
        query = MapQuery(
            given.text("url"), given.text("conceptMapVersion"), given.text("source"), given.text("target")
        )
        target_system = given.text("targetsystem") or given.text("targetSystem")
        if resource is None and not (query.url or query.source or query.target or target_system):
            raise MissingParameter(names="url, source, target, targetsystem")
        return cls(codings_of(given), query, resource, target_system, given.flag("reverse"))


async def translate(library: Library, asked: AskedTranslation, language: str) -> Json:
    """Give Parameters with `result`, `message` (in `language`) and matches. Raises UnknownMap."""
    lines = await matches_of(library, asked)
    good = any(one.equivalence not in NO_MATCH for one in lines)
    message = None if good else Phrase("No counterpart is known.")
    return parameters(
        {"name": "result", "valueBoolean": good},
        part("message", "valueString", message.text(language) if message else ""),
        *(_match(one) for one in lines),
    )


async def matches_of(library: Library, asked: AskedTranslation) -> list[Mapping]:
    """Give the lines found, seen from the code asked for. Raises UnknownMap."""
    if asked.resource is not None:
        maps: Sequence[Json] = [asked.resource]
    else:
        maps = await library.maps(asked.query)
        if asked.query.url and not maps:
            raise UnknownMap(url=asked.query.url)
    codings = [coded(one) for one in asked.codings]
    lines = await _lines(library, maps, codings, asked)
    if not asked.reverse:
        have = {(one.map_url, one.source) for one in lines}
        for one in maps:
            for coding in codings:
                if (one.get("url", ""), coding) not in have:
                    lines += await _unmapped(library, one, coding, asked, LONGEST_CHAIN)
    wanted = asked.target_system
    return [one for one in lines if not wanted or one.target_system == wanted]


async def _lines(
    library: Library, maps: Sequence[Json], codings: Sequence[Coded], asked: AskedTranslation
) -> list[Mapping]:
    if asked.resource is not None:
        every = [one for resource in maps for one in mappings_of(resource)]
        lines = [one for one in every if _end(one, reverse=asked.reverse) in codings]
    else:
        lines = list(await library.mappings(maps, codings, reverse=asked.reverse))
    return [_turned(one) for one in lines] if asked.reverse else lines


def _end(line: Mapping, *, reverse: bool) -> Coded:
    return Coded(line.target_system, line.target_code or "") if reverse else line.source


def _turned(line: Mapping) -> Mapping:
    return replace(
        line,
        source=Coded(line.target_system, line.target_code or ""),
        target_system=line.source.system,
        target_code=line.source.code,
        target_display=line.source_display,
        equivalence=REVERSED.get(line.equivalence, line.equivalence),
        products=(),
    )


async def _unmapped(
    library: Library, resource: Json, coding: Coded, asked: AskedTranslation, left: int
) -> list[Mapping]:
    """Do what a map's groups say of codes they don't list (ConceptMap.group.unmapped)."""
    found: list[Mapping] = []
    for one in resource.get("group", ()):
        rule = one.get("unmapped")
        if not rule or one.get("source", "") != coding.system:
            continue
        if rule.get("mode") == "other-map":
            found += await _other_map(library, rule.get("url", ""), coding, asked, left)
            continue
        fixed = rule.get("mode") == "fixed"
        found.append(
            Mapping(
                map_url=resource.get("url", ""),
                source=coding,
                target_system=one.get("target", ""),
                target_code=rule.get("code") if fixed else coding.code,
                target_display=rule.get("display", "") if fixed else "",
                # A fixed code stands for everything else; a code passed on is the same.
                equivalence="wider" if fixed else "equal",
            )
        )
    return found


async def _other_map(
    library: Library, canonical: str, coding: Coded, asked: AskedTranslation, left: int
) -> list[Mapping]:
    if left == 0:
        raise BadResource(kind="ConceptMap", detail=Phrase("maps pass on to each other in a circle"))
    url, _, version = canonical.partition("|")
    maps = await library.maps(MapQuery(url, version))
    if not maps:
        raise UnknownMap(url=canonical)
    lines = list(await library.mappings(maps, [coding], reverse=False))
    if not lines:
        for one in maps:
            lines += await _unmapped(library, one, coding, asked, left - 1)
    return lines


def _match(line: Mapping) -> Json:
    concept = None
    if line.target_code is not None:
        made: Json = {"system": line.target_system} if line.target_system else {}
        made["code"] = line.target_code
        if line.target_display:
            made["display"] = line.target_display
        concept = {"name": "concept", "valueCoding": made}
    return group(
        "match",
        {"name": "equivalence", "valueCode": line.equivalence},
        concept,
        *(_product(one) for one in line.products),
        part("source", "valueUri", line.map_url),
    )


def _product(product: Json) -> Json:
    made: Json = {"code": product.get("value", "")}
    if product.get("system"):
        made = {"system": product["system"], **made}
    if product.get("display"):
        made["display"] = product["display"]
    return group(
        "product",
        part("element", "valueUri", product.get("property")),
        {"name": "concept", "valueCoding": made},
    )
