"""Read what a closure gives as a single item, a condition or system values."""

from typing import Any, Final

from xinglin.core.i18n import Phrase
from xinglin.standards.fhirpath.code import Code, Env, Run, Test
from xinglin.standards.fhirpath.errors import EvaluationError
from xinglin.standards.fhirpath.values import (
    BOOLEAN_TYPES,
    INTEGER_TYPES,
    STRING_TYPES,
    Node,
    raw_to_system,
    to_system,
)

_CONDITION: Final = Phrase("a condition")
SELF_EVIDENT: Final = STRING_TYPES | INTEGER_TYPES | BOOLEAN_TYPES
"""Types whose raw value is the system value."""


def self_evident(types: tuple[str, ...]) -> bool:
    """Say whether raw items of all `types` are system values as they stand."""
    return all(t in SELF_EVIDENT or t.startswith("System.") for t in types)


def single(items: list[Any], what: str | Phrase) -> Any:
    """Give the only item, None where there is none. Raises EvaluationError where there are several.

    `what` needs it: an operator or function, or words of ours.
    """
    if not items:
        return None
    if len(items) > 1:
        raise EvaluationError(
            detail=Phrase("{what} needs a single item, {count} found", what=what, count=len(items))
        )
    return items[0]


def as_test(code: Code) -> Test:
    """Read a collection as a condition: one boolean is itself, any other single item is true."""
    if code.test is not None:
        return code.test
    source = code.run

    def test(this: Any, env: Env) -> bool | None:
        item = single(source(this, env), _CONDITION)
        if type(item) is Node:
            item = item.value if item.type == "boolean" else True
        return item if item is None or isinstance(item, bool) else True

    return test


def system_values(code: Code) -> Run:
    """Give code's items as system values."""
    source = code.run
    if code.constant is not None or (not code.nodes and not code.bare and self_evident(code.types)):
        return source
    if code.nodes or code.bare or len(code.types) != 1:
        kind = "" if code.nodes or len(code.types) != 1 else code.types[0]
        return lambda this, env: [
            v
            for i in source(this, env)
            if (v := to_system(i) if type(i) is Node else raw_to_system(i, kind, i)) is not None
        ]
    kind = code.types[0]
    return lambda this, env: [raw_to_system(v, kind, v) for v in source(this, env)]
