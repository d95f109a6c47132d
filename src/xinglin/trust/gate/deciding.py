"""What is decided for who asks: at doors, and on records as a sight.

Relations are kept for less than a second. Consents aren't kept at all: an answer counts only if no consent
that matters has changed until it was found (`still_holds`), else it is found again.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial, reduce
from typing import Final

from xinglin.core.clock import now
from xinglin.core.i18n import Phrase
from xinglin.core.settings import Settings
from xinglin.hub.gather import Gather
from xinglin.hub.hub import Hub
from xinglin.hub.sight import Sight, View, Without
from xinglin.trust.consent import is_above_consent, state, withouts
from xinglin.trust.gate.asking import Asking
from xinglin.trust.gate.compiling import Opened, compiled, openable
from xinglin.trust.gate.doors import ANY, Door, door
from xinglin.trust.gate.errors import NotForThisPurpose
from xinglin.trust.gate.seeing import Seeing, Shade
from xinglin.trust.masking import Masks, blind, masks_for, masks_named
from xinglin.trust.policy.cases import PUBLIC, Case, Decision
from xinglin.trust.policy.decisions import Opening, Policies, policies_of
from xinglin.trust.policy.emergency import PURPOSE as EMERGENCY
from xinglin.trust.policy.relations import SELF, Relations, related, relations, same_people
from xinglin.trust.policy.texts import Said, coded, listed
from xinglin.trust.tokens.access import PURPOSES
from xinglin.trust.who import Who

KEEP_SECONDS: Final = 0.8
MOST_KEPT: Final = 10_000
CHECK_TOGETHER: Final = 256
WIDEN_MOST: Final = 20
"""Patients of one request to whom cut relations are looked up."""
PERSONAL: Final = "record"
"""The group of all that is about patients."""

ACTIONS: Final[Mapping[str, str]] = {"create": "write"}
"""What policies call an action that scopes tell apart."""

FINDING: Final = frozenset({"person.find", "person.cross"})
"""Actions that are there to search by what tells a person, whatever of it is masked in what is found."""

_Key = tuple[Who, str, str]


class Deciding:
    """Decides for one hub."""

    def __init__(self, settings: Settings, hub: Hub) -> None:
        """Read the policies. Raises FaultyPolicy or FaultyPolicyTable."""
        self._hub = hub
        self.policies: Policies = policies_of(settings)
        self._kept: dict[_Key, tuple[float, int, Seeing]] = {}
        self._compiling: dict[_Key, tuple[float, asyncio.Future[Seeing]]] = {}
        self._routes: tuple[int, Mapping[str, tuple[str, str]]] = (0, {})
        self._state: Gather[None, int] = Gather(self._read_state, lanes=1, most=CHECK_TOGETHER)

    def purpose(self, who: Who, named: str) -> str:
        """Give the purpose that somebody asks for, theirs where none is named. Raises NotForThisPurpose."""
        allowed = self.policies.purposes(who)
        if granted := who.claims.get(PURPOSES, "").split():  # of a program: what it was registered for
            allowed = tuple(one for one in allowed if one in granted)
        if not named:
            return allowed[0] if allowed else ""
        if self.policies.engine.meaning(named) not in allowed:
            told = listed([self.called(one) for one in allowed or ("",)], separator=(", ", "、"))
            raise NotForThisPurpose(purpose=self.called(named[:80]), allowed=told)
        return named

    def called(self, purpose: str) -> Phrase:
        """Give a purpose by its name and code; one that no table has as it was named."""
        tables = self.policies.tables
        known = purpose in tables.words("purposes")
        return (
            coded(tables.name("purposes", purpose), purpose)
            if known
            else Said(purpose or "-", purpose or "-")
        )

    def door(self, name: str, method: str) -> Door:
        """Give the door of an interaction. Raises UnknownDoor."""
        tables, generation = self.policies.tables, self.policies.generation
        if self._routes[0] != generation:
            rows = tables.rows("routes")
            self._routes = generation, {row["route"]: (row["action"], row["group"]) for row in rows}
        return door(self._routes[1], name, method)

    async def decide(self, asking: Asking, action: str, group: str) -> Decision:
        """Decide a door: no record, and so no relation or label, plays a part."""
        case = Case(action, group, grade=PUBLIC)
        return self.policies.decide(asking.who, asking.purpose, [case])[0]

    async def own(self, asking: Asking, action: str, group: str) -> tuple[Decision, frozenset[str]]:
        """Decide what is about who asks; give with it the ids of all Patients that they are."""
        case = Case(action, group, frozenset({SELF}), grade=PUBLIC)
        said = self.policies.decide(asking.who, asking.purpose, [case])[0]
        patient = asking.who.patient
        if patient is None:
            return replace(said, allowed=False), frozenset()
        async with self._hub.database.connection() as connection:
            known = await same_people(connection, [patient])
        return said, known.get(patient, frozenset()) | {patient}

    def opens_something(self, asking: Asking, action: str, group: str) -> bool:
        """Tell whether an action decided record by record is open for any record of a group (`*`: of all)."""
        found, tables = self.policies.openings(asking.who, asking.purpose, action), self.policies.tables
        return any(group == ANY or group in tables.lines("groups", one.group) for one in found)

    def group_of(self, kind: str | None) -> str:
        """Give the group of a type of records; `record`, of all that are about patients, for all types."""
        return "record" if kind is None else self.policies.tables.group_of(kind)

    async def seeing(self, asking: Asking, action: str) -> Seeing:
        """Give what may be seen (or changed) by an action.

        In an emergency nothing is kept: who has just been let in mustn't meet a door that is still shut.
        """
        if self.policies.engine.meaning(asking.purpose) == EMERGENCY:
            return await self._compile(asking, action)
        key = _key(asking, action)
        self.policies.refresh()
        generation = self.policies.generation
        at, of, found = self._kept.get(key, (0.0, 0, None))
        moment = time.monotonic()
        if found is not None and moment - at < KEEP_SECONDS and of == generation:
            return found
        # Whoever asks while it is compiled waits for the same one.
        one = self._compiling.get(key)
        if one is None or moment - one[0] >= KEEP_SECONDS:
            one = moment, asyncio.ensure_future(self._compile(asking, action))
            self._compiling[key] = one
            one[1].add_done_callback(partial(self._compiled, key, moment, generation))
        return await asyncio.shield(one[1])

    def _compiled(self, key: _Key, moment: float, generation: int, task: "asyncio.Future[Seeing]") -> None:
        if self._compiling.get(key, (0.0, None))[1] is task:
            del self._compiling[key]
        if not task.cancelled() and task.exception() is None:
            self._keep(key, moment, generation, task.result())

    def forget(self) -> None:
        """Forget what is kept: relations have changed and shall count at once."""
        self._kept.clear()

    def _keep(self, key: _Key, moment: float, generation: int, seeing: Seeing) -> None:
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        self._kept[key] = (moment, generation, seeing)

    async def still_holds(self, asking: Asking, action: str, seeing: Seeing) -> bool:
        """Tell whether no consent that matters to who asks has changed since `seeing` was compiled."""
        if seeing.consents is None or await self._state(None) == seeing.consents:
            return True
        found, current = await self._withouts(asking, [one.view for one in seeing.shades])
        if seeing.widened:
            return found == seeing.sight.without
        key = _key(asking, action)
        at, generation, _ = self._kept.get(key, (time.monotonic(), self.policies.generation, seeing))
        sight = replace(seeing.sight, without=found)
        self._keep(key, at, generation, replace(seeing, sight=sight, consents=current))
        return found == seeing.sight.without

    async def _read_state(self, asked: Sequence[None]) -> Sequence[int]:
        async with self._hub.database.connection() as connection:
            found = await state(connection)
        return [found] * len(asked)

    async def _withouts(
        self, asking: Asking, views: Iterable[View]
    ) -> tuple[tuple[Without, ...], int | None]:
        """Give what people have taken away, and the state of consents that it goes by; None: no matter.

        Only those are asked for whom the views show.
        """
        if is_above_consent(asking.purpose):
            return (), None
        async with self._hub.database.connection() as connection:
            current = await state(connection)  # asked first: what changes after it will be noticed
            found = await withouts(
                self._hub.store,
                connection,
                asking.who,
                asking.purpose,
                now(),
                patients=self._shown(views),
            )
        return found, current

    def _shown(self, views: Iterable[View]) -> frozenset[str] | None:
        """Give the Patients whose records views show; None: anybody's."""
        found = frozenset[str]()
        for view in views:
            if view.types is not None and not any(map(self._is_personal, view.types)):
                continue
            if view.patients is None:
                return None
            found |= view.patients
        return found

    def _is_personal(self, kind: str) -> bool:
        tables = self.policies.tables
        return PERSONAL in tables.lines("groups", tables.group_of(kind))

    async def _compile(self, asking: Asking, action: str) -> Seeing:
        who, tables = asking.who, self.policies.tables
        openings = self.policies.openings(who, asking.purpose, ACTIONS.get(action, action))
        async with self._hub.database.connection() as connection:
            reach = await relations(self._hub, connection, who, tables)
        shades = self._shades(asking, action, openings, reach)
        sight, current = await self._sight(asking, action, shades)
        return Seeing(
            sight,
            tuple(dict.fromkeys(rule for one in openings for rule in one.rules)),
            shades,
            current,
            openable(openings, tables=tables, who=who, action=action),
            reach.cut,
        )

    async def widened(self, asking: Asking, action: str, seeing: Seeing, patients: Iterable[str]) -> Seeing:
        """Give what may be seen with what a cut relation to any of these patients opens besides."""
        who, tables = asking.who, self.policies.tables
        named = sorted(set(patients))[:WIDEN_MOST]
        if not named:
            return seeing
        near: dict[str, frozenset[str]] = {}
        async with self._hub.database.connection() as connection:
            people = await same_people(connection, named)
            for one in named:
                for relation in seeing.cut & await related(self._hub, connection, who, [one], tables):
                    near[relation] = near.get(relation, frozenset()) | people.get(one, frozenset()) | {one}
        openings = self.policies.openings(who, asking.purpose, ACTIONS.get(action, action))
        more = self._shades(asking, action, openings, Relations(near)) if near else ()
        shades = tuple(dict.fromkeys([*seeing.shades, *more]))
        sight, current = await self._sight(asking, action, shades)
        return replace(seeing, sight=sight, shades=shades, consents=current, widened=True)

    def _shades(
        self, asking: Asking, action: str, openings: Sequence[Opening], reach: Relations
    ) -> tuple[Shade, ...]:
        opened = compiled(
            openings,
            reach,
            tables=self.policies.tables,
            who=asking.who,
            action=action,
            systems=self._systems(),
        )
        return tuple(Shade(one.view, self._masks(asking, one)) for one in opened)

    async def _sight(self, asking: Asking, action: str, shades: Sequence[Shade]) -> tuple[Sight, int | None]:
        views = tuple(one.view for one in shades)
        found, current = await self._withouts(asking, views)
        masks = (
            Masks() if action in FINDING else reduce(Masks.stricter, (one.masks for one in shades), Masks())
        )
        return Sight(views, found, blind(masks)), current

    def _masks(self, asking: Asking, opened: Opened) -> Masks:
        """Give what is masked in a view: what the role has masked for the purpose, and what the rule has."""
        of_role = masks_for(self.policies.profile(asking.who), asking.purpose)
        return of_role.stricter(masks_named(opened.masks))

    def _systems(self) -> Mapping[str, str]:
        return {name: one.system for name, one in self._hub.store.labelling.rules.classes.items()}


def _key(asking: Asking, action: str) -> _Key:
    return replace(asking.who, address="", session=None), asking.purpose, action
