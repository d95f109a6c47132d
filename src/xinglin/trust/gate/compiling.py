"""What policies open, relations reach and scopes leave, compiled to one sight that the database can judge."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from xinglin.hub.sight import Label, View
from xinglin.trust.policy.decisions import Opening
from xinglin.trust.policy.relations import CONTRACT, INSTITUTION, Relations
from xinglin.trust.policy.tables import Tables
from xinglin.trust.tokens.access import PATIENT
from xinglin.trust.tokens.scopes import Interaction, Scope, Scopes, parsed
from xinglin.trust.who import Who

GRADES: Final = "urn:xinglin:grade"
"""System of the grades in `meta.security`."""

INTERACTIONS: Final[Mapping[str, Interaction]] = {
    "read": "read",
    "search": "search-type",
    "person.find": "search-type",
    "person.cross": "search-type",
    "create": "create",
    "write": "update",
    "delete": "delete",
}
"""By what is done: the interaction that a scope must allow."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A view, and what is masked in what it shows."""

    view: View
    masks: frozenset[str]


def compiled(
    openings: Sequence[Opening],
    reach: Relations,
    *,
    tables: Tables,
    who: Who,
    action: str,
    systems: Mapping[str, str],
) -> tuple[Opened, ...]:
    """Give the views of an action, each with its masks, without those that others show as much of.

    `systems` gives the code system of each sensitive class.
    """
    types = _types(tables)
    made = [
        opened
        for one in openings
        for opened in _opened(one, types.get(one.group, frozenset()), tables, reach, systems)
    ]
    scopes = None if who.scopes is None else parsed(who.scopes)
    if scopes is not None:
        made = [narrow for one in made for narrow in _scoped(one, scopes, who, action)]
    return tuple(_whole(_merged(_needed(made)), frozenset[str]().union(*types.values())))


def openable(openings: Sequence[Opening], *, tables: Tables, who: Who, action: str) -> frozenset[str]:
    """Give the types of which an action could be open to somebody, however they stand to patients by now."""
    of_group = _types(tables)
    types = frozenset[str]().union(*(of_group.get(one.group, frozenset()) for one in openings))
    if who.scopes is None:
        return types
    scopes = parsed(who.scopes)
    return frozenset(one for one in types if scopes.permits(one, INTERACTIONS.get(action, "read")))


def _types(tables: Tables) -> Mapping[str, frozenset[str]]:
    """Give the resource types of each group."""
    found: dict[str, set[str]] = {}
    for row in tables.rows("types"):
        found.setdefault(row["group"], set()).add(row["type"])
    return {group: frozenset(types) for group, types in found.items()}


def _opened(
    opening: Opening, types: frozenset[str], tables: Tables, reach: Relations, systems: Mapping[str, str]
) -> Iterator[Opened]:
    """Give the view that an opening is, if there is anything that it opens."""
    patients: frozenset[str] | None = None
    origins: frozenset[str] | None = None
    match opening.relation:
        case "":
            pass
        case relation if relation == CONTRACT:
            types = types if reach.contract else frozenset()
        case relation if relation == INSTITUTION:
            origins = reach.origins
        case relation:
            patients = reach.patients.get(relation, frozenset())
    if types and patients != frozenset() and origins != frozenset():
        also = _limits(opening, types, tables) if opening.limits else None
        labels = frozenset(_closed(opening, systems))
        yield Opened(View(types, labels, patients, origins, also), opening.masks)


def _closed(opening: Opening, systems: Mapping[str, str]) -> Iterator[Label]:
    for grade in opening.closed_grades:
        yield GRADES, grade
    for label in opening.closed_labels:
        yield systems.get(label, ""), label


def _limits(opening: Opening, types: Iterable[str], tables: Tables) -> Mapping[str, tuple[str, ...]]:
    """Give, by type, the searches of which a record must answer one; types that no limit names get none."""
    found: dict[str, list[str]] = {one: [] for one in types}
    for row in tables.rows("limits"):
        if row["limit"] in opening.limits and row["type"] in found:
            found[row["type"]].append(row["query"])
    return {kind: tuple(queries) for kind, queries in found.items()}


def _scoped(one: Opened, scopes: Scopes, who: Who, action: str) -> Iterator[Opened]:
    """Narrow a view to what the scopes of a token leave of it: those of its Patient and the others apart."""
    found = {kind: scopes.permits(kind, INTERACTIONS.get(action, "read")) for kind in one.view.types or ()}
    patient = who.claims.get(PATIENT)
    mine = frozenset({patient} if patient else ())
    of_patient = _narrowed(one.view, _of_level(found, patient=True))
    others = _narrowed(one.view, _of_level(found, patient=False))
    if others is not None:
        yield Opened(others, one.masks)
    if of_patient is not None:
        patients = mine if of_patient.patients is None else mine & of_patient.patients
        if patients:
            yield Opened(_with_patients(of_patient, patients), one.masks)


def _of_level(scopes: Mapping[str, Sequence[Scope]], *, patient: bool) -> Mapping[str, Sequence[Scope]]:
    """Give those scopes that are of the launch patient, or the others."""
    return {
        kind: [one for one in some if (one.level == "patient") is patient] for kind, some in scopes.items()
    }


def _with_patients(view: View, patients: frozenset[str]) -> View:
    return View(view.types, view.without_labels, patients, view.origins, view.also)


def _narrowed(view: View, scopes: Mapping[str, Sequence[Scope]]) -> View | None:
    types = frozenset(kind for kind, some in scopes.items() if some)
    if not types:
        return None
    also: dict[str, tuple[str, ...]] = {k: v for k, v in (view.also or {}).items() if k in types}
    for kind in types:
        if any(not one.query for one in scopes[kind]):
            continue
        asked = sorted({urlencode(one.query) for one in scopes[kind]})
        limited = also.get(kind)
        also[kind] = tuple(asked) if limited is None else tuple(f"{a}&{b}" for a in limited for b in asked)
    return View(types, view.without_labels, view.patients, view.origins, also or None)


def _needed(made: Sequence[Opened]) -> list[Opened]:
    """Leave out what another shows at least as much of, and with no more masks."""
    kept: list[Opened] = []
    for at, one in enumerate(made):
        others = [*kept, *made[at + 1 :]]
        if not any(other != one and _covers(other, one) for other in others) and one not in kept:
            kept.append(one)
    return kept


def _covers(wide: Opened, narrow: Opened) -> bool:
    a, b = wide.view, narrow.view
    return (
        (a.types is None or (b.types is not None and a.types >= b.types))
        and a.without_labels <= b.without_labels
        and (a.patients is None or (b.patients is not None and a.patients >= b.patients))
        and (a.origins is None or (b.origins is not None and a.origins >= b.origins))
        and (a.also is None or a.also == b.also)
        and wide.masks <= narrow.masks
    )


def _merged(made: Sequence[Opened]) -> list[Opened]:
    """Join views that differ in their types only."""
    found: dict[object, list[Opened]] = {}
    for one in made:
        view = one.view
        limits = tuple(sorted((view.also or {}).items()))
        key = (view.without_labels, view.patients, view.origins, limits, one.masks)
        found.setdefault(key, []).append(one)
    joined: list[Opened] = []
    for several in found.values():
        first = several[0].view
        types = frozenset[str]().union(*(one.view.types or () for one in several))
        view = View(types, first.without_labels, first.patients, first.origins, first.also)
        joined.append(Opened(view, several[0].masks))
    return joined


def _whole(made: Iterable[Opened], every: frozenset[str]) -> Iterator[Opened]:
    """Say of a view of every type that it asks for no type at all: it costs less."""
    for one in made:
        view = one.view
        types = None if view.types is not None and view.types >= every else view.types
        yield Opened(View(types, view.without_labels, view.patients, view.origins, view.also), one.masks)
