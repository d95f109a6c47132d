"""Putting labels on records in the transaction that writes them.

A record's own labels are derived from it alone. Beside them it takes over classes from records that it refers
to (`label_carrier`): those stored, and those that are written along with it. Records that were stored before
what they refer to are looked at by `work`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from xinglin.core.clock import now
from xinglin.core.exact_json import Json
from xinglin.hub.database import Connection
from xinglin.hub.labels import carriers
from xinglin.hub.labels.carriers import Carrier, Known
from xinglin.hub.records import Draft
from xinglin.standards.confidentiality import (
    RuleSet,
    classes_among,
    derive,
    in_force,
    is_minor_until,
    labelled,
)
from xinglin.standards.search import Index
from xinglin.standards.search.keys import self_key

NO_FOLDER: Final = Path("/nonexistent")

Indexer = Callable[[Json], Index]
Labelled = tuple[list[Draft], list[Index | None]]


class Labelling:
    """Labels by the rules in force. One for a process."""

    def __init__(self, folder: Path = NO_FOLDER, zone: str = "Asia/Shanghai") -> None:
        """Use the shipped tables with a site's in `folder`; a day begins as in `zone`."""
        self._folder = folder
        self._zone = ZoneInfo(zone)

    @property
    def rules(self) -> RuleSet:
        """The rules in force now. Raises FaultyLabelTable."""
        return in_force(self._folder)

    @property
    def today(self) -> date:
        """The day."""
        return now().astimezone(self._zone).date()

    def label(self, content: Json) -> Json:
        """Give a record with the labels that it gets by itself."""
        return labelled(self.rules, content, self.today)

    async def put_on(self, connection: Connection, drafts: Sequence[Draft], index: Indexer) -> Labelled:
        """Give drafts with their labels, each with its search values; note which classes follow from them."""
        work = _Work(self.rules, self.today, index)
        made, indexes = work.own(drafts)
        referred = {ref for one in indexes if one is not None for ref in one.references}
        stored = await carriers.known(connection, referred) if referred else {}
        work.take_over(made, indexes, stored)
        await carriers.put(connection, work.carriers, work.cleared)
        return made, indexes


class _Work:
    """One call of `put_on`."""

    def __init__(self, rules: RuleSet, today: date, index: Indexer) -> None:
        self._rules = rules
        self._today = today
        self._index = index
        self._order = {kind: place for place, kind in enumerate(rules.order)}
        self.carriers: list[Carrier] = []
        self.cleared: list[int] = []

    def own(self, drafts: Sequence[Draft]) -> Labelled:
        """Give drafts and search values with the labels that each gets by itself."""
        made = [
            one
            if one.content is None
            else replace(one, content=labelled(self._rules, one.content, self._today))
            for one in drafts
        ]
        return made, [None if one.content is None else self._index(one.content) for one in made]

    def take_over(self, made: list[Draft], indexes: list[Index | None], stored: Known) -> None:
        """Add the classes that come from records referred to, those of the same transaction first."""
        follow = self._rules.follow
        here: dict[int, tuple[str, frozenset[str]]] = dict(stored)
        for place in sorted(range(len(made)), key=lambda at: self._order.get(made[at].key.type, len(follow))):
            draft, index = made[place], indexes[place]
            if draft.content is None or index is None:
                continue
            kind = draft.key.type
            extra: set[str] = set()
            for ref in index.references:
                carrier = here.get(ref)
                if carrier is not None and kind in follow[carrier[0]].types:
                    extra |= carrier[1] & follow[carrier[0]].classes
            if extra:
                content = labelled(self._rules, draft.content, self._today, frozenset(extra))
                if content != draft.content:
                    made[place] = replace(draft, content=content)
                    indexes[place] = self._index(content)
            if kind in follow:
                self._carry(made[place], here)

    def _carry(self, draft: Draft, here: dict[int, tuple[str, frozenset[str]]]) -> None:
        """Note what follows from a record."""
        content, key = draft.content or {}, self_key(*draft.key)
        classes = self._classes(content) & self._rules.follow[draft.key.type].classes
        here[key] = (draft.key.type, classes)
        if classes:
            until = is_minor_until(self._rules, content, self._today) if draft.key.type == "Patient" else None
            self.carriers.append(Carrier(key, draft.key, classes, until))
        elif draft.previous is not None:
            self.cleared.append(key)

    def _classes(self, content: Json) -> frozenset[str]:
        if content["resourceType"] in self._rules.public:  # its label says no more than that it is public
            return derive(self._rules, content, self._today).classes
        return classes_among(self._rules, content["meta"]["security"])
