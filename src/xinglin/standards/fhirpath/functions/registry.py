"""How functions are declared: by hand (`special`) or as plain functions over values (`scalar`, `several`)."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath import tree
from xinglin.standards.fhirpath.adapt import single
from xinglin.standards.fhirpath.code import EMPTY, Code, Env, Need, Run, Scope, from_test
from xinglin.standards.fhirpath.errors import EvaluationError, either
from xinglin.standards.fhirpath.quantity import Quantity
from xinglin.standards.fhirpath.temporal import Temporal
from xinglin.standards.fhirpath.values import (
    BOOLEAN_TYPES,
    DECIMAL_TYPES,
    INTEGER_TYPES,
    STRING_TYPES,
    Node,
    describe,
    is_primitive,
)

if TYPE_CHECKING:
    from xinglin.standards.fhirpath.compiler import Compiler

CompileCall = Callable[["Compiler", tree.Call, Scope, Need], Code]


@dataclass(frozen=True, slots=True)
class Function:
    """A function: how many arguments it takes and how a call of it is compiled."""

    name: str
    least: int
    most: int
    compile: CompileCall

    def miscounted(self, given: int) -> Phrase:
        """Say that a call has too few or too many arguments."""
        name, least, most = self.name, self.least, self.most
        if most > 90:
            return Phrase(
                "{name}() takes {least} or more arguments, {given} given", name=name, least=least, given=given
            )
        if least < most:
            return Phrase(
                "{name}() takes {least} to {most} arguments, {given} given",
                name=name,
                least=least,
                most=most,
                given=given,
            )
        return Phrase(
            "arguments of {name}(): {least} needed, {given} given", name=name, least=least, given=given
        )


FUNCTIONS: Final[dict[str, Function]] = {}
"""Every function by name."""


@dataclass(frozen=True, slots=True)
class Accepts:
    """Which system values a scalar function takes, named for errors; `types` are those known beforehand."""

    name: Phrase
    test: Callable[[Any], bool]
    types: frozenset[str] | None = None


TEXT: Final = Accepts(Phrase("a string"), lambda v: isinstance(v, str), STRING_TYPES)
INTEGER: Final = Accepts(
    Phrase("an integer"), lambda v: isinstance(v, int) and not isinstance(v, bool), INTEGER_TYPES
)
NUMBER: Final = Accepts(
    Phrase("a number"),
    lambda v: isinstance(v, (int, Decimal)) and not isinstance(v, bool),
    INTEGER_TYPES | DECIMAL_TYPES,
)
MEASURE: Final = Accepts(
    Phrase("a number or quantity"),
    lambda v: isinstance(v, (int, Decimal, Quantity)) and not isinstance(v, bool),
)
QUANTITY: Final = Accepts(Phrase("a quantity"), lambda v: isinstance(v, Quantity))
BOOLEAN: Final = Accepts(Phrase("a boolean"), lambda v: isinstance(v, bool), BOOLEAN_TYPES)
TEMPORAL: Final = Accepts(Phrase("a date or time"), lambda v: isinstance(v, Temporal))
ANY: Final = Accepts(Phrase("a value"), lambda _: True)


def special(name: str, least: int = 0, most: int | None = None) -> Callable[[CompileCall], CompileCall]:
    """Declare a function whose calls are compiled by the decorated function."""

    def declare(compile_call: CompileCall) -> CompileCall:
        FUNCTIONS[name] = Function(name, least, least if most is None else most, compile_call)
        return compile_call

    return declare


def scalar(
    name: str, takes: Accepts, *arguments: Accepts, least: int | None = None, gives: str = ""
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a function of one system value and single arguments; None is the empty collection.

    An empty input or argument gives an empty result. `gives` is the System type of results, where always one.
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        def compile_call(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
            source, code = c.system(call.input or tree.Special("this", at=call.at), scope)
            _check(c, call, takes, code)
            compiled = [c.system(argument, scope.branch()) for argument in call.arguments]
            for accepts, (_, argument) in zip(arguments, compiled, strict=False):
                _check(c, call, accepts, argument)
            runs = [(run, accepts) for (run, _), accepts in zip(compiled, arguments, strict=False)]
            answer = _scalar_run(name, function, source, takes, runs)
            if gives == "Boolean":
                return from_test(answer)
            types = (f"System.{gives}",) if gives else ()
            return Code(_listed(answer), types, nodes=not types)

        FUNCTIONS[name] = Function(
            name, len(arguments) if least is None else least, len(arguments), compile_call
        )
        return function

    return declare


def _listed(answer: Callable[[Any, Env], Any]) -> Run:
    def run(this: Any, env: Env) -> list[Any]:
        value = answer(this, env)
        return EMPTY if value is None else [value]

    return run


def _scalar_run(
    name: str,
    function: Callable[..., Any],
    source: Run,
    takes: Accepts,
    arguments: list[tuple[Run, Accepts]],
) -> Callable[[Any, Env], Any]:
    accepted, what = takes.test, name + "()"
    an_argument = Phrase("an argument of {function}", function=what)

    def answer(this: Any, env: Env) -> Any:
        items = source(this, env)
        if not items:
            return None
        value = single(items, what)
        if not accepted(value):
            raise EvaluationError(detail=_needs(what, takes, describe(value)))
        values: list[Any] = []
        for run, accepts in arguments:
            argument = single(run(this, env), an_argument)
            if argument is None:
                return None
            if not accepts.test(argument):
                raise EvaluationError(detail=_needs(an_argument, accepts, describe(argument)))
            values.append(argument)
        return function(value, *values)

    return answer


def _needs(what: str | Phrase, accepts: Accepts, found: str | Phrase) -> Phrase:
    return Phrase("{what} needs {wanted}, not {found}", what=what, wanted=accepts.name, found=found)


def _check(c: "Compiler", call: tree.Call, accepts: Accepts, code: Code) -> None:
    """In strict mode, refuse at once what can never be of the right type."""
    if not c.strict or accepts.types is None or not code.types or "System.Any" in code.types:
        return
    if not any(t in accepts.types for t in code.types):
        raise c.problem(call, _needs(f"{call.name}()", accepts, either(code.types)))


Several = Callable[..., list[Any]]


def several(name: str, arguments: int = 0) -> Callable[[Several], Several]:
    """Declare a function of whole collections: it takes items (Nodes or system values), Env and arguments."""

    def declare(function: Several) -> Several:
        def compile_call(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
            c.uses_env = True
            code = c.input(call, scope, Need.NODES)
            source = code.run
            others = [c.compile(argument, scope.branch(), Need.NODES).run for argument in call.arguments]

            def run(this: Any, env: Env) -> list[Any]:
                items = source(this, env)
                env.tick(len(items))
                return function(items, env, *[other(this, env) for other in others])

            return Code(run, (), nodes=True)

        FUNCTIONS[name] = Function(name, arguments, arguments, compile_call)
        return function

    return declare


_ASKS_NODES = frozenset(
    {
        "extension",
        "id",
        "hasValue",
        "getValue",
        "children",
        "descendants",
        "type",
        "trace",
        "as",
        "is",
        "ofType",
    }
)


def focus_on(
    c: "Compiler", call: tree.Call, scope: Scope, need: Need, *criteria: tree.Node
) -> tuple[Code, Scope]:
    """Compile the input of a function that looks at each item with `criteria`, and the scope they see."""
    code = c.input(call, scope, max(need, Need.ITEMS))
    if not code.nodes and code.constant is None and _needs_nodes(code, criteria):
        code = c.input(call, scope, Need.NODES)
    return code, scope.inside(code)


def _needs_nodes(code: Code, criteria: tuple[tree.Node, ...]) -> bool:
    if len(code.types) > 1:
        return True
    if not any(map(is_primitive, code.types)):
        return False
    return any(getattr(n, "name", None) in _ASKS_NODES for one in criteria for n in tree.walk(one))


def is_counted(c: "Compiler", criteria: tuple[tree.Node, ...]) -> bool:
    """Say whether an iteration must keep count of its items, as those inside others must: they multiply."""
    nested = any(
        isinstance(n, tree.Call) and n.arguments and n.name in {"where", "exists"}
        for one in criteria
        for n in tree.walk(one)
    )
    return c.uses_env or nested or uses_index(criteria)


def uses_index(criteria: tuple[tree.Node, ...]) -> bool:
    """Say whether `$index` stands somewhere in `criteria`."""
    return any(n == tree.Special("index") for one in criteria for n in tree.walk(one))


def for_each(
    run: Run | Callable[[Any, Env], Any], criteria: tuple[tree.Node, ...]
) -> Callable[[list[Any], Env], list[Any]]:
    """Give a function that evaluates `run` on each item, keeping `$index` where the criteria ask for it."""
    if not uses_index(criteria):
        return lambda items, env: [run(item, env) for item in items]

    def indexed(items: list[Any], env: Env) -> list[Any]:
        outer = env.index
        found: list[Any] = []
        for env.index, item in enumerate(items):
            found.append(run(item, env))
        env.index = outer
        return found

    return indexed


def node_type(item: Any) -> str | None:
    """Give the FHIR type of a Node, None for system values."""
    return item.type if type(item) is Node else None
