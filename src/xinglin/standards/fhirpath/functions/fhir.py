"""What FHIR adds (http://hl7.org/fhir/R4/fhirpath.html#functions)."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xinglin.core.i18n import Phrase
from xinglin.standards.definitions import structure
from xinglin.standards.fhirpath import steps, tree
from xinglin.standards.fhirpath.adapt import single
from xinglin.standards.fhirpath.code import EMPTY, Code, Env, Need, Scope, from_test
from xinglin.standards.fhirpath.errors import EvaluationError
from xinglin.standards.fhirpath.functions.registry import special
from xinglin.standards.fhirpath.narrative import is_safe_html
from xinglin.standards.fhirpath.values import (
    Node,
    child_elements,
    children_named,
    is_object,
    is_of_type,
    is_primitive,
    to_system,
)

if TYPE_CHECKING:
    from xinglin.standards.fhirpath.compiler import Compiler

_BASE = "http://hl7.org/fhir/StructureDefinition/"

# What the errors of `single` name, made once: these closures run for every item.
_EXTENSION_URL = Phrase("an argument of {function}", function="extension()")
_VALUE_SET = Phrase("an argument of {function}", function="memberOf()")
_PROFILE = Phrase("an argument of {function}", function="conformsTo()")
_MODIFIER = Phrase("an argument of {function}", function="checkModifiers()")


@special("extension", 1)
def extension(c: "Compiler", call: tree.Call, scope: Scope, need: Need) -> Code:
    """Give the extensions with a URL."""
    code = c.input(call, scope, Need.VALUES)
    url, _ = c.system(call.arguments[0], scope.branch())
    if not code.nodes and need is not Need.NODES and code.types and not any(map(is_primitive, code.types)):
        step = steps.from_each(code.run, "extension")
        return Code(_with_url(step, url), ("Extension",))
    source = c.input(call, scope, Need.NODES).run
    nodes = steps.of_nodes(source, "extension")
    return Code(_with_url(nodes, url), ("Extension",), nodes=True)


@special("hasExtension", 1)
def has_extension(c: "Compiler", call: tree.Call, scope: Scope, need: Need) -> Code:
    """Say whether there is an extension with a URL; R4's own search parameters use this name."""
    source = extension(c, call, scope, need).run
    return from_test(lambda this, env: bool(source(this, env)))


def _with_url(step: Any, url: Any) -> Any:
    def run(this: Any, env: Env) -> list[Any]:
        found = step(this, env)
        if not found:
            return EMPTY
        wanted = single(url(this, env), _EXTENSION_URL)
        return [e for e in found if _url(e.value if type(e) is Node else e) == wanted]

    return run


def _url(value: Any) -> Any:
    return value.get("url") if is_object(value) else None


@special("hasValue")
def has_value(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Say whether there is a single primitive that has a value."""
    code = c.input(call, scope, Need.ITEMS)
    source = code.run
    if not code.nodes and code.types and all(is_primitive(t) or t.startswith("System.") for t in code.types):

        def quick(this: Any, env: Env) -> bool:
            items = source(this, env)
            return len(items) == 1 and type(items[0]) is not Node

        return from_test(quick)
    source = c.input(call, scope, Need.NODES).run

    def test(this: Any, env: Env) -> bool:
        items = source(this, env)
        return len(items) == 1 and _is_value(items[0])

    return from_test(test)


def _is_value(item: Any) -> bool:
    return type(item) is not Node or (item.value is not None and not isinstance(item.value, (dict, list)))


@special("getValue")
def get_value(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Give the system value of a single primitive."""
    source = c.input(call, scope, Need.NODES).run

    def run(this: Any, env: Env) -> list[Any]:
        items = source(this, env)
        return [to_system(items[0])] if len(items) == 1 and _is_value(items[0]) else EMPTY

    return Code(run, (), nodes=True)


@special("memberOf", 1)
def member_of(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Say whether the terminology service finds the code in a value set; empty where there is none to ask."""
    c.uses_env = True
    source = c.input(call, scope, Need.NODES).run
    canonical, _ = c.system(call.arguments[0], scope.branch())

    def test(this: Any, env: Env) -> bool | None:
        item = single(source(this, env), "memberOf()")
        url = single(canonical(this, env), _VALUE_SET)
        if item is None or url is None or env.terminology is None:
            return None
        return env.terminology(str(url), item.value if type(item) is Node else item)

    return from_test(test)


@special("conformsTo", 1)
def conforms_to(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Say whether the item conforms to a profile; base types are known, others are asked of the caller."""
    c.uses_env = True
    source = c.input(call, scope, Need.NODES).run
    canonical, _ = c.system(call.arguments[0], scope.branch())

    def test(this: Any, env: Env) -> bool | None:
        item = single(source(this, env), "conformsTo()")
        url = single(canonical(this, env), _PROFILE)
        if item is None or not isinstance(url, str):
            return None
        definition = structure(url)
        if definition is not None and definition.get("derivation") != "constraint" and url.startswith(_BASE):
            return is_of_type(item, "FHIR", url.removeprefix(_BASE))
        answer = env.conforms(item.value if type(item) is Node else item, url) if env.conforms else None
        if answer is None:
            raise EvaluationError(detail=Phrase("the profile {url} is not known", url=url))
        return answer

    return from_test(test)


@special("checkModifiers", 0, 99)
def check_modifiers(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Give the items as they are; an error where a modifier extension isn't among the URLs given."""
    code = c.input(call, scope, Need.NODES)
    urls = [c.system(argument, scope.branch())[0] for argument in call.arguments]
    source = code.run

    def run(this: Any, env: Env) -> list[Any]:
        items = source(this, env)
        known = {single(url(this, env), _MODIFIER) for url in urls}
        for item in items:
            for one in children_named(item, "modifierExtension"):
                if _url(one.value) not in known:
                    raise EvaluationError(
                        detail=Phrase("an element has a modifier extension that isn't understood")
                    )
        return items

    return replace(code, run=run, test=None, constant=None, nodes=True)


def _html(name: str) -> None:
    def compile_call(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
        source, _ = c.system(call.input or tree.Special("this", at=call.at), scope)

        def test(this: Any, env: Env) -> bool | None:
            value = single(source(this, env), f"{name}()")
            return None if value is None else isinstance(value, str) and is_safe_html(value)

        return from_test(test)

    special(name)(compile_call)


_html("htmlChecks")
_html("htmlChecks2")


@special("slice", 2)
def slice_(c: "Compiler", call: tree.Call, _scope: Scope, _need: Need) -> Code:
    """Refuse: slices need a profile's own discriminators, which the validator has and expressions don't."""
    raise c.problem(call, Phrase("slice() works inside the validator only"))


@special("elementDefinition")
def element_definition(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Give the ElementDefinition of each item, where the specification has one."""
    source = c.input(call, scope, Need.NODES).run

    def find(item: Any) -> Node | None:
        if type(item) is not Node:
            return None
        parent = item.parent
        owner, path = (item.type, item.type) if parent is None else _place(parent, item.key)
        definition = structure(owner.partition(".")[0])
        for element in (definition or {}).get("snapshot", {}).get("element", ()):
            if element["path"] == path:
                return Node(element, "ElementDefinition")
        return None

    return Code(
        lambda this, env: [d for i in source(this, env) if (d := find(i)) is not None], (), nodes=True
    )


def _place(parent: Node, key: str) -> tuple[str, str]:
    found = child_elements(parent.type).get(key)
    if found is None:
        return parent.type, parent.type
    return parent.type, f"{parent.type}.{found[0].name}{'[x]' if found[0].choice else ''}"
