"""$expand: the codes of a value set (http://hl7.org/fhir/R4/valueset-operation-expand.html)."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from xinglin.core.clock import instant, now
from xinglin.core.exact_json import Json
from xinglin.standards.terminology.compose import Composer, Member, Wanted
from xinglin.standards.terminology.errors import BadParameterValue, MissingParameter, TooCostly
from xinglin.standards.terminology.lexemes import words_of
from xinglin.standards.terminology.model import Library
from xinglin.standards.terminology.parameters import Given

MOST = 10_000
"""Codes in one answer."""

NOT_OFFERED = ("context", "contextDirection", "date", "exclude-system", "check-system-version")

ABOUT = (
    "id",
    "url",
    "version",
    "name",
    "title",
    "status",
    "experimental",
    "date",
    "publisher",
    "description",
)
"""What an expansion tells of its value set beside the codes."""


@dataclass(frozen=True, slots=True)
class AskedExpansion:
    """A value set (a resource, or its canonical), and which part of it in what form."""

    value_set: Json | str
    filter: str = ""
    offset: int = 0
    count: int | None = None
    designations: bool = False
    definition: bool = False
    active: bool = False
    language: str = ""
    versions: Mapping[str, str] = field(default_factory=dict[str, str])
    forced: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, given: Given, resource: Json | None = None) -> "AskedExpansion":
        """Read the request; `resource` is the instance. Raises TerminologyError."""
        given.refuse(*NOT_OFFERED)
        wanted = resource or given.resource("valueSet", "ValueSet") or given.text("url")
        if not wanted:
            raise MissingParameter(names="url, valueSet")
        version = given.text("valueSetVersion")
        if isinstance(wanted, str) and version:
            wanted = f"{wanted}|{version}"
        return cls(
            value_set=wanted,
            filter=given.text("filter"),
            offset=given.number("offset") or 0,
            count=given.number("count"),
            designations=given.flag("includeDesignations"),
            definition=given.flag("includeDefinition"),
            active=given.flag("activeOnly"),
            language=given.text("displayLanguage"),
            versions=_versions(given, "system-version"),
            forced=_versions(given, "force-system-version"),
        )


def _versions(given: Given, name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in given.texts(name):
        system, bar, version = one.partition("|")
        if not bar:
            raise BadParameterValue(name=name, value=one)
        found[system] = version
    return found


async def expand(library: Library, asked: AskedExpansion) -> Json:
    """Give the ValueSet with its expansion, flat. Raises TerminologyError."""
    composer = Composer(library, asked.versions, asked.forced)
    wanted = asked.value_set
    value_set = await composer.value_set(wanted) if isinstance(wanted, str) else wanted
    count = MOST if asked.count is None else min(asked.count, MOST)
    chosen = Wanted(words_of(asked.filter), asked.active)
    page = await composer.page(value_set, chosen, asked.offset, count)
    if asked.count is None and page.total - asked.offset > MOST:
        raise TooCostly(limit=MOST)
    expansion: Json = {"identifier": uuid.uuid4().urn, "timestamp": instant(now()), "total": page.total}
    if asked.count is not None or asked.offset:
        expansion["offset"] = asked.offset
    told = _told(asked, composer)
    if told:
        expansion["parameter"] = told
    if page.members:
        expansion["contains"] = [_contains(one, asked) for one in page.members]
    made: Json = {"resourceType": "ValueSet"} | {name: value_set[name] for name in ABOUT if name in value_set}
    made.setdefault("status", "unknown")
    if asked.definition and "compose" in value_set:
        made["compose"] = value_set["compose"]
    return {**made, "expansion": expansion}


def _told(asked: AskedExpansion, composer: Composer) -> list[Json]:
    found: list[Json] = []
    for name, kind, value in (
        ("filter", "valueString", asked.filter),
        ("offset", "valueInteger", asked.offset or None),
        ("count", "valueInteger", asked.count),
        ("includeDesignations", "valueBoolean", asked.designations or None),
        ("activeOnly", "valueBoolean", asked.active or None),
        ("displayLanguage", "valueCode", asked.language),
    ):
        if value is not None and value != "":
            found.append({"name": name, kind: value})
    for system, version in composer.used.items():
        if version:
            found.append({"name": "version", "valueUri": f"{system}|{version}"})
    return found


def _contains(member: Member, asked: AskedExpansion) -> Json:
    concept = member.concept
    made: Json = {"system": member.coded.system} if member.coded.system else {}
    if concept.abstract:
        made["abstract"] = True
    if concept.inactive:
        made["inactive"] = True
    made["code"] = concept.code
    name = concept.name(asked.language, member.language)
    if name:
        made["display"] = name
    if asked.designations and concept.designations:
        made["designation"] = [one.as_json() for one in concept.designations]
    return made
