"""Existence, counting and combining (http://hl7.org/fhirpath/N1/#existence, #combining)."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath import tree
from xinglin.standards.fhirpath.code import Code, Env, Need, Scope, from_test
from xinglin.standards.fhirpath.equality import distinct, equal
from xinglin.standards.fhirpath.errors import EvaluationError
from xinglin.standards.fhirpath.functions.registry import focus_on, for_each, is_counted, several, special
from xinglin.standards.fhirpath.operators import union
from xinglin.standards.fhirpath.values import to_system

if TYPE_CHECKING:
    from xinglin.standards.fhirpath.compiler import Compiler


@special("empty")
def empty(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Say whether there is no item at all."""
    source = c.input(call, scope, Need.ITEMS).run
    return from_test(lambda this, env: not source(this, env))


@special("exists", 0, 1)
def exists(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Say whether there is at least one item, or one that fulfils the criterion."""
    if not call.arguments:
        source = c.input(call, scope, Need.ITEMS).run
        return from_test(lambda this, env: bool(source(this, env)))
    code, inner = focus_on(c, call, scope, Need.ITEMS, *call.arguments)
    source, test = code.run, c.test(call.arguments[0], inner)
    if is_counted(c, call.arguments):
        every = for_each(test, call.arguments)

        def slow(this: Any, env: Env) -> bool:
            items = source(this, env)
            env.tick(len(items))
            return True in every(items, env)

        c.uses_env = True
        return from_test(slow)

    def quick(this: Any, env: Env) -> bool:
        return any(test(item, env) for item in source(this, env))

    return from_test(quick)


@special("all", 1)
def all_(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Say whether every item fulfils the criterion."""
    c.uses_env = True
    code, inner = focus_on(c, call, scope, Need.ITEMS, *call.arguments)
    source, every = code.run, for_each(c.test(call.arguments[0], inner), call.arguments)

    def test(this: Any, env: Env) -> bool:
        items = source(this, env)
        env.tick(len(items))
        return all(every(items, env))

    return from_test(test)


def _booleans(name: str, decide: Callable[[list[bool]], bool]) -> None:
    def compile_call(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
        source, _ = c.system(call.input or tree.Special("this"), scope)

        def test(this: Any, env: Env) -> bool:
            items = source(this, env)
            if not all(isinstance(item, bool) for item in items):
                raise EvaluationError(detail=Phrase("{function} needs booleans", function=f"{name}()"))
            return decide(items)

        return from_test(test)

    special(name)(compile_call)


_booleans("allTrue", all)
_booleans("anyTrue", any)
_booleans("allFalse", lambda items: not any(items))
_booleans("anyFalse", lambda items: not all(items))


@special("count")
def count(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Give the number of items."""
    source = c.input(call, scope, Need.ITEMS).run
    return Code(lambda this, env: [len(source(this, env))], ("System.Integer",))


@special("not")
def not_(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Give the opposite; empty where empty."""
    operand = c.test(call.input or tree.Special("this"), scope)

    def test(this: Any, env: Env) -> bool | None:
        answer = operand(this, env)
        return None if answer is None else not answer

    return from_test(test)


@special("distinct")
def distinct_(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Give the items without those equal to an earlier one."""
    c.uses_env = True
    code = c.input(call, scope, Need.NODES)
    source = code.run

    def run(this: Any, env: Env) -> list[Any]:
        return distinct(source(this, env), env.tick)

    return replace(code, run=run, test=None, constant=None, nodes=True)


@several("isDistinct")
def is_distinct(items: list[Any], env: Env) -> list[Any]:
    """Say that no two items are equal."""
    return [len(distinct(items, env.tick)) == len(items)]


def _within(few: list[Any], many: list[Any], env: Env) -> bool:
    env.tick(len(few) * len(many) // 4)
    keys = [to_system(one) for one in many]
    return all(any(equal(item, other) for other in keys) for item in few)


@several("subsetOf", 1)
def subset_of(items: list[Any], env: Env, other: list[Any]) -> list[Any]:
    """Say whether every item is also in the other collection."""
    return [_within(items, other, env)]


@several("supersetOf", 1)
def superset_of(items: list[Any], env: Env, other: list[Any]) -> list[Any]:
    """Say whether every item of the other collection is also here."""
    return [_within(other, items, env)]


@several("intersect", 1)
def intersect(items: list[Any], env: Env, other: list[Any]) -> list[Any]:
    """Give the distinct items that are in both."""
    env.tick(len(items) * len(other) // 4)
    return distinct([i for i in items if any(equal(i, o) for o in other)], env.tick)


@several("exclude", 1)
def exclude(items: list[Any], env: Env, other: list[Any]) -> list[Any]:
    """Give the items that aren't in the other collection."""
    env.tick(len(items) * len(other) // 4)
    return [i for i in items if not any(equal(i, o) for o in other)]


@several("combine", 1)
def combine(items: list[Any], env: Env, other: list[Any]) -> list[Any]:
    """Give all items of both, also equal ones."""
    env.tick(len(other))
    return [*items, *other]


@special("union", 1)
def union_(c: "Compiler", call: tree.Call, scope: Scope, need: Need) -> Code:
    """Give the distinct items of both, as `|`."""
    return union(c, call.input or tree.Special("this"), call.arguments[0], scope, need)


@several("coalesce", 1)
def coalesce(items: list[Any], _env: Env, other: list[Any]) -> list[Any]:
    """Give the items, or the other collection where there are none."""
    return items or other
