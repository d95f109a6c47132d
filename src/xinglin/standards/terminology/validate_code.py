"""$validate-code: whether a code is good, in its system or in a value set.

http://hl7.org/fhir/R4/codesystem-operation-validate-code.html and
http://hl7.org/fhir/R4/valueset-operation-validate-code.html
"""

from collections.abc import Sequence
from dataclasses import dataclass

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.standards.search.text import fold
from xinglin.standards.terminology.compose import Composer, Wanted
from xinglin.standards.terminology.errors import MissingParameter, UnknownSystem
from xinglin.standards.terminology.lookup import find_system
from xinglin.standards.terminology.memory import MemorySystem
from xinglin.standards.terminology.model import Concept, Library
from xinglin.standards.terminology.parameters import Given, coded, codings_of, parameters, part


@dataclass(frozen=True, slots=True)
class AskedValidation:
    """Codings, of which one must be good, in `value_set` (a resource, or its canonical) if given."""

    codings: Sequence[Json]
    value_set: Json | str | None = None
    code_system: Json | None = None
    version: str = ""
    abstract: bool = True
    language: str = ""

    @classmethod
    def of_system(cls, given: Given, url: str = "", resource: Json | None = None) -> "AskedValidation":
        """Read a request about a code system; `url` is that of the instance. Raises TerminologyError."""
        given.refuse("date")
        resource = resource or given.resource("codeSystem", "CodeSystem")
        system = url or (resource or {}).get("url", "") or given.text("url")
        return cls(
            codings_of(given, system),
            None,
            resource,
            given.text("version"),
            abstract=True,
            language=given.text("displayLanguage"),
        )

    @classmethod
    def of_set(cls, given: Given, resource: Json | None = None) -> "AskedValidation":
        """Read a request about a value set; `resource` is the instance. Raises TerminologyError."""
        given.refuse("date", "context")
        wanted = resource or given.resource("valueSet", "ValueSet") or given.text("url")
        if not wanted:
            raise MissingParameter(names="url, valueSet")
        version = given.text("valueSetVersion")
        if isinstance(wanted, str) and version:
            wanted = f"{wanted}|{version}"
        return cls(
            codings_of(given),
            wanted,
            None,
            given.text("systemVersion"),
            abstract=given.flag("abstract"),
            language=given.text("displayLanguage"),
        )


@dataclass(frozen=True, slots=True)
class _Judged:
    good: bool
    message: Phrase | None
    display: str


async def validate_code(library: Library, asked: AskedValidation, language: str) -> Json:
    """Give Parameters with `result`, `message` (in `language`) and `display`. Raises TerminologyError."""
    judged = [await _judge(library, asked, coding) for coding in asked.codings]
    best = next((one for one in judged if one.good), judged[0] if judged else None)
    if best is None:
        best = _Judged(good=False, message=Phrase("There is no coding to judge."), display="")
    return parameters(
        {"name": "result", "valueBoolean": best.good},
        part("message", "valueString", best.message.text(language) if best.message else ""),
        part("display", "valueString", best.display),
    )


async def _judge(library: Library, asked: AskedValidation, coding: Json) -> _Judged:
    if asked.value_set is None:
        concept, own = await _in_system(library, asked, coding)
        place = coding["system"]
    else:
        concept, own = await _in_set(library, asked, coding)
        place = asked.value_set if isinstance(asked.value_set, str) else asked.value_set.get("url", "")
    code = coding["code"]
    if concept is None:
        message = Phrase('The code "{value}" isn\'t in {place}.', value=code, place=place or "-")
        return _Judged(good=False, message=message, display="")
    name = concept.name(asked.language, own)
    if concept.abstract and not asked.abstract:
        message = Phrase('The code "{value}" is a heading that isn\'t to be chosen.', value=code)
        return _Judged(good=False, message=message, display=name)
    if not _is_name(coding.get("display", ""), concept):
        message = Phrase(
            '"{value}" isn\'t called "{found}", but "{name}".', value=code, found=coding["display"], name=name
        )
        return _Judged(good=False, message=message, display=name)
    if concept.inactive:
        message = Phrase('The code "{value}" is no longer in use.', value=code)
        return _Judged(good=True, message=message, display=name)
    return _Judged(good=True, message=None, display=name)


async def _in_system(library: Library, asked: AskedValidation, coding: Json) -> tuple[Concept | None, str]:
    resource = asked.code_system
    if resource is not None and resource.get("concept"):
        if coding["system"] != resource.get("url", coding["system"]):
            return None, ""
        system = MemorySystem(resource)
    else:
        version = coding.get("version") or asked.version
        system = await find_system(library, coding["system"], version)
    return (await system.find([coding["code"]])).get(coding["code"]), system.head.language


async def _in_set(library: Library, asked: AskedValidation, coding: Json) -> tuple[Concept | None, str]:
    version = coding.get("version") or asked.version
    composer = Composer(library, versions={coding["system"]: version} if version else {})
    wanted = asked.value_set
    value_set = await composer.value_set(wanted) if isinstance(wanted, str) else wanted or {}
    one = coded(coding)
    found = (await composer.members(value_set, Wanted(codings=frozenset([one])))).get(one)
    if found is not None:
        return found.concept, found.language
    if await library.system(one.system, version) is None and not value_set.get("compose"):
        raise UnknownSystem(url=one.system)
    return None, ""


def _is_name(given: str, concept: Concept) -> bool:
    """Tell whether `given` is a name of `concept`; case, width and punctuation don't count."""
    if not given or not concept.display:
        return True
    wanted = fold(given)
    return any(
        fold(name) == wanted for name in (concept.display, *(one.value for one in concept.designations))
    )
