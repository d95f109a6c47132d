"""Cedar with the policies and tables of one moment: answers cases, remembers nothing."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from functools import cached_property
from typing import Any

from xinglin.core.i18n import Phrase
from xinglin.standards.confidentiality.rules import Class
from xinglin.trust.policy import rules as policy_files
from xinglin.trust.policy import tables as policy_tables
from xinglin.trust.policy.cases import SENSITIVE, Case
from xinglin.trust.policy.cedar import NO, Answer, Cedar, Entity, entity, faults
from xinglin.trust.policy.errors import FaultyPolicy
from xinglin.trust.policy.rules import Rule
from xinglin.trust.policy.tables import Tables

Roles = frozenset[str]


class Engine:
    """The policies in force at one moment. Raises FaultyPolicy or FaultyPolicyTable."""

    def __init__(
        self, site: Mapping[str, str] | None = None, classes: Mapping[str, Class] | None = None
    ) -> None:
        site = site or {}
        self.tables: Tables = policy_tables.build(
            {name: text for name, text in site.items() if name.endswith(".csv")}, classes
        )
        self.files = policy_files.overlaid(
            {name: text for name, text in site.items() if name.endswith(".cedar")}
        )
        self.rules = self._read()
        self.schema = policy_files.schema(self.tables)
        self._validate()
        self._cedar = Cedar("\n".join(self.files.values()), self._entities())

    def permitting(self) -> "Engine":
        """Give the same without the rules that forbid: what would be permitted but for them."""
        made = copy(self)
        text = "\n".join(rule.text for rule in self.rules.values() if rule.permits)
        made._cedar = Cedar(text, self._entities())
        return made

    def _read(self) -> dict[str, Rule]:
        found: dict[str, Rule] = {}
        for file, text in self.files.items():
            for rule in policy_files.read(file, text):
                if rule.id in found:
                    detail = Phrase(
                        "the rule {id} stands in {other} too", id=rule.id, other=found[rule.id].file
                    )
                    raise FaultyPolicy(file=file, detail=detail)
                found[rule.id] = rule
        return found

    def _validate(self) -> None:
        """Have Cedar check each file against the schema, so that the file at fault can be named."""
        for file, text in self.files.items():
            for words in faults(text, self.schema):
                raise FaultyPolicy(file=file, detail=Phrase("Cedar says: {words}", words=words))

    def _entities(self) -> list[Entity]:
        made = [entity("Role", role) for role in self.tables.words("roles")]
        for kind, table in (("Group", "groups"), ("Action", "actions")):
            for row in self.tables.rows(table):
                above = [(kind, row["under"])] if row["under"] else []
                made.append(entity(kind, row[kind.lower()], above))
        return made

    def cleared(self, roles: Iterable[str], purpose: str) -> frozenset[str]:
        """Give the sensitive classes that these roles may see for a purpose."""
        return frozenset[str]().union(*(self._cleared.get((role, purpose), frozenset()) for role in roles))

    @cached_property
    def _cleared(self) -> Mapping[tuple[str, str], frozenset[str]]:
        found: dict[tuple[str, str], frozenset[str]] = {}
        for row in self.tables.rows("clearances"):
            key = row["role"], row["purpose"]
            found[key] = found.get(key, frozenset()) | {row["label"]}
        return found

    @cached_property
    def _purposes(self) -> Mapping[str, tuple[str, ...]]:
        """The purposes each role may name, its own first."""
        return {row["role"]: tuple(row["purposes"].split()) for row in self.tables.rows("roles")}

    def purposes(self, roles: Iterable[str]) -> tuple[str, ...]:
        """Give the purposes that these roles may name, the default first, by the table's order of roles."""
        held = set(roles)
        return tuple(
            dict.fromkeys(one for role, some in self._purposes.items() if role in held for one in some)
        )

    def meaning(self, purpose: str) -> str:
        """Give the purpose that decides in a purpose's place; "" for one that isn't known."""
        row = self.tables.by_name["purposes"].get((purpose,))
        return row["means"] if row else ""

    def answer(self, roles: Roles, purpose: str, cases: Sequence[Case]) -> list[Answer]:
        """Decide cases, in order. What is asked in words that no table has is denied."""
        means = self.meaning(purpose)
        if means not in self.purposes(roles):
            return [NO] * len(cases)
        cleared = sorted(self.cleared(roles, means))
        known = [one for one in cases if self._is_known(one)]
        found = iter(self._cedar.answers(roles, [self._request(one, means, cleared) for one in known]))
        return [next(found) if self._is_known(one) else NO for one in cases]

    def _is_known(self, case: Case) -> bool:
        tables = self.tables.by_name
        return (case.action,) in tables["actions"] and (case.group,) in tables["groups"]

    def _request(
        self, case: Case, purpose: str, cleared: Sequence[str]
    ) -> tuple[str, str, Mapping[str, Any]]:
        grade = case.grade if (case.grade,) in self.tables.by_name["grades"] else SENSITIVE
        context = {
            "purpose": purpose,
            "relations": sorted(case.relation),
            "labels": sorted(case.labels),
            "cleared": cleared,
            "grade": grade,
        }
        return case.action, case.group, context
