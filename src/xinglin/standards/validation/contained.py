"""Contained resources. Rules dom-2 to dom-5 of http://hl7.org/fhir/R4/domainresource.html stand with the invariants."""

from typing import Any

from xinglin.standards.validation.context import Check, Context
from xinglin.standards.validation.findings import Drafts, at, error
from xinglin.standards.validation.shapes import wrong_shape


def contained_check(resource: Check) -> Check:
    """Make the check of one contained resource: it has an id of its own and belongs to `context.root`."""

    def check(value: Any, context: Context) -> Drafts | None:
        if type(value) is not dict:
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
        siblings = context.root.get("contained")
        if type(siblings) is list and len(siblings) > 1:
            same = [one for one in siblings if type(one) is dict and one.get("id") == identity]
            if len(same) > 1 and same[0] is not value:
                return [*(drafts or ()), *at(".id", [error("contained-duplicate", id=identity)])]
        return drafts

    return check
