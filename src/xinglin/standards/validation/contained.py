"""Contained resources; rules dom-2 to dom-5 stand with the invariants."""

from typing import Any

from xinglin.standards.validation.context import Check, Context, is_object
from xinglin.standards.validation.findings import Drafts, at, error
from xinglin.standards.validation.shapes import wrong_shape


def contained_check(resource: Check) -> Check:
    """Make the check of one contained resource: it has an id of its own and belongs to `context.root`."""

    def check(value: Any, context: Context) -> Drafts | None:
        if not is_object(value):
            return wrong_shape(value, "contained")
        outer = context.resource
        context.resource = value
        try:
            drafts = resource(value, context)
        finally:
            context.resource = outer
        identity = value.get("id")
        if identity is None:
            return [*(drafts or ()), error("contained-id")]
        if type(identity) is str and context.contained.get(identity) is not value:
            return [*(drafts or ()), *at(".id", [error("contained-duplicate", id=identity)])]
        return drafts

    return check
