"""The reference: does a record answer a search? Evaluated by FHIRPath over the records themselves.

Slow, simple, and knowing nothing of indexes: they are tested against it, and what they find it checks.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from xinglin.standards.search import judge
from xinglin.standards.search.bindings import implied_systems
from xinglin.standards.search.expressions import places, values, values_below
from xinglin.standards.search.judge import Surroundings
from xinglin.standards.search.parameters import Registry, SearchParameter
from xinglin.standards.search.parts import extension_value
from xinglin.standards.search.query import Branch, Chain, Criterion, Has, Query, Test, Within
from xinglin.standards.search.values import (
    Composite,
    Date,
    Missing,
    Number,
    Quantity,
    Reference,
    Text,
    Uri,
    Value,
)

Json = Mapping[str, Any]
Item = tuple[str, Any]
"""A FHIR type and a value of it."""

NEGATIVE = frozenset({"not", "not-in"})
MAX_LEVELS = 20
"""How far up a hierarchy of records is followed."""


def no_record(_address: str) -> Json | None:
    """Find no record."""
    return None


def no_records(_type: str) -> Iterable[Json]:
    """Find no records."""
    return ()


@dataclass(frozen=True)
class Matcher:
    """Judges records by a registry's parameters.

    `find` gives the record at an address ("Patient/1") or None; `all_of` every record of a type. Without them
    chains and `_has` find nothing.
    """

    registry: Registry
    around: Surroundings
    find: Callable[[str], Json | None] = no_record
    all_of: Callable[[str], Iterable[Json]] = no_records
    _referrers: dict[tuple[str, str], list[tuple[Json, frozenset[str]]]] = field(
        default_factory=dict[tuple[str, str], list[tuple[Json, frozenset[str]]]]
    )

    def answers(self, query: Query, resource: Json) -> bool:
        """Tell whether `resource` is among what `query` finds."""
        return any(self._branch(branch, resource) for branch in query.branches)

    def _branch(self, branch: Branch, resource: Json) -> bool:
        if branch.type not in {"Resource", resource["resourceType"]}:
            return False
        if branch.within is not None and not self.within(branch.within, resource):
            return False
        return all(self.criterion(one, resource) for one in branch.criteria)

    def within(self, compartment: Within, resource: Json) -> bool:
        """Tell whether `resource` is in a compartment."""
        address = f"{compartment.type}/{compartment.identity}"
        if f"{resource['resourceType']}/{resource.get('id')}" == address:
            return True
        return any(address in self.targets(one, resource) for one in compartment.parameters)

    def criterion(self, criterion: Criterion, resource: Json) -> bool:
        """Tell whether `resource` answers one criterion."""
        if isinstance(criterion, Test):
            return self.test(criterion, resource)
        if isinstance(criterion, Chain):
            return self._chain(criterion, resource)
        return self._has(criterion, resource)

    def _chain(self, chain: Chain, resource: Json) -> bool:
        wanted = dict(chain.targets)
        for address in self.targets(chain.parameter, resource):
            found = self.find(address)
            inner = wanted.get(found["resourceType"]) if found is not None else None
            if found is not None and inner is not None and self.criterion(inner, found):
                return True
        return False

    def _has(self, has: Has, resource: Json) -> bool:
        own = f"{resource['resourceType']}/{resource.get('id')}"
        place = (has.type, has.parameter.code)
        if place not in self._referrers:
            self._referrers[place] = [
                (one, frozenset(self.targets(has.parameter, one))) for one in self.all_of(has.type)
            ]
        return any(
            own in targets and self.criterion(has.inner, one) for one, targets in self._referrers[place]
        )

    def targets(self, parameter: SearchParameter, resource: Json) -> Iterator[str]:
        """Give the addresses that `resource` refers to by a reference parameter."""
        for type_name, value in self.items(parameter, resource):
            yield from (address for address, _ in judge.addresses(type_name, value, self.around) if address)

    def items(self, parameter: SearchParameter, resource: Json) -> Iterator[Item]:
        """Give the values of a parameter that count, Extensions replaced by what they hold."""
        for type_name, value in values(parameter.expression, resource):
            yield from self._counted(parameter.kind, type_name, value)

    def _counted(self, kind: str, type_name: str, value: Any) -> Iterator[Item]:
        if type_name == "Extension":
            type_name, value = extension_value(value)
        elif type_name in self.registry.types:
            type_name = "Resource"
        if value is not None and judge.counts(kind, type_name):
            yield type_name, value

    def test(self, test: Test, resource: Json) -> bool:
        """Tell whether `resource` answers a test of its own values."""
        parameter = test.parameter
        if parameter.code == "_content":
            document = judge.fold(" ".join(_texts(resource)))
            return all(judge.holds_words(document, one.text) for one in test.values if isinstance(one, Text))
        if parameter.kind == "composite":
            return any(self._composite(test, one, resource) for one in test.values)
        items = list(self.items(parameter, resource))
        if test.modifier == "missing":
            return any(isinstance(one, Missing) and one.missing != bool(items) for one in test.values)
        found = any(self.value(parameter, test.modifier, one, item) for one in test.values for item in items)
        return found != (test.modifier in NEGATIVE)

    def _composite(self, test: Test, wanted: Value, resource: Json) -> bool:
        if not isinstance(wanted, Composite):
            return False
        parameter = test.parameter
        pairs = list(zip(parameter.components, wanted.parts, strict=True))
        return any(
            all(
                any(
                    self.value(component.parameter, "", part, item)
                    for kind, found in values_below(component.expression, base, resource)
                    for item in self._counted(component.parameter.kind, kind, found)
                )
                for component, part in pairs
            )
            for base in places(parameter.expression, resource)
        )

    def value(self, parameter: SearchParameter, modifier: str, wanted: Value, item: Item) -> bool:
        """Tell whether one value of a parameter is the one wanted."""
        type_name, value = item
        match wanted:
            case Date():
                return judge.date_answers(wanted, type_name, value, self.around)
            case Number():
                return judge.number_answers(wanted, type_name, value)
            case Quantity():
                return judge.quantity_answers(wanted, type_name, value)
            case Text() if parameter.kind == "string":
                return judge.string_answers(wanted, modifier, type_name, value)
            case Uri() if parameter.kind == "uri":
                return judge.uri_answers(wanted, modifier, value)
            case Reference() if modifier in {"above", "below"}:
                return self._hierarchy(parameter, modifier, wanted, item)
            case _ if parameter.kind == "reference":
                return judge.reference_answers(wanted, parameter.targets, type_name, value, self.around)
            case _:
                implied = implied_systems(parameter)
                return judge.token_answers(
                    wanted, modifier, type_name, value, implied=implied, around=self.around
                )

    def _hierarchy(self, parameter: SearchParameter, modifier: str, wanted: Reference, item: Item) -> bool:
        """Tell whether what is referred to lies at or below (above) the record wanted."""
        for address, _ in judge.addresses(item[0], item[1], self.around):
            for target in _wholes(wanted, parameter.targets):
                lower, upper = (address, target) if modifier == "below" else (target, address)
                if upper in self.wholes(lower):
                    return True
        return False

    def wholes(self, address: str) -> set[str]:
        """Give the record at `address` and all it is part of, as far as they are known."""
        found, waiting = {address}, [address]
        for _ in range(MAX_LEVELS):
            upper: list[str] = []
            for one in waiting:
                resource = self.find(one)
                parameter = None if resource is None else part_of(self.registry, resource["resourceType"])
                if resource is not None and parameter is not None:
                    upper += [target for target in self.targets(parameter, resource) if target not in found]
            if not upper:
                break
            found.update(upper)
            waiting = upper
        return found


def part_of(registry: Registry, resource_type: str) -> SearchParameter | None:
    """Give the parameter by which records of a type are part of others of it; None where none are."""
    for code in ("partof", "part-of"):
        found = registry.get(resource_type, code)
        if found is not None and resource_type in found.targets:
            return found
    return None


def _wholes(wanted: Reference, targets: tuple[str, ...]) -> list[str]:
    return [f"{one}/{wanted.identity}" for one in targets] if wanted.identity else [wanted.address]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, one in value.items():  # pyright: ignore[reportUnknownVariableType]
            yield (
                judge.narrative_text(one) if key == "div" and isinstance(one, str) else " ".join(_texts(one))
            )
    elif isinstance(value, list):
        for one in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _texts(one)


def brute_force(
    query: Query, resources: Iterable[Json], registry: Registry, around: Surroundings
) -> list[str]:
    """Give the addresses ("Patient/1") of those `resources` that `query` finds, in the order given."""
    by_address = {f"{one['resourceType']}/{one['id']}": one for one in resources}
    by_type: dict[str, list[Json]] = {}
    for one in by_address.values():
        by_type.setdefault(one["resourceType"], []).append(one)
    matcher = Matcher(registry, around, by_address.get, lambda kind: by_type.get(kind, ()))
    return [address for address, one in by_address.items() if matcher.answers(query, one)]
