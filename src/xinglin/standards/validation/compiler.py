"""StructureDefinitions compiled to checks: once per type and per profile, kept with the definitions."""

from collections.abc import Callable, Sequence
from threading import RLock
from typing import Any

from xinglin.standards.definitions import Definitions
from xinglin.standards.validation.bundles import bundle_check
from xinglin.standards.validation.contained import contained_check
from xinglin.standards.validation.context import Check, Context, Json, is_object
from xinglin.standards.validation.elements import StructureCompiler
from xinglin.standards.validation.extensions import ExtensionChecks
from xinglin.standards.validation.findings import Drafts, error, excerpt
from xinglin.standards.validation.shapes import Shape, all_of, object_check, wrong_shape
from xinglin.standards.validation.snapshot import Tree
from xinglin.standards.validation.special import special_checks
from xinglin.standards.validation.terminology import Terminology
from xinglin.standards.validation.vital_signs import compile_vital_signs


class Compiler:
    """Makes and keeps the checks of one set of definitions."""

    def __init__(self, definitions: Definitions) -> None:
        """Compile from `definitions`."""
        self.definitions = definitions
        self.terminology = Terminology(definitions)
        self.extensions = ExtensionChecks(self)
        self.special = special_checks(self.terminology)
        """What a type asks beyond its definition."""
        self._by_content = {"Observation": compile_vital_signs(self.profile)}
        self._turn = RLock()
        self._depth = 0
        self._unfinished: dict[str, Check] = {}
        self._types: dict[str, Check] = {}
        self._profiles: dict[str, Check | None] = {}
        self._trees: dict[str, Tree | None] = {}

    def resource(self, value: Any, context: Context) -> Drafts | None:
        """Check a resource of any type, by the type it names."""
        if not is_object(value):
            return wrong_shape(value, "resource")
        name = value.get("resourceType")
        if type(name) is not str or name not in self.definitions.resource_types:
            return [error("resource-type", found=excerpt(name) if name is not None else "")]
        drafts = self.type(name)(value, context)
        more = self._by_content.get(name)
        return drafts if more is None else all_of((more,), value, context, drafts)

    def type(self, name: str) -> Check:
        """Give the check of a complex type or resource type."""
        return self._types.get(name) or self._make(name, self._types, self._compile_type)

    def profile(self, url: str) -> Check | None:
        """Give the check of the profile `url`; None where it is unknown or has no snapshot."""
        if url in self._profiles:
            return self._profiles[url]
        found = self._make(url, self._profiles, self._compile_profile)
        return None if found is _unusable else found

    def _make(
        self, key: str, made: "dict[str, Check] | dict[str, Check | None]", make: Callable[[str], Check]
    ) -> Check:
        """Compile once, whatever the number of threads that ask.

        Types refer to each other in circles, so a check is known to the compiler before it is whole; other
        threads see it only when everything it refers to is.
        """
        with self._turn:
            found = made.get(key) or self._unfinished.get(key)
            if found is not None:
                return found
            self._depth += 1
            try:
                found = self._unfinished[key] = make(key)
            except (KeyError, TypeError, ValueError, AttributeError):
                # A package may hold anything; what can't be compiled is reported as unusable, not as a crash.
                found = self._unfinished[key] = _unusable
            finally:
                self._depth -= 1
                if self._depth == 0:
                    self._publish()
            return found

    def _publish(self) -> None:
        for key, check in self._unfinished.items():
            if ":" in key:
                self._profiles[key] = None if check is _unusable else check
            else:
                self._types[key] = check
        self._unfinished = {}

    def _compile_profile(self, url: str) -> Check:
        structure = self.definitions.structure(url)
        if structure is None or "snapshot" not in structure:
            return _unusable
        if structure.get("derivation") != "constraint":
            return self.type(structure["type"])
        shape = Shape(structure["type"])
        check = self._unfinished[url] = object_check(shape)
        StructureCompiler(self, structure).fill(shape)
        return check

    def tree(self, url: str) -> Tree | None:
        """Give the snapshot of the profile `url` as a tree; None where it is unknown."""
        if url not in self._trees:
            structure = self.definitions.structure(url)
            self._trees[url] = Tree(structure) if structure and "snapshot" in structure else None
        return self._trees[url]

    def member_of(self, url: str, value: Any) -> bool | None:
        """Answer `memberOf()` in an invariant."""
        contains_code = self.terminology.value_set(url)
        if isinstance(value, str):
            return contains_code(None, value)
        codings: list[Json] = value.get("coding", [value])
        verdicts = {contains_code(one.get("system"), str(one.get("code"))) for one in codings}
        return True if True in verdicts else (None if None in verdicts else False)

    def conforms(self, value: Any, url: str) -> bool | None:
        """Answer `conformsTo()` in an invariant."""
        check = self.profile(url)
        if check is None or not is_object(value):
            return None
        return all(one.severity != "error" for one in check(value, Context(value)) or ())

    def resource_in(self, key: str) -> Check:
        """Give the check of resources inside another: contained ones, or entries that stand alone."""
        if key == "contained":
            return contained_check(self.resource)

        def check(value: Any, context: Context) -> Drafts | None:
            if not is_object(value):
                return wrong_shape(value, key)
            return self.resource(value, Context(value, context.bundle))

        return check

    def one_of(self, urls: Sequence[str]) -> Check:
        """Make the check that a value conforms to one of `urls`; unknown profiles decide nothing."""

        def check(value: Any, context: Context) -> Drafts | None:
            first: Drafts | None = None
            for url in urls:
                profile = self.profile(url)
                drafts = profile(value, context) if profile else None
                if drafts is None or all(one.severity != "error" for one in drafts):
                    return drafts
                first = first or drafts
            return first

        return check

    def _compile_type(self, name: str) -> Check:
        if name in {"Resource", "DomainResource"}:
            return self.resource
        structure = self.definitions.structure(name)
        if structure is None:
            return lambda _value, _context: None
        shape = Shape(name)
        check = object_check(shape)
        if name == "Bundle":
            check = bundle_check(check)
        elif name == "Extension":
            check = self.extensions.dispatch(check)
        self._unfinished[name] = check
        StructureCompiler(self, structure).fill(shape)
        return check


def _unusable(_value: Any, _context: Context) -> Drafts | None:
    """Stand for the check of a profile that can't be compiled."""
    return None
