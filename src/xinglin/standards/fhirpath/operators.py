"""The operators: equality, order, arithmetic, logic, membership (http://hl7.org/fhirpath/N1/#operations)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath import arithmetic, tree
from xinglin.standards.fhirpath.adapt import single
from xinglin.standards.fhirpath.code import EMPTY, Code, Env, Need, Scope, Test, constant, from_test
from xinglin.standards.fhirpath.equality import compare, distinct, equal, equal_lists, equivalent_lists
from xinglin.standards.fhirpath.values import BOOLEAN_TYPES, DECIMAL_TYPES, INTEGER_TYPES, STRING_TYPES

if TYPE_CHECKING:
    from xinglin.standards.fhirpath.compiler import Compiler

_ORDER: dict[str, Callable[[int], bool]] = {
    "<": lambda o: o < 0,
    "<=": lambda o: o <= 0,
    ">": lambda o: o > 0,
    ">=": lambda o: o >= 0,
}
_FAMILIES = (STRING_TYPES, INTEGER_TYPES | DECIMAL_TYPES, BOOLEAN_TYPES)


def compile_operator(c: "Compiler", node: tree.Binary | tree.Polarity, scope: Scope, need: Need) -> Code:
    """Compile an operator. Raises SemanticProblem."""
    if isinstance(node, tree.Polarity):
        return _polarity(c, node, scope)
    match node.operator:
        case "=" | "!=":
            return from_test(_negated(_equals(c, node, scope), when=node.operator == "!="))
        case "~" | "!~":
            return from_test(_negated(_equivalent(c, node, scope), when=node.operator == "!~"))
        case "<" | "<=" | ">" | ">=":
            return from_test(_ordered(c, node, scope))
        case "and" | "or" | "xor" | "implies":
            return from_test(_logic(c, node, scope))
        case "in":
            return from_test(_membership(c, node.left, node.right, scope))
        case "contains":
            return from_test(_membership(c, node.right, node.left, scope))
        case "|":
            return union(c, node.left, node.right, scope, need)
        case _:
            return _arithmetic(c, node, scope)


def _polarity(c: "Compiler", node: tree.Polarity, scope: Scope) -> Code:
    source, code = c.system(node.operand, scope)

    def run(this: Any, env: Env) -> list[Any]:
        value = single(source(this, env), node.operator)
        return (
            EMPTY
            if value is None
            else [arithmetic.negate(value) if node.operator == "-" else arithmetic.signed(value)]
        )

    return Code(
        run, code.types if code.types and code.types[0].startswith("System.") else (), nodes=not code.types
    )


def _negated(test: Test, *, when: bool) -> Test:
    if not when:
        return test

    def negated(this: Any, env: Env) -> bool | None:
        answer = test(this, env)
        return None if answer is None else not answer

    return negated


def _same_family(left: Code, right: Code) -> bool:
    """Say whether Python's own `==` compares the raw items of both rightly."""
    if left.nodes or right.nodes or not left.types or not right.types:
        return False
    return any(
        all(t in family for t in left.types) and all(t in family for t in right.types) for family in _FAMILIES
    )


def _equals(c: "Compiler", node: tree.Binary, scope: Scope) -> Test:
    left = c.compile(node.left, scope.branch(), Need.VALUES)
    right = c.compile(node.right, scope.branch(), Need.VALUES)
    if _same_family(left, right):
        if right.constant is not None:
            return _equals_constant(left, right.constant)
        first, second = left.run, right.run

        def quick(this: Any, env: Env) -> bool | None:
            mine = first(this, env)
            if not mine:
                return None
            theirs = second(this, env)
            return mine == theirs if theirs else None

        return quick
    first = c.compile(node.left, scope.branch(), Need.NODES).run
    second = c.compile(node.right, scope.branch(), Need.NODES).run
    return lambda this, env: equal_lists(first(this, env), second(this, env))


def _equals_constant(left: Code, value: list[Any]) -> Test:
    source = left.run
    if not value:
        return lambda _this, _env: None

    def test(this: Any, env: Env) -> bool | None:
        items = source(this, env)
        return items == value if items else None

    return test


def _equivalent(c: "Compiler", node: tree.Binary, scope: Scope) -> Test:
    left = c.compile(node.left, scope.branch(), Need.NODES).run
    right = c.compile(node.right, scope.branch(), Need.NODES).run
    return lambda this, env: equivalent_lists(left(this, env), right(this, env))


def _ordered(c: "Compiler", node: tree.Binary, scope: Scope) -> Test:
    left, left_code = c.system(node.left, scope.branch())
    right, right_code = c.system(node.right, scope.branch())
    decide = _ORDER[node.operator]
    if c.strict:
        _check_order_types(c, node, left_code, right_code)

    def test(this: Any, env: Env) -> bool | None:
        mine, theirs = single(left(this, env), node.operator), single(right(this, env), node.operator)
        if mine is None or theirs is None:
            return None
        order = compare(mine, theirs)
        return None if order is None else decide(order)

    return test


def _check_order_types(c: "Compiler", node: tree.Binary, left: Code, right: Code) -> None:
    for family, others in ((STRING_TYPES, INTEGER_TYPES | DECIMAL_TYPES), (BOOLEAN_TYPES, STRING_TYPES)):
        for one, other in ((left, right), (right, left)):
            if (
                one.types
                and other.types
                and all(t in family for t in one.types)
                and all(t in others for t in other.types)
            ):
                raise c.problem(
                    node, Phrase("{one} and {other} can't be ordered", one=one.types[0], other=other.types[0])
                )


def _logic(c: "Compiler", node: tree.Binary, scope: Scope) -> Test:
    left, right = c.test(node.left, scope.branch()), c.test(node.right, scope.branch())

    def conjunction(this: Any, env: Env) -> bool | None:
        first = left(this, env)
        if first is False:
            return False
        second = right(this, env)
        if second is False:
            return False
        return True if first and second else None

    def disjunction(this: Any, env: Env) -> bool | None:
        first = left(this, env)
        if first:
            return True
        second = right(this, env)
        if second:
            return True
        return False if first is False and second is False else None

    def exclusive(this: Any, env: Env) -> bool | None:
        first, second = left(this, env), right(this, env)
        return None if first is None or second is None else first is not second

    def implication(this: Any, env: Env) -> bool | None:
        first = left(this, env)
        if first is False:
            return True
        second = right(this, env)
        return True if second else second if first else None

    return {"and": conjunction, "or": disjunction, "xor": exclusive, "implies": implication}[node.operator]


def _membership(c: "Compiler", item: tree.Node, among: tree.Node, scope: Scope) -> Test:
    one = c.compile(item, scope.branch(), Need.VALUES)
    several = c.compile(among, scope.branch(), Need.VALUES)
    if _same_family(one, several) and several.constant is not None:
        source, known = one.run, frozenset(several.constant)

        def quick(this: Any, env: Env) -> bool | None:
            value = single(source(this, env), "in")
            return None if value is None else value.__hash__ is not None and value in known

        return quick
    first = c.compile(item, scope.branch(), Need.NODES).run
    sides = [c.compile(side, scope.branch(), Need.NODES).run for side in _sides(among)]

    def test(this: Any, env: Env) -> bool | None:
        value = single(first(this, env), "in")
        if value is None:
            return None
        # A union needn't be made to look something up in it: one side after the other will do.
        return any(equal(value, other) for side in sides for other in side(this, env))

    return test


def _sides(node: tree.Node) -> list[tree.Node]:
    if isinstance(node, tree.Binary) and node.operator == "|":
        return [*_sides(node.left), node.right]
    return [node]


def union(c: "Compiler", left: tree.Node, right: tree.Node, scope: Scope, need: Need) -> Code:
    """Compile `left | right`: the distinct items of both."""
    first, second = c.compile(left, scope.branch(), need), c.compile(right, scope.branch(), need)
    types = tuple(dict.fromkeys(first.types + second.types)) if first.types and second.types else ()
    if first.constant is not None and second.constant is not None and not first.nodes and not second.nodes:
        if not second.constant:
            types = first.types
        elif not first.constant:
            types = second.types
        return constant(distinct([*first.constant, *second.constant], lambda _: None), types)
    if first.constant == []:
        return _distinct_of(second)
    if second.constant == []:
        return _distinct_of(first)
    raw = not first.nodes and not second.nodes and bool(types)
    if need is not Need.NODES and (
        first.nodes != second.nodes or (raw and need is Need.ITEMS and not _same_family(first, second))
    ):
        return union(c, left, right, scope, Need.NODES)
    raw = raw and need is not Need.NODES
    c.uses_env = True
    mine, theirs = first.run, second.run

    def run(this: Any, env: Env) -> list[Any]:
        before, after = mine(this, env), theirs(this, env)
        if not after and len(before) < 2:
            return before
        env.tick(len(before) + len(after))
        return distinct([*before, *after], env.tick)

    def run_raw(this: Any, env: Env) -> list[Any]:
        before, after = mine(this, env), theirs(this, env)
        if not after and len(before) < 2:
            return before
        env.tick(len(before) + len(after))
        return _distinct_raw([*before, *after])

    return Code(run_raw if raw else run, types, nodes=not raw, bare=first.bare or second.bare)


def _distinct_of(code: Code) -> Code:
    source = code.run

    def run(this: Any, env: Env) -> list[Any]:
        items = source(this, env)
        return items if len(items) < 2 else distinct(items, lambda _: None)

    def run_raw(this: Any, env: Env) -> list[Any]:
        items = source(this, env)
        return items if len(items) < 2 else _distinct_raw(items)

    raw = not code.nodes and code.constant is None
    return Code(run_raw if raw else run, code.types, code.nodes, bare=code.bare)


def _distinct_raw(items: list[Any]) -> list[Any]:
    try:
        return list(dict.fromkeys(items))
    except TypeError:
        kept: list[Any] = []
        for item in items:
            if item not in kept:
                kept.append(item)
        return kept


def _arithmetic(c: "Compiler", node: tree.Binary, scope: Scope) -> Code:
    left, left_code = c.system(node.left, scope.branch())
    right, right_code = c.system(node.right, scope.branch())
    if node.operator == "&":

        def join(this: Any, env: Env) -> list[Any]:
            mine, theirs = single(left(this, env), "&"), single(right(this, env), "&")
            return [arithmetic.concatenate("" if mine is None else mine, "" if theirs is None else theirs)]

        return Code(join, ("System.String",))
    compute = arithmetic.OPERATIONS[node.operator]

    def run(this: Any, env: Env) -> list[Any]:
        mine, theirs = single(left(this, env), node.operator), single(right(this, env), node.operator)
        if mine is None or theirs is None:
            return EMPTY
        value = compute(mine, theirs)
        return EMPTY if value is None else [value]

    types = _arithmetic_types(node.operator, left_code, right_code)
    return Code(run, types, nodes=not types)


def _arithmetic_types(operator: str, left: Code, right: Code) -> tuple[str, ...]:
    both = left.types + right.types
    if operator == "/" or not left.types or not right.types:
        return ()
    if all(t in INTEGER_TYPES for t in both):
        return ("System.Integer",)
    if all(t in INTEGER_TYPES | DECIMAL_TYPES for t in both):
        return ("System.Decimal",)
    return ("System.String",) if all(t in STRING_TYPES for t in both) else ()
