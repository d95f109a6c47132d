"""Search expressions evaluated by FHIRPath: the items with their types."""

from collections.abc import Iterator, Mapping
from typing import Any

from xinglin.core.errors import FhirPathError
from xinglin.standards.fhirpath import compile_expression

Json = Mapping[str, Any]

_WHOLE = "%resource."


def values(expression: str, resource: Json) -> Iterator[tuple[str, Any]]:
    """Give type and JSON value of each item that `expression` finds in `resource`; none where it fails."""
    program = compile_expression(expression, type_name=resource["resourceType"])
    try:
        for item in program.evaluate(resource):
            if item.value is not None:
                yield item.type, item.value
    except FhirPathError:
        # A record that isn't as its type says: what can't be evaluated has no value.
        return


def places(expression: str, resource: Json) -> Iterator[tuple[str, Any]]:
    """Give the elements that `expression` finds in `resource`, with types as the type model names them."""
    for node in compile_expression(expression, type_name=resource["resourceType"]).nodes(resource):
        if node.value is not None:
            yield node.type, node.value


def values_below(expression: str, base: tuple[str, Any], resource: Json) -> Iterator[tuple[str, Any]]:
    """Give what `expression` finds from a `base` that `places` gave."""
    if expression.startswith(_WHOLE):
        yield from values(expression.removeprefix(_WHOLE), resource)
        return
    type_name, value = base
    for item in compile_expression(expression, type_name=type_name).evaluate(value):
        if item.value is not None:
            yield item.type, item.value
