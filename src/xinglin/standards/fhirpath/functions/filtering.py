"""Filtering and subsetting (http://hl7.org/fhirpath/N1/#filtering-and-projection, #subsetting)."""

from collections.abc import Callable
from dataclasses import replace
from functools import cmp_to_key
from typing import TYPE_CHECKING, Any

from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath import tree
from xinglin.standards.fhirpath.adapt import single
from xinglin.standards.fhirpath.code import EMPTY, NOTHING, Code, Env, Need, Run, Scope
from xinglin.standards.fhirpath.equality import Distinct, compare
from xinglin.standards.fhirpath.errors import EvaluationError
from xinglin.standards.fhirpath.functions.registry import focus_on, for_each, is_counted, special
from xinglin.standards.fhirpath.types import type_argument
from xinglin.standards.fhirpath.values import to_system

if TYPE_CHECKING:
    from xinglin.standards.fhirpath.compiler import Compiler

_SORT_KEY = Phrase("a sort key")


@special("where", 1)
def where(c: "Compiler", call: tree.Call, scope: Scope, need: Need) -> Code:
    """Give the items that fulfil the criterion."""
    code, inner = focus_on(c, call, scope, need, *call.arguments)
    source, test = code.run, c.test(call.arguments[0], inner)
    if not is_counted(c, call.arguments):

        def quick(this: Any, env: Env) -> list[Any]:
            return [item for item in source(this, env) if test(item, env)]

        return replace(code, run=quick, test=None, constant=None)
    c.uses_env = True
    every = for_each(test, call.arguments)

    def run(this: Any, env: Env) -> list[Any]:
        items = source(this, env)
        if not items:
            return EMPTY
        env.tick(len(items))
        return [item for item, answer in zip(items, every(items, env), strict=True) if answer]

    return replace(code, run=run, test=None, constant=None)


@special("select", 1)
def select(c: "Compiler", call: tree.Call, scope: Scope, need: Need) -> Code:
    """Give what the projection gives for each item, in one collection."""
    c.uses_env = True
    code, inner = focus_on(c, call, scope, Need.ITEMS, *call.arguments)
    projection = c.compile(call.arguments[0], inner, need)
    source, every = code.run, for_each(projection.run, call.arguments)

    def run(this: Any, env: Env) -> list[Any]:
        items = source(this, env)
        env.tick(len(items))
        found = [one for some in every(items, env) for one in some]
        env.tick(len(found))
        return found

    return replace(projection, run=run, test=None, constant=None)


def _repeat(c: "Compiler", call: tree.Call, scope: Scope, *, unique: bool) -> Code:
    c.uses_env = True
    code = c.input(call, scope, Need.NODES)
    # The projection meets its own results, whose types aren't known beforehand.
    inner = replace(scope.inside(code), types=(), nodes=True)
    projection = c.compile(call.arguments[0], inner, Need.NODES)
    source, every = code.run, for_each(projection.run, call.arguments)

    def run(this: Any, env: Env) -> list[Any]:
        found = Distinct(env.tick)
        waiting = source(this, env)
        while waiting:
            env.tick(len(waiting))
            fresh = [one for some in every(waiting, env) for one in some]
            if unique:
                waiting = [one for one in fresh if found.add(one)]
            else:
                found.items.extend(fresh)
                waiting = fresh
        return found.items

    return Code(run, (), nodes=True)


@special("repeat", 1)
def repeat(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Give the projection applied to its own results until nothing new comes."""
    return _repeat(c, call, scope, unique=True)


@special("repeatAll", 1)
def repeat_all(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Do as `repeat`, keeping equal items."""
    return _repeat(c, call, scope, unique=False)


@special("aggregate", 1, 2)
def aggregate(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Make one value from all items, by way of `$total`."""
    c.uses_env = True
    code = c.input(call, scope, Need.NODES)
    step = c.compile(call.arguments[0], scope.inside(code, totalling=True), Need.NODES).run
    start = c.compile(call.arguments[1], scope.branch(), Need.NODES).run if len(call.arguments) > 1 else None
    source = code.run

    def run(this: Any, env: Env) -> list[Any]:
        outer = env.total, env.index
        total = start(this, env) if start else EMPTY
        for index, item in enumerate(source(this, env)):
            env.total, env.index = total, index
            total = step(item, env)
            env.tick(len(total))
        env.total, env.index = outer
        return total

    return Code(run, (), nodes=True)


@special("ofType", 1)
def of_type(c: "Compiler", call: tree.Call, scope: Scope, need: Need) -> Code:
    """Give the items of a type."""
    return c.of_type(call.input or tree.Special("this"), _type(c, call), scope, need)


@special("as", 1)
def as_(c: "Compiler", call: tree.Call, scope: Scope, need: Need) -> Code:
    """Give the item, where it is of the type."""
    return c.type_cast(call.input or tree.Special("this"), _type(c, call), scope, need)


@special("is", 1)
def is_(c: "Compiler", call: tree.Call, scope: Scope, need: Need) -> Code:
    """Say whether the item is of the type."""
    return c.type_test(call.input or tree.Special("this"), _type(c, call), scope, need)


def _type(c: "Compiler", call: tree.Call) -> tree.TypeName:
    type_ = type_argument(call.arguments[0])
    if type_ is None:
        raise c.problem(call, Phrase("{function} takes the name of a type", function=f"{call.name}()"))
    return type_


def _subset(name: str, pick: Callable[[list[Any]], list[Any]]) -> None:
    def compile_call(c: "Compiler", call: tree.Call, scope: Scope, need: Need) -> Code:
        code = c.input(call, scope, max(need, Need.ITEMS))
        c.check_order(call, code)
        source = code.run

        def run(this: Any, env: Env) -> list[Any]:
            return pick(source(this, env))

        return replace(code, run=run, test=None, constant=None)

    special(name)(compile_call)


_subset("first", lambda items: items[:1])
_subset("last", lambda items: items[-1:])
_subset("tail", lambda items: items[1:])


@special("single")
def single_(c: "Compiler", call: tree.Call, scope: Scope, need: Need) -> Code:
    """Give the only item; several are an error."""
    code = c.input(call, scope, max(need, Need.ITEMS))
    source = code.run

    def run(this: Any, env: Env) -> list[Any]:
        items = source(this, env)
        single(items, "single()")
        return items

    return replace(code, run=run, test=None, constant=None)


def _counted(name: str, pick: Callable[[list[Any], int], list[Any]]) -> None:
    def compile_call(c: "Compiler", call: tree.Call, scope: Scope, need: Need) -> Code:
        code = c.input(call, scope, max(need, Need.ITEMS))
        c.check_order(call, code)
        number, _ = c.system(call.arguments[0], scope.branch())
        source = code.run
        the_argument = Phrase("an argument of {function}", function=f"{name}()")

        def run(this: Any, env: Env) -> list[Any]:
            many = single(number(this, env), the_argument)
            if type(many) is not int:
                raise EvaluationError(detail=Phrase("{function} takes an integer", function=f"{name}()"))
            return pick(source(this, env), max(0, many))

        return replace(code, run=run, test=None, constant=None)

    special(name, 1)(compile_call)


_counted("skip", lambda items, many: items[many:])
_counted("take", lambda items, many: items[:many])


@special("iif", 2, 3)
def iif(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Give the second argument where the first is true, else the third."""
    code = c.input(call, scope, Need.NODES) if call.input is not None else None
    inner = replace(scope.inside(code), iterating=scope.iterating) if code else scope.branch()
    criterion = c.compile(call.arguments[0], inner, Need.ITEMS)
    if c.strict and criterion.types and criterion.types[0] not in {"System.Boolean", "boolean", "System.Any"}:
        detail = Phrase("the criterion of iif() is {type}, not boolean", type=criterion.types[0])
        raise c.problem(call, detail)
    test = c.test(call.arguments[0], inner)
    branches = [c.compile(one, inner.branch(), Need.NODES) for one in call.arguments[1:]]
    return Code(_iif_run(code, test, [b.run for b in branches]), _joint(branches), nodes=True)


def _joint(branches: list[Code]) -> tuple[str, ...]:
    filled = [b.types for b in branches if b.types != ("System.Any",)]
    return tuple(dict.fromkeys(t for types in filled for t in types)) if all(filled) else ()


def _iif_run(code: Code | None, test: Callable[[Any, Env], bool | None], branches: list[Run]) -> Run:
    def choose(this: Any, env: Env) -> list[Any]:
        if test(this, env):
            return branches[0](this, env)
        return branches[1](this, env) if len(branches) > 1 else EMPTY

    if code is None:
        return choose
    source = code.run

    def run(this: Any, env: Env) -> list[Any]:
        items = source(this, env)
        return choose(NOTHING if not items else single(items, "iif()"), env)

    return run


@special("sort", 0, 99)
def sort(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Give the items in the order of keys; a key is descending with `desc` or a minus sign before it."""
    c.uses_env = True
    code = c.input(call, scope, Need.NODES)
    inner = scope.inside(code)
    keys = [_sort_key(c, argument, inner) for argument in call.arguments or (tree.Special("this"),)]
    source = code.run

    def run(this: Any, env: Env) -> list[Any]:
        items = source(this, env)
        env.tick(len(items))
        for key, descending in reversed(keys):
            keyed = [(_first(key(item, env)), item) for item in items]
            some = [pair for pair in keyed if pair[0] is not None]
            some.sort(key=cmp_to_key(_compare_keys), reverse=descending)
            # What has no key comes first, ascending or descending (docs/spec-readings.md).
            items = [item for value, item in keyed if value is None] + [item for _, item in some]
        return items

    return Code(run, code.types, nodes=True)


def _sort_key(c: "Compiler", node: tree.Node, scope: Scope) -> tuple[Run, bool]:
    descending = False
    if isinstance(node, tree.SortKey):
        node, descending = node.key, node.direction == "desc"
    if isinstance(node, tree.Polarity) and node.operator == "-":
        node, descending = node.operand, not descending
    return c.compile(node, scope, Need.NODES).run, descending


def _first(items: list[Any]) -> Any:
    return to_system(single(items, _SORT_KEY))


def _compare_keys(left: tuple[Any, Any], right: tuple[Any, Any]) -> int:
    return compare(left[0], right[0]) or 0
