"""Cedar (https://docs.cedarpolicy.com) through `cedarpy`: the one place that knows the library."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import cedarpy

_cedar: Final = cast("Any", cedarpy)  # its own types are only partly known

Entity = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What Cedar says: whether, and by which rules: those that permit, or those that forbid, or none."""

    allowed: bool
    rules: tuple[str, ...]


NO: Final = Answer(allowed=False, rules=())


def entity(kind: str, id_: str, parents: Sequence[tuple[str, str]] = ()) -> Entity:
    """Give an entity without attributes, and what it is in."""
    above = [{"type": one, "id": other} for one, other in parents]
    return {"uid": {"type": kind, "id": id_}, "attrs": {}, "parents": above}


def parse(text: str) -> Mapping[str, Any]:
    """Give policies in Cedar's JSON form. Raises ValueError with Cedar's words."""
    return json.loads(_cedar.policies_to_json_str(text))


def faults(text: str, schema: str) -> list[str]:
    """Check policies against a schema; give what is wrong in Cedar's words."""
    return [one.error for one in _cedar.validate_policies(text, schema).errors]


class Cedar:
    """Policies and entities, parsed once. Raises ValueError."""

    def __init__(self, text: str, entities: Sequence[Entity]) -> None:
        self._policies = _cedar.PolicySet.from_str(text)
        self._base = _cedar.Entities.from_json_str(json.dumps(entities))
        self._with: dict[tuple[str, ...], Any] = {}

    def answers(
        self, roles: frozenset[str], requests: Sequence[tuple[str, str, Mapping[str, Any]]]
    ) -> list[Answer]:
        """Answer requests (action, group, context) of an asker in these roles, in order."""
        made = [
            {
                "principal": {"type": "Asker", "id": "asker"},
                "action": {"type": "Action", "id": action},
                "resource": {"type": "Group", "id": group},
                "context": context,
            }
            for action, group, context in requests
        ]
        if not made:
            return []
        found = _cedar.is_authorized_batch(made, self._policies, self._entities(tuple(sorted(roles))))
        return [_answer(one) for one in found]

    def _entities(self, roles: tuple[str, ...]) -> Any:
        if roles not in self._with:
            asker = entity("Asker", "asker", [("Role", role) for role in roles])
            self._with[roles] = self._base.with_added_json_str(json.dumps([asker]))
        return self._with[roles]


def _answer(result: Any) -> Answer:
    if result.diagnostics.errors:  # a condition that can't be evaluated opens nothing
        return NO
    ids: Mapping[str, str] = result.diagnostics.id_annotations_by_reason
    return Answer(bool(result.allowed), tuple(sorted(ids.values())))
