"""Extensions: known ones checked, unknown ones named (http://hl7.org/fhir/R4/extensibility.html)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from xinglin.standards.definitions import Definitions
from xinglin.standards.validation.context import Check, Context, Json, is_array, is_object
from xinglin.standards.validation.findings import Draft, Drafts, error, excerpt, information, warning

if TYPE_CHECKING:
    from xinglin.standards.validation.compiler import Compiler

_HL7: Final = "http://hl7.org/fhir/StructureDefinition/"
_CACHE = 4096
MAX_NESTED: Final = 12
"""Extensions within extensions that are followed; real ones stay below 4. Each level may double the work."""
_CONFORMANCE: Final = frozenset({"StructureDefinition", "OperationDefinition", "ValueSet", "CodeSystem"})
"""Types in which HL7's own R4 definitions use extensions outside the contexts these state."""
PENDING: Final = "extension-context"
"""Rule of the drafts that can only be judged once the whole location is known; see `outside_context`."""


class _Known:
    """A known extension: its check, whether it is a modifier, and where it may be used."""

    __slots__ = ("check", "contexts", "modifier")

    def __init__(self, check: Check, structure: Json) -> None:
        self.check = check
        self.modifier: bool = structure["snapshot"]["element"][0].get("isModifier", False)
        self.contexts = [(one["type"], one["expression"]) for one in structure.get("context", ())]

    @property
    def anywhere(self) -> bool:
        return not self.contexts or any(
            kind != "element" or expression == "Element"
            for kind, expression in self.contexts
            if kind != "extension"
        )


class ExtensionChecks:
    """The checks that every extension gets."""

    def __init__(self, owner: "Compiler") -> None:
        """Compile definitions of extensions through `owner`."""
        self._owner = owner
        self._known: dict[str, _Known | None] = {}

    def find(self, url: str) -> _Known | None:
        """Give the extension `url`; None where its definition isn't installed."""
        if url not in self._known:
            if len(self._known) >= _CACHE:
                self._known.clear()
            structure = self._owner.definitions.structure(url)
            usable = (
                structure is not None and structure.get("type") == "Extension" and "snapshot" in structure
            )
            check = self._owner.profile(url) if usable else None
            self._known[url] = (
                _Known(check, structure) if check is not None and structure is not None else None
            )
        return self._known[url]

    def dispatch(self, plain: Check) -> Check:
        """Make the check of every Extension: by its own definition where that is known, else `plain`."""

        def check(value: Any, context: Context) -> Drafts | None:
            url = value.get("url") if is_object(value) else None
            known = self.find(url) if type(url) is str and ":" in url else None
            if context.depth >= MAX_NESTED:
                return [error("extension-depth", limit=MAX_NESTED)]
            context.depth += 1
            try:
                return plain(value, context) if known is None else known.check(value, context)
            finally:
                context.depth -= 1

        return check

    def place(self, key: str, *, nested: bool) -> list[Check]:
        """Make the check of an extension found under `key` ("extension", "modifierExtension")."""
        modifier = key == "modifierExtension"

        def check(value: Json, _context: Context) -> Drafts | None:
            url = value.get("url")
            if type(url) is not str:
                return None
            if ":" not in url:
                return None if nested else [error("extension-url", url=excerpt(url))]
            known = self.find(url)
            if known is None:
                return [_unknown(url, modifier=modifier)]
            drafts: Drafts = []
            if known.modifier != modifier:
                place = "modifierExtension" if known.modifier else "extension"
                drafts.append(error("extension-modifier", url=url, place=place))
            if not known.anywhere:
                drafts.append(error(PENDING, url=url, allowed=known.contexts, found=""))
            return drafts or None

        return [check]


def _unknown(url: str, *, modifier: bool) -> Draft:
    if url.startswith(_HL7) and "/" not in url[len(_HL7) :]:
        return error("extension-not-defined", url=excerpt(url))
    if modifier:
        return warning("extension-modifier-unknown", url=excerpt(url))
    return information("extension-unknown", url=excerpt(url))


def outside_context(definitions: Definitions, resource: Json, draft: Draft) -> Draft | None:
    """Judge a PENDING `draft` now that its location is known; None where the extension may be used there."""
    if resource.get("resourceType") in _CONFORMANCE:
        return None
    contexts: Iterable[tuple[str, str]] = draft.params["allowed"]  # pyright: ignore[reportAssignmentType]
    names = place_names(definitions, resource, draft.location)
    if names is None or any(expression in names for _, expression in contexts):
        return None
    allowed = ", ".join(expression for _, expression in contexts)
    params = {"url": draft.params["url"], "allowed": allowed, "found": names[0]}
    return Draft(draft.severity, draft.rule, location=draft.location, params=params)


def place_names(definitions: Definitions, resource: Json, location: str) -> list[str] | None:
    """Give every name of the element that the extension at `location` extends; None where that can't be told.

    `location` is relative to `resource` (".name[0].extension[1]"). The names are its path from the resource
    ("Patient.name"), from its data type ("HumanName") and the types above that ("Element").
    """
    steps = [step for step in location.split(".") if step]
    value: Any = resource
    paths = [str(resource.get("resourceType"))]
    type_name = paths[0]
    outer: list[str] = []
    for step in steps[:-1]:
        name, _, rest = step.partition("[")
        if name.startswith("ofType("):
            type_name = name[7:-1]
            continue
        info = definitions.types.get(type_name)
        element = info.elements.get(name) if info else None
        if element is None:
            return None
        value = _follow(value, name, rest)
        nested = is_object(value) and "resourceType" in value
        outer = (
            [str(value.get("url"))] if name in {"extension", "modifierExtension"} and is_object(value) else []
        )
        if nested:
            type_name = value["resourceType"]
            paths = [type_name]
        else:
            paths = [f"{path}.{name}" for path in dict.fromkeys([*paths, type_name])]
            paths += [f"{path}[x]" for path in paths] if element.choice else []
            type_name = element.types[0] if element.types else "Element"
    names = [*paths, *outer]
    current: str | None = type_name
    while current is not None:
        names.append(current)
        info = definitions.types.get(current)
        current = info.base if info else None
    return names


def _follow(value: Any, name: str, rest: str) -> Any:
    if not is_object(value):
        return None
    value = value.get(name)
    if rest and is_array(value):
        index = int(rest[:-1])
        return value[index] if index < len(value) else None
    return value
