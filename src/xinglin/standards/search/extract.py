"""All search values of a record, ready for a database."""

from functools import cached_property
from typing import Any

from xinglin.standards.search.blind import Blind
from xinglin.standards.search.convert import Context
from xinglin.standards.search.dates import DEFAULT_ZONE
from xinglin.standards.search.parameters import Registry
from xinglin.standards.search.plan import MISSHAPEN, Plan, make_plan
from xinglin.standards.search.sinks import Index, Sink


class Extractor:
    """Indexes records by the parameters of a registry."""

    def __init__(
        self, registry: Registry, *, zone: str = DEFAULT_ZONE, base_url: str = "", blind: Blind | None = None
    ) -> None:
        """Use `registry`; `zone` is for dates without one, `base_url` the hub's address (no final slash).

        `blind` hides what would tell who somebody is.
        """
        self.registry = registry
        self.context = Context(zone, base_url, blind)
        self._plans: dict[str, Plan] = {}

    @cached_property
    def plain(self) -> "Extractor":
        """The same with nothing hidden."""
        context = self.context
        return Extractor(self.registry, zone=context.zone, base_url=context.base_url)

    def plan(self, resource_type: str) -> Plan:
        """Give how records of `resource_type` are indexed; compiled at first use. Raises BadParameter."""
        found = self._plans.get(resource_type)
        if found is None:
            found = self._plans[resource_type] = make_plan(resource_type, self.registry, self.context)
        return found

    def extract(self, resource: dict[str, Any]) -> Index:
        """Give the search values of one record. A value of the wrong shape is left out, never refused."""
        plan = self._plans.get(resource["resourceType"]) or self.plan(resource["resourceType"])
        sink = Sink()
        if "contained" in resource:
            sink.contained = _contained(resource["contained"])
        handlers = plan.handlers
        for key, value in resource.items():
            handler = handlers.get(key)
            if handler is not None and value is not None:
                handler(value, sink)
        for fallback in plan.fallbacks:
            fallback(resource, sink)
        return sink.index()


def _contained(found: Any) -> dict[str, str]:
    try:
        return {str(one.get("id")): str(one.get("resourceType")) for one in found}
    except MISSHAPEN:
        return {}
