"""Tree navigation and utilities (http://hl7.org/fhirpath/N1/#tree-navigation, #utility-functions)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath import tree
from xinglin.standards.fhirpath.adapt import single
from xinglin.standards.fhirpath.code import Code, Env, Need, Scope
from xinglin.standards.fhirpath.errors import EvaluationError
from xinglin.standards.fhirpath.functions.registry import TEMPORAL, for_each, scalar, special
from xinglin.standards.fhirpath.temporal import Date, DateTime, Temporal, Time
from xinglin.standards.fhirpath.values import Node, children, descendants, is_object, public_type, system_name

if TYPE_CHECKING:
    from xinglin.standards.fhirpath.compiler import Compiler

_TRACE_NAME = Phrase("an argument of {function}", function="trace()")
_VARIABLE_NAME = Phrase("an argument of {function}", function="defineVariable()")
_RESERVED = frozenset({"context", "resource", "rootResource", "sct", "loinc", "ucum"})


@special("children")
def children_(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Give all child elements."""
    c.uses_env = True
    source = c.input(call, scope, Need.NODES).run

    def run(this: Any, env: Env) -> list[Any]:
        found = [child for item in source(this, env) for child in children(item)]
        env.tick(len(found))
        return found

    return Code(run, (), nodes=True, ordered=False)


@special("descendants")
def descendants_(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Give all elements below, at any depth."""
    c.uses_env = True
    source = c.input(call, scope, Need.NODES).run

    def run(this: Any, env: Env) -> list[Any]:
        return [found for item in source(this, env) for found in _below(item, env)]

    return Code(run, (), nodes=True, ordered=False)


def _below(item: Any, env: Env) -> list[Any]:
    """Give the descendants of `item`; invariants ask for those of one resource again and again."""
    if type(item) is not Node or not is_object(item.value):
        return descendants(item, env.tick)
    known = env.below.get(id(item.value))
    if known is None:
        # Kept with its element, so that no other one can get the same id.
        known = env.below[id(item.value)] = (item.value, descendants(item, env.tick))
    env.tick(len(known[1]))
    return known[1]


@special("trace", 1, 2)
def trace(c: "Compiler", call: tree.Call, scope: Scope, need: Need) -> Code:
    """Give the items as they are; whoever evaluates may watch them."""
    c.uses_env = True
    code = c.input(call, scope, max(need, Need.ITEMS))
    name, _ = c.system(call.arguments[0], scope.branch())
    watched = (
        c.compile(call.arguments[1], scope.inside(code), Need.NODES).run if len(call.arguments) > 1 else None
    )
    every = for_each(watched, call.arguments[1:]) if watched else None
    source = code.run

    def run(this: Any, env: Env) -> list[Any]:
        items = source(this, env)
        if env.trace is not None:
            shown = [one for some in every(items, env) for one in some] if every else items
            env.trace(str(single(name(this, env), _TRACE_NAME)), shown)
        return items

    return replace(code, run=run, test=None, constant=None)


@special("defineVariable", 1, 2)
def define_variable(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Give the items as they are, with `%name` known from here on."""
    c.uses_env = True
    argument = call.arguments[0]
    code = c.input(call, scope, Need.NODES)
    value = code.run
    if len(call.arguments) > 1:
        # Here, unlike in select(), the focus is the whole input: `defineVariable('x', skip(1).first())`.
        inner = replace(scope.inside(code), iterating=scope.iterating, nodes=True, collective=True)
        value = c.compile(call.arguments[1], inner, Need.NODES).run
    named, _ = c.system(argument, scope.branch())
    slot = ""
    if isinstance(argument, tree.Literal) and isinstance(argument.value, str):
        slot = c.define(call, argument.value, scope)
    source, computed = code.run, len(call.arguments) > 1

    def run(this: Any, env: Env) -> list[Any]:
        name = single(named(this, env), _VARIABLE_NAME)
        if not isinstance(name, str) or name in _RESERVED:
            raise EvaluationError(detail=Phrase("defineVariable() needs a name that isn't taken"))
        items = source(this, env)
        env.variables[slot or name] = value(items, env) if computed else items
        return items

    return replace(code, run=run, test=None, constant=None, nodes=True)


def _clock(name: str, system: str, pick: Callable[[datetime], Temporal]) -> None:
    def compile_call(c: "Compiler", _call: tree.Call, _scope: Scope, _need: Need) -> Code:
        c.uses_env = True

        def run(_this: Any, env: Env) -> list[Any]:
            if env.now is None:
                env.now = datetime.now(UTC).astimezone()
            return [pick(env.now)]

        return Code(run, (f"System.{system}",))

    special(name)(compile_call)


def _second(now: datetime) -> Decimal:
    return Decimal(now.second) + (Decimal(now.microsecond) / 1_000_000).quantize(
        Decimal("0.001"), rounding="ROUND_DOWN"
    )


def _now(now: datetime) -> DateTime:
    offset = now.utcoffset()
    zone = None if offset is None else int(offset.total_seconds()) // 60
    return DateTime((now.year, now.month, now.day, now.hour, now.minute, _second(now)), zone)


_clock("now", "DateTime", _now)
_clock("today", "Date", lambda now: Date((now.year, now.month, now.day)))
_clock("timeOfDay", "Time", lambda now: Time((now.hour, now.minute, _second(now))))


@special("type")
def type_(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Give the type of each item, with `namespace` and `name`."""
    source = c.input(call, scope, Need.NODES).run

    def describe(item: Any) -> Node:
        if type(item) is Node:
            value = {"namespace": "FHIR", "name": public_type(item.type)}
        else:
            value = {"namespace": "System", "name": system_name(item)}
        return Node(value, "SimpleTypeInfo")

    return Code(lambda this, env: [describe(item) for item in source(this, env)], (), nodes=True)


def _part(name: str, position: int) -> None:
    def pick(value: Temporal) -> Any:
        at = position - value.first
        return value.parts[at] if 0 <= at < len(value.parts) else None

    scalar(name, TEMPORAL, gives="Integer")(pick)


_part("yearOf", 0)
_part("monthOf", 1)
_part("dayOf", 2)
_part("hourOf", 3)
_part("minuteOf", 4)


@scalar("secondOf", TEMPORAL, gives="Integer")
def second_of(value: Temporal) -> int | None:
    """Give the whole seconds."""
    at = 5 - value.first
    return int(value.parts[at]) if at < len(value.parts) else None


@scalar("millisecondOf", TEMPORAL, gives="Integer")
def millisecond_of(value: Temporal) -> int | None:
    """Give the thousandths of the second."""
    at = 5 - value.first
    return int(value.parts[at] % 1 * 1000) if at < len(value.parts) else None


@scalar("timezoneOffsetOf", TEMPORAL, gives="Decimal")
def timezone_offset_of(value: Temporal) -> Decimal | None:
    """Give the offset from UTC in hours."""
    return None if value.zone is None else Decimal(value.zone) / 60


@scalar("dateOf", TEMPORAL, gives="Date")
def date_of(value: Temporal) -> Date | None:
    """Give the date without the time."""
    return None if value.first else Date(value.parts[:3])


@scalar("timeOf", TEMPORAL, gives="Time")
def time_of(value: Temporal) -> Time | None:
    """Give the time of day."""
    parts = value.parts if value.first else value.parts[3:]
    return Time(parts) if parts else None
