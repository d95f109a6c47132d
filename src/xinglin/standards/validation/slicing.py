"""Slicing: which values of an element belong to which slice (http://hl7.org/fhir/R4/profiling.html#slicing)."""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from xinglin.standards.validation.context import Check, Context, Json, is_array, is_object
from xinglin.standards.validation.findings import Drafts, at, error, information
from xinglin.standards.validation.matching import constant, contains, equals
from xinglin.standards.validation.snapshot import Node
from xinglin.standards.validation.terminology import Verdict

if TYPE_CHECKING:
    from xinglin.standards.validation.compiler import Compiler

Matches = Callable[[Any, Context], Verdict]
"""Whether a value belongs to a slice; None where that can't be decided here."""

_EXTENSION = re.compile(r"extension\(['\"]([^'\"]*)['\"]\)")
_OF_TYPE = re.compile(r"ofType\((\w+)\)")


class _Slice(NamedTuple):
    name: str
    matches: Matches
    check: Check
    least: int
    most: int | None


def compile_slices(node: Node, owner: "Compiler", slice_check: Callable[[Node], Check]) -> list[Check]:
    """Compile the slicing of `node` to a check of the whole array."""
    slicing: Json = node.element["slicing"]
    slices: list[_Slice] = []
    for name, one in node.slices.items():
        matches = _matcher(one, slicing.get("discriminator", ()), owner)
        slices.append(_Slice(name, matches, slice_check(one), one.element["min"], one.max))
    if not slicing.get("discriminator"):
        return []
    return [_Slicing(node.name, slices, slicing).check]


class _Slicing:
    """The slices of one element, in the order of the profile."""

    def __init__(self, name: str, slices: Sequence[_Slice], slicing: Json) -> None:
        self.name = name
        self.slices = slices
        self.closed = slicing.get("rules") == "closed"
        self.ordered = slicing.get("ordered", False)
        self.shown = ", ".join(one.name for one in slices)

    def check(self, values: Any, context: Context) -> Drafts | None:
        drafts: Drafts = []
        counts = dict.fromkeys((one.name for one in self.slices), 0)
        undecided = False
        furthest = 0
        for index, value in enumerate(values):
            place, certain = self._find(value, context)
            undecided = undecided or not certain
            if place is None:
                if self.closed and certain:
                    drafts += at(f"[{index}]", [error("slice-closed", name=self.name, slices=self.shown)])
                continue
            one = self.slices[place]
            counts[one.name] += 1
            drafts += at(f"[{index}]", one.check(value, context) or [])
            if self.ordered and place < furthest:
                params = {"name": self.name, "slice": one.name, "slices": self.shown}
                drafts += at(f"[{index}]", [error("slice-order", **params)])
            furthest = max(furthest, place)
        drafts += self._count(counts, undecided=undecided)
        return drafts or None

    def _find(self, value: Any, context: Context) -> tuple[int | None, bool]:
        """Give the place of the slice a value belongs to, and whether that is certain."""
        certain = True
        for place, one in enumerate(self.slices):
            verdict = one.matches(value, context)
            if verdict:
                return place, True
            certain = certain and verdict is not None
        return None, certain

    def _count(self, counts: dict[str, int], *, undecided: bool) -> Drafts:
        drafts: Drafts = []
        if undecided:
            drafts.append(information("slice-undecided", name=self.name))
        for one in self.slices:
            count = counts[one.name]
            params: dict[str, object] = {"name": self.name, "slice": one.name, "count": count}
            if count < one.least and not undecided:
                drafts.append(error("slice-min", min=one.least, **params))
            if one.most is not None and count > one.most:
                drafts.append(error("slice-max", max=one.most, **params))
        return drafts


def _matcher(one: Node, discriminators: Sequence[Json], owner: "Compiler") -> Matches:
    tests = [_discriminator(one, each["type"], each["path"], owner) for each in discriminators]

    def matches(value: Any, context: Context) -> Verdict:
        verdict: Verdict = True
        for test in tests:
            answer = test(value, context)
            if answer is False:
                return False
            if answer is None:
                verdict = None
        return verdict

    return matches


def _undecided(_value: Any, _context: Context) -> Verdict:
    return None


def _discriminator(one: Node, kind: str, path: str, owner: "Compiler") -> Matches:
    values = _path(path)
    if values is None:
        return _undecided
    steps = [
        step
        for step in path.split(".")
        if step not in {"$this", "resolve()"} and not _OF_TYPE.fullmatch(step)
    ]
    node = _defining(one, ".".join(steps) or "$this", owner)
    match kind:
        case "value" | "pattern":
            return _by_value(one, node, steps, values, owner)
        case "exists":
            return _by_existence(node, values)
        case "type":
            return _by_type(node or one, values, path)
        case "profile":
            return _by_profile(node or one, values, owner)
        case _:
            return _undecided


def _defining(one: Node, path: str, owner: "Compiler") -> Node | None:
    """Give the node that says what a slice has at `path`: its own, or one in the profile of its type."""
    found = one.find(path)
    if found is not None:
        return found
    for kind in one.types:
        for url in kind.get("profile", ()):
            tree = owner.tree(url)
            if tree is not None:
                return tree.root.find(path)
    return None


def _by_value(
    one: Node, node: Node | None, steps: Sequence[str], values: "_Values", owner: "Compiler"
) -> Matches:
    if steps == ["url"] and one.types and one.types[0]["code"] == "Extension" and one.types[0].get("profile"):
        urls = {url.partition("|")[0] for url in one.types[0]["profile"]}
        return lambda value, _context: is_object(value) and value.get("url") in urls
    tests = _along(one, steps)
    if tests:
        return lambda value, _context: all(test(value) for test in tests)
    if node is None:
        return _undecided
    inside = _along(node, ())
    if inside:
        return lambda value, context: any(
            all(test(item) for test in inside) for item in values(value, context)
        )
    binding = node.element.get("binding", {})
    if binding.get("strength") == "required" and "valueSet" in binding:
        return _by_binding(binding["valueSet"], values, owner)
    return _undecided


_Test = Callable[[Any], bool]


def _along(node: Node, steps: Sequence[str]) -> list[_Test]:
    """Give what a node and, along `steps`, those below it ask a value to be; [] where they ask nothing."""
    fixed, pattern = constant(node.element, "fixed"), constant(node.element, "pattern")
    if fixed is not None:
        return [lambda value: equals(value, fixed)]
    if pattern is not None:
        return [lambda value: contains(value, pattern)]
    names = steps[:1] or list(node.children)
    children = [(name, node.find(name)) for name in names]
    return [_descend(name, each) for name, child in children if child for each in _variants(child, steps[1:])]


def _variants(child: Node, steps: Sequence[str]) -> list[_Test]:
    """Give one test for a child, or one for each of its slices that must be there."""
    own = _along(child, steps)
    if own:
        return [_all(own)]
    slices = list(child.slices.values())
    needed = [one for one in slices if one.element["min"] > 0] or (slices if len(slices) == 1 else [])
    return [_all(tests) for one in needed if (tests := _along(one, steps))]


def _all(tests: Sequence[_Test]) -> _Test:
    return lambda value: all(test(value) for test in tests)


def _descend(name: str, test: _Test) -> _Test:
    return lambda value: any(test(item) for item in _children(value, name))


def _by_binding(url: str, values: "_Values", owner: "Compiler") -> Matches:
    contains_code = owner.terminology.value_set(url)

    def matches(value: Any, context: Context) -> Verdict:
        verdict: Verdict = False
        for item in values(value, context):
            codings = item.get("coding", [item]) if is_object(item) else [{"code": item, "system": None}]
            for coding in codings:
                answer = contains_code(coding.get("system"), str(coding.get("code")))
                if answer:
                    return True
                verdict = None if answer is None else verdict
        return verdict

    return matches


def _by_existence(node: Node | None, values: "_Values") -> Matches:
    if node is None:
        return _undecided
    wanted = node.max != 0
    if wanted and node.element["min"] == 0:
        return _undecided
    return lambda value, context: bool(values(value, context)) is wanted


def _by_type(node: Node, values: "_Values", path: str) -> Matches:
    codes = frozenset(one["code"] for one in node.types)
    if path.endswith("resolve()"):
        targets = {url.rpartition("/")[2] for one in node.types for url in one.get("targetProfile", ())}
        codes = frozenset(targets) or codes

    def matches(value: Any, context: Context) -> Verdict:
        items = values(value, context)
        if not items:
            return None if path.endswith("resolve()") else False
        return any(_is_of(item, codes) for item in items)

    return matches


def _is_of(item: Any, codes: frozenset[str]) -> bool:
    if is_object(item) and "resourceType" in item:
        return item["resourceType"] in codes or "Resource" in codes
    return True if not codes else is_object(item) or bool(codes)


def _by_profile(node: Node, values: "_Values", owner: "Compiler") -> Matches:
    urls = [url for one in node.types for url in (*one.get("profile", ()), *one.get("targetProfile", ()))]

    def matches(value: Any, context: Context) -> Verdict:
        verdict: Verdict = False
        for item in values(value, context):
            for url in urls:
                check = owner.profile(url)
                if check is None:
                    verdict = None
                elif all(one.severity != "error" for one in check(item, context) or ()):
                    return True
        return verdict

    return matches


_Values = Callable[[Any, Context], list[Any]]


def _path(path: str) -> _Values | None:
    """Compile the restricted FHIRPath of a discriminator; None where it isn't one."""
    steps: list[_Values] = []
    for step in re.findall(r"[^.(]+(?:\([^)]*\))?", path):
        extension, of_type = _EXTENSION.fullmatch(step), _OF_TYPE.fullmatch(step)
        if step == "$this":
            continue
        if step == "resolve()":
            steps.append(_resolve)
        elif extension:
            steps.append(_extension_step(extension[1]))
        elif of_type:
            continue
        elif step.isidentifier():
            steps.append(_member_step(step))
        else:
            return None

    def values(value: Any, context: Context) -> list[Any]:
        items = [value]
        for step in steps:
            items = [found for item in items for found in step(item, context)]
        return items

    return values


def _resolve(value: Any, context: Context) -> list[Any]:
    reference = value.get("reference") if is_object(value) else None
    found = context.resolve(reference) if type(reference) is str else None
    return [] if found is None else [found]


def _extension_step(url: str) -> _Values:
    return lambda value, _context: [
        one for one in _children(value, "extension") if is_object(one) and one.get("url") == url
    ]


def _member_step(name: str) -> _Values:
    return lambda value, _context: _children(value, name)


def _children(value: Any, name: str) -> list[Any]:
    if not is_object(value):
        return []
    found = value.get(name)
    if found is None:
        stem = name.removesuffix("[x]")
        found = next(
            (
                one
                for key, one in value.items()
                if key.startswith(stem) and key[len(stem) : len(stem) + 1].isupper()
            ),
            None,
        )
    if found is None:
        return []
    return found if is_array(found) else [found]
