"""Turn a syntax tree into closures, using the R4 types to choose the quickest closure that is right.

One compiler serves one focus type. Where that type is known the closures walk plain dicts; where it isn't, or
where an item must tell its type or its extensions, they walk `Node`s.
"""

from dataclasses import replace
from typing import Any

from xinglin.core.i18n import Phrase
from xinglin.standards.definitions import type_model
from xinglin.standards.fhirpath import steps, tree
from xinglin.standards.fhirpath.adapt import as_test, self_evident, single, system_values
from xinglin.standards.fhirpath.code import (
    EMPTY,
    NOTHING,
    Code,
    Env,
    Need,
    Run,
    Scope,
    Test,
    constant,
    from_test,
)
from xinglin.standards.fhirpath.errors import EvaluationError, SemanticProblem, UnknownName, either
from xinglin.standards.fhirpath.functions import FUNCTIONS, compile_reference_test
from xinglin.standards.fhirpath.operators import compile_operator
from xinglin.standards.fhirpath.types import ABSTRACT, check_type, static_exactly, static_is
from xinglin.standards.fhirpath.values import (
    TEMPORAL_TYPES,
    UNKNOWN,
    Node,
    child_elements,
    is_exactly,
    is_of_type,
    is_primitive,
    is_quantity_type,
    keys_of,
    resource_node,
    system_name,
)

_URLS = {
    "ucum": "http://unitsofmeasure.org",
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
}


class Compiler:
    """Compiles for one focus type, strictly or not.

    `lenient_as`: `as` filters a collection, as R4's own search parameters and invariants expect, instead of
    refusing it as N1 says. `uses_env` tells afterwards whether the closures look at their `Env`.
    """

    def __init__(self, *, strict: bool = False, lenient_as: bool = False, located: bool = False) -> None:
        self.strict = strict
        self.lenient_as = lenient_as
        self.located = located
        self.uses_env = False
        self._slots: list[tree.Call] = []
        self._known: dict[tuple[object, ...], tuple[Code, dict[str, str]]] = {}

    # -- entry points for functions ------------------------------------------------------------

    def compile(self, node: tree.Node, scope: Scope, need: Need) -> Code:
        """Compile `node`. Raises SemanticProblem or UnknownName."""
        if self.located:
            need = Need.NODES
        # Operands are compiled again when their first form doesn't do; remembering keeps that from growing
        # exponentially with depth.
        key = (id(node), need, scope.key())
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (self._compile(node, scope, need), dict(scope.variables))
        scope.variables.update(known[1])
        return known[0]

    def _compile(self, node: tree.Node, scope: Scope, need: Need) -> Code:
        match node:
            case tree.Literal():
                return self._literal(node)
            case tree.Empty():
                return constant(EMPTY, ("System.Any",))
            case tree.Special():
                return self._special(node, scope, need)
            case tree.Variable():
                return self._variable(node, scope)
            case tree.Member():
                return self.member(node, scope, need)
            case tree.Call():
                return self._call(node, scope, need)
            case tree.Indexer():
                return self._indexer(node, scope, need)
            case tree.TypeOperation():
                compile_type = self.type_test if node.operator == "is" else self.type_cast
                return compile_type(node.operand, node.type, scope, need)
            case tree.Polarity() | tree.Binary():
                return compile_operator(self, node, scope, need)
            case tree.SortKey():
                raise SemanticProblem(
                    position=node.at + 1, detail=Phrase("{word} stands in sort() only", word=node.direction)
                )

    def input(self, call: tree.Call, scope: Scope, need: Need) -> Code:
        """Compile what a function is applied to: what stands before the dot, else `$this`."""
        return self.compile(call.input or tree.Special("this", at=call.at), scope, need)

    def system(self, node: tree.Node, scope: Scope) -> tuple[Run, Code]:
        """Compile `node` to give system values (complex elements as Nodes)."""
        code = self.compile(node, scope, Need.VALUES)
        if not code.nodes and not self_evident(code.types):
            one = code.types[0] if len(code.types) == 1 else ""
            if not (one in TEMPORAL_TYPES or one == "decimal" or is_quantity_type(one)):
                code = self.compile(node, scope, Need.NODES)
        return system_values(code), code

    def test(self, node: tree.Node, scope: Scope) -> Test:
        """Compile `node` to give true, false, or None for an empty collection."""
        return as_test(self.compile(node, scope, Need.ITEMS))

    def define(self, call: tree.Call, name: str, scope: Scope) -> str:
        """Give the place for a variable that `call` defines from here on. Raises SemanticProblem."""
        taken = scope.variables.get(name)
        if taken is not None and self._slots[int(taken.rpartition("#")[2])] is not call:
            raise self.problem(call, Phrase("%{name} is defined already", name=name))
        scope.variables[name] = f"{name}#{len(self._slots)}"
        self._slots.append(call)
        return scope.variables[name]

    def problem(self, node: tree.Node, detail: Phrase) -> SemanticProblem:
        """Make the error for a part of the expression that can't mean anything."""
        return SemanticProblem(position=node.at + 1, detail=detail)

    # -- the simple nodes ----------------------------------------------------------------------

    def _literal(self, node: tree.Literal) -> Code:
        value = node.value
        return constant([value], ("System." + system_name(value),))

    def _special(self, node: tree.Special, scope: Scope, need: Need) -> Code:
        if node.name != "this":
            self.uses_env = True
            if node.name == "index":
                if not scope.iterating:
                    raise self.problem(
                        node, Phrase("$index has a meaning only inside where(), select() and the like")
                    )
                return Code(
                    lambda _this, env: EMPTY if env.index is None else [env.index], ("System.Integer",)
                )
            if not scope.totalling:
                raise self.problem(node, Phrase("$total has a meaning only inside aggregate()"))
            return Code(lambda _this, env: env.total, (), nodes=True)
        if scope.collective:
            return Code(lambda this, _env: this, scope.types, nodes=True)
        if scope.nodes:
            return Code(lambda this, _env: EMPTY if this is NOTHING else [this], scope.types, nodes=True)
        if need is Need.NODES and len(scope.types) == 1 and not scope.types[0].startswith("System."):
            kind = scope.types[0]
            return Code(lambda this, _env: [Node(this, kind)], scope.types, nodes=True)
        return Code(
            lambda this, _env: EMPTY if this is NOTHING else [this], scope.types, nodes=False, bare=scope.bare
        )

    def _variable(self, node: tree.Variable, scope: Scope) -> Code:
        name = node.name
        url = _URLS.get(name)
        if url is None and name.startswith("vs-"):
            url = "http://hl7.org/fhir/ValueSet/" + name[3:]
        if url is None and name.startswith("ext-"):
            url = "http://hl7.org/fhir/StructureDefinition/" + name[4:]
        if url is not None:
            return constant([url], ("System.String",))
        self.uses_env = True
        if name in {"resource", "rootResource", "context"}:
            return self._context(name)
        slot = scope.variables.get(name, name)

        def run(_this: Any, env: Env) -> list[Any]:
            try:
                return env.variables[slot]
            except KeyError:
                raise UnknownName(kind=Phrase("the variable"), name="%" + name) from None

        return Code(run, (), nodes=True)

    def _context(self, name: str) -> Code:
        def run(_this: Any, env: Env) -> list[Any]:
            value = env.context if name == "context" else env.resource if name == "resource" else env.root
            if value is None or value is NOTHING:
                return EMPTY
            return [value] if type(value) is Node or not isinstance(value, dict) else [resource_node(value)]

        return Code(run, (), nodes=True)

    def _call(self, node: tree.Call, scope: Scope, need: Need) -> Code:
        function = FUNCTIONS.get(node.name)
        if function is None:
            raise UnknownName(kind=Phrase("the function"), name=node.name + "()")
        if not function.least <= len(node.arguments) <= function.most:
            raise self.problem(node, function.miscounted(len(node.arguments)))
        return function.compile(self, node, scope, need)

    def _indexer(self, node: tree.Indexer, scope: Scope, need: Need) -> Code:
        code = self.compile(node.input, scope, max(need, Need.ITEMS))
        self.check_order(node, code)
        index, _ = self.system(node.index, scope.branch())
        source = code.run

        def run(this: Any, env: Env) -> list[Any]:
            at = index(this, env)
            if not at:
                return EMPTY
            if len(at) > 1 or type(at[0]) is not int:
                raise EvaluationError(detail=Phrase("an index must be one integer"))
            items = source(this, env)
            return [items[at[0]]] if 0 <= at[0] < len(items) else EMPTY

        return replace(code, run=run, test=None, constant=None)

    def check_order(self, node: tree.Node, code: Code) -> None:
        """In strict mode, refuse what depends on the order of items that have none."""
        if self.strict and not code.ordered:
            raise self.problem(node, Phrase("the order of children() and descendants() means nothing"))

    # -- paths ---------------------------------------------------------------------------------

    def member(self, node: tree.Member, scope: Scope, need: Need, only: tree.TypeName | None = None) -> Code:
        """Compile a path step; with `only`, just to values of that type (`value as Quantity`)."""
        if node.input is None:
            root = self._type_root(node, scope, need)
            if root is not None:
                return root
            code = Code(_focus, scope.types, scope.nodes)
            if scope.collective:
                code = self._special(tree.Special("this", at=node.at), scope, need)
        else:
            code = self.compile(node.input, scope, Need.VALUES)
        if not code.nodes and node.name in {"extension", "id"} and any(map(is_primitive, code.types)):
            code = self._as_nodes(node, scope, code)
        kinds = self._member_types(node, code)
        if node.input is None and node.name[:1].isupper() and not code.types:
            return Code(steps.of_root(_source(code), node.name), (), nodes=True)
        if code.nodes or "System.Quantity" in code.types:
            return Code(steps.of_nodes(_source(code), node.name), kinds or (), nodes=True)
        keys = [pair for type_ in code.types for pair in keys_of(type_, node.name)]
        if only is not None:
            keys = [pair for pair in keys if static_exactly(pair[1], only)]
            kinds = tuple(dict.fromkeys(kind for _, kind in keys))
        if not keys:
            return _nothing_of(code)
        keys = list(dict.fromkeys(keys))
        if need is Need.NODES or any(kind in ABSTRACT or kind == UNKNOWN for _, kind in keys):
            owner, *others = code.types
            if others:
                code = self._as_nodes(node, scope, code)
                return Code(steps.of_nodes(_source(code), node.name), kinds or (), nodes=True)
            kinds = tuple(k for k in kinds or () if k not in ABSTRACT) if need is Need.NODES else ()
            return Code(steps.lift(_source(code), owner, keys), kinds, nodes=True)
        bare = need is Need.ITEMS and any(is_primitive(kind) for _, kind in keys)
        return Code(_raw_step(_source(code), keys, bare=bare), tuple(kinds or ()), bare=bare)

    def _as_nodes(self, node: tree.Member, scope: Scope, code: Code) -> Code:
        if node.input is not None:
            code = self.compile(node.input, scope, Need.NODES)
        if code.nodes:
            return code
        return self._special(tree.Special("this", at=node.at), scope, Need.NODES)

    def _type_root(self, node: tree.Member, scope: Scope, need: Need) -> Code | None:
        """Read a leading type name (`Patient.name`): the focus, where it is of that type."""
        name = node.name
        info = type_model().get(name)
        if info is None or not name[0].isupper() or "." in name:
            return None
        focus = self._special(tree.Special("this", at=node.at), scope, need)
        wanted = tree.TypeName("FHIR", name)
        if scope.types and not any(t in ABSTRACT for t in scope.types):
            if all(static_is(t, wanted) for t in scope.types):
                return focus
            if self.strict:
                raise self.problem(
                    node, Phrase("the focus is {types}, not {name}", types=either(scope.types), name=name)
                )
            if not any(static_is(t, wanted) for t in scope.types):
                return constant(EMPTY, ())
        source = focus.run
        return Code(
            lambda this, env: [i for i in source(this, env) if is_of_type(i, "FHIR", name)],
            (name,) if name not in ABSTRACT else (),
            nodes=True,
        )

    def _member_types(self, node: tree.Member, code: Code) -> tuple[str, ...] | None:
        """Give the types a step leads to; None where unknown. Refuses steps that can't lead anywhere."""
        if not code.types or any(t in ABSTRACT or t not in type_model() for t in code.types):
            return None
        kinds = dict.fromkeys(kind for t in code.types for _, kind in keys_of(t, node.name))
        if kinds:
            return tuple(kinds)
        for type_ in code.types:
            found = child_elements(type_).get(node.name)
            if found is not None and found[0].choice:
                element, kind = found
                better = f"{element.name}.ofType({kind})"
                raise self.problem(
                    node,
                    Phrase(
                        "{type} has no element {name}; write {better}",
                        type=type_,
                        name=node.name,
                        better=better,
                    ),
                )
        if self.strict:
            detail = Phrase("{type} has no element {name}", type=either(code.types), name=node.name)
            raise self.problem(node, detail)
        return ()

    # -- types ---------------------------------------------------------------------------------

    def type_test(self, operand: tree.Node, type_: tree.TypeName, scope: Scope, _need: Need) -> Code:
        """Compile `operand is type`."""
        wanted = check_type(type_)
        if isinstance(operand, tree.Call) and operand.name == "resolve" and wanted.namespace != "System":
            return compile_reference_test(self, operand, wanted, scope)
        code = self.compile(operand, scope, Need.ITEMS)
        if code.types and not code.nodes:
            answers = {static_is(t, wanted) for t in code.types}
            if len(answers) == 1:
                return _type_test(code.run, answers.pop())
            code = self.compile(operand, scope, Need.NODES)
        source, namespace, name = code.run, wanted.namespace, wanted.name

        def test(this: Any, env: Env) -> bool | None:
            item = single(source(this, env), "is")
            return None if item is None else is_of_type(item, namespace, name)

        return from_test(test)

    def type_cast(self, operand: tree.Node, type_: tree.TypeName, scope: Scope, need: Need) -> Code:
        """Compile `operand as type`."""
        if self.lenient_as:
            return self.of_type(operand, type_, scope, need)
        wanted = check_type(type_)
        source = self.compile(operand, scope, Need.NODES).run
        namespace, name = wanted.namespace, wanted.name

        def run(this: Any, env: Env) -> list[Any]:
            items = source(this, env)
            if len(items) > 1:
                raise EvaluationError(detail=Phrase("`as` needs a single item; ofType() takes several"))
            return items if items and is_exactly(items[0], namespace, name) else EMPTY

        return Code(run, _types_named(name), nodes=True)

    def of_type(self, operand: tree.Node, type_: tree.TypeName, scope: Scope, need: Need) -> Code:
        """Compile `operand.ofType(type)`."""
        wanted = check_type(type_)
        if isinstance(operand, tree.Member):
            code = self.member(operand, scope, need, only=wanted)
        else:
            code = self.compile(operand, scope, need)
        if code.types and not code.nodes:
            answers = {static_exactly(t, wanted) for t in code.types}
            if answers == {True}:
                return code
            if answers == {False}:
                return _nothing_of(code)
        if not code.nodes:
            code = self.compile(operand, scope, Need.NODES)
        source, namespace, name = code.run, wanted.namespace, wanted.name
        return Code(
            lambda this, env: [i for i in source(this, env) if is_exactly(i, namespace, name)],
            _types_named(name),
            nodes=True,
        )


def _nothing_of(code: Code) -> Code:
    """Give nothing, but let the input have its errors."""
    if code.constant is not None or code.run is _focus:
        return constant(EMPTY, ())
    source = code.run

    def run(this: Any, env: Env) -> list[Any]:
        source(this, env)
        return EMPTY

    return Code(run)


def _types_named(name: str) -> tuple[str, ...]:
    return (name,) if name in type_model() and name not in ABSTRACT else ()


def _focus(this: Any, _env: Env) -> list[Any]:
    return [this]


def _source(code: Code) -> Run | None:
    """Give the closure to step from; None for the focus itself, which needs no list."""
    return None if code.run is _focus else code.run


def _raw_step(source: Run | None, keys: list[tuple[str, str]], *, bare: bool) -> Run:
    if bare:
        if len(keys) > 4:
            return steps.choice_with_bare(source, keys)
        return steps.with_bare(source, keys)
    if len({key for key, _ in keys}) == 1:
        key = keys[0][0]
        return steps.from_focus(key) if source is None else steps.from_each(source, key)
    return steps.choice(source, [key for key, _ in keys])


def _type_test(source: Run, answer: bool) -> Code:
    def test(this: Any, env: Env) -> bool | None:
        return None if single(source(this, env), "is") is None else answer

    return from_test(test)
