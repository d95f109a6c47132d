"""$lookup: what is known of a code (http://hl7.org/fhir/R4/codesystem-operation-lookup.html)."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass

from xinglin.core.exact_json import Json
from xinglin.standards.terminology.errors import UnknownCode, UnknownSystem
from xinglin.standards.terminology.model import Concept, Head, Library, System
from xinglin.standards.terminology.parameters import Given, codings_of, group, parameters, part

MOST_CHILDREN = 1000
"""Children told of one code."""


@dataclass(frozen=True, slots=True)
class AskedLookup:
    """A code and which properties are wanted (none named: all)."""

    system: str
    code: str
    version: str = ""
    language: str = ""
    properties: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Given) -> "AskedLookup":
        """Read the request. Raises TerminologyError."""
        given.refuse("date")
        (coding,) = codings_of(Given({k: v for k, v in given.values.items() if k != "codeableConcept"}))
        return cls(
            coding["system"],
            coding["code"],
            coding.get("version") or given.text("version"),
            given.text("displayLanguage"),
            given.texts("property"),
        )


async def lookup(library: Library, asked: AskedLookup) -> Json:
    """Give Parameters about a code. Raises UnknownSystem or UnknownCode."""
    system = await find_system(library, asked.system, asked.version)
    found = (await system.find([asked.code])).get(asked.code)
    if found is None:
        raise UnknownCode(url=asked.system, value=asked.code)
    head = system.head
    wanted = asked.properties
    designations = found.designations if not wanted or "designation" in wanted else ()
    for_language = [one.split(".", 1)[1] for one in wanted if one.startswith("lang.")]
    designations += tuple(one for one in found.designations if one.language in for_language)
    return parameters(
        part("name", "valueString", head.title or head.name or head.url),
        part("version", "valueString", head.version),
        part("display", "valueString", found.name(asked.language, head.language) or found.code),
        *(
            group(
                "designation",
                part("language", "valueCode", one.language),
                part("use", "valueCoding", one.use) if one.use else None,
                part("value", "valueString", one.value),
            )
            for one in designations
        ),
        *[one async for one in _properties(system, head, found, wanted)],
    )


async def find_system(library: Library, url: str, version: str = "") -> System:
    """Give a code system. Raises UnknownSystem."""
    found = await library.system(url, version)
    if found is None:
        raise UnknownSystem(url=f"{url}|{version}" if version else url)
    return found


async def _properties(
    system: System, head: Head, found: Concept, wanted: Sequence[str]
) -> AsyncGenerator[Json]:
    for one in _own(head, found):
        if not wanted or one["part"][0]["valueCode"] in wanted:
            yield one
    if not wanted or "child" in wanted:
        for code in (await system.children(found.code))[:MOST_CHILDREN]:
            yield _property("child", "valueCode", code)


def _own(head: Head, found: Concept) -> Iterator[Json]:
    if found.definition:
        yield _property("definition", "valueString", found.definition)
    for code in found.parents:
        yield _property("parent", "valueCode", code)
    for one in found.properties:
        if one.code not in {"parent", "child"}:
            text = head.properties.get(one.code, {}).get("description", "")
            # The operation allows no decimal or date-less value: what it can't carry goes as text.
            kind = one.kind if one.kind in KINDS else "valueString"
            value = one.value if kind == one.kind else str(one.value)
            yield _property(one.code, kind, value, text)


KINDS = frozenset(
    {
        "valueCode",
        "valueCoding",
        "valueString",
        "valueInteger",
        "valueBoolean",
        "valueDateTime",
        "valueDecimal",
    }
)


def _property(code: str, kind: str, value: object, description: str = "") -> Json:
    return group(
        "property",
        part("code", "valueCode", code),
        {"name": "value", kind: value},
        part("description", "valueString", description),
    )
