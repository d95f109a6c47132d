"""A sight judged: as a condition on rows of `resource`, and on one record. Both ask for the same keys.

A key speaks of a value with an error of 2^-64 a pair (`standards.search.keys`), in either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from xinglin.core.exact_json import Json
from xinglin.hub.search.parameters import Parameters
from xinglin.hub.search.sql import FALSE, TRUE, Compiler, Sql, keys, selves
from xinglin.hub.sight import members_sql, membership
from xinglin.hub.sight.logic import both, either, negated
from xinglin.hub.sight.model import Label, Restrictions, Sight, View, Without
from xinglin.hub.sight.origins import origin_keys
from xinglin.hub.sight.restrictions import restriction
from xinglin.hub.store import Store
from xinglin.standards.search import Extractor, Matcher, Surroundings
from xinglin.standards.search import keys as hashes

ANY = "Resource"
"""Stands for records of every type."""


KNOWN_MOST = 256
_KNOWN: WeakKeyDictionary[Extractor, dict[tuple[Sight, str], Sql]] = WeakKeyDictionary()
"""Conditions made before: those who ask, ask again. An extractor belongs to one database."""


@dataclass
class Seen:
    """Judges what one sight sees, by the search parameters in use. `types` gives the codes of types.

    Make it anew for each request: `around` is of its time.
    """

    sight: Sight
    types: Mapping[str, int]
    parameters: Parameters
    around: Surroundings

    def condition(self, resource_type: str) -> Sql:
        """Give what row `r`, not a deletion, must fulfil to be seen, given its type ("Resource": any)."""
        if any(one.also is not None for one in self.sight.views):  # these may speak of the present time
            return self._condition(resource_type)
        known = _KNOWN.setdefault(self.parameters.extractor, {})
        found = known.get((self.sight, resource_type))
        if found is None:
            if len(known) >= KNOWN_MOST:
                known.clear()
            found = known[self.sight, resource_type] = self._condition(resource_type)
        return found

    def sees(self, resource_type: str) -> bool:
        """Tell whether any record of a type may be seen at all."""
        return self.condition(resource_type) != FALSE

    def admits(self, content: Json) -> bool:
        """Tell whether a record may be seen, by what it says; the sight must be `settled` for it."""
        kind, index = str(content["resourceType"]), self.parameters.index(content)
        own = hashes.self_key(kind, str(content.get("id") or ""))
        record = _Record(kind, content, frozenset(index.keys), own, index.references)
        return any(self._admits(one, record) for one in self.sight.views) and not any(
            self._hides(one, record) for one in self.sight.without
        )

    def _condition(self, kind: str) -> Sql:
        seen = either([self._view(one, kind) for one in self.sight.views])
        hidden = either([self._without(one, kind) for one in self.sight.without])
        return both([seen, negated(hidden)])

    def _view(self, view: View, kind: str) -> Sql:
        return both(
            [
                self._types(view.types, kind),
                negated(self._labelled(view.without_labels, kind)),
                TRUE if view.patients is None else self._of(view.patients, kind, or_nobodys=True),
                _came_from(view.origins),
                TRUE if view.also is None else self._also(view.also, kind),
            ]
        )

    def _without(self, one: Without, kind: str) -> Sql:
        return both(
            [
                self._types(one.types, kind),
                TRUE if one.labels is None else self._labelled(one.labels, kind),
                TRUE if one.patients is None else self._of(one.patients, kind, or_nobodys=False),
                _came_from(one.origins),
                TRUE if one.records is None else _among(one.records),
                TRUE if one.consents is None else self._denied(one.consents, kind),
            ]
        )

    def _denied(self, marks: frozenset[int], kind: str) -> Sql:
        extractor = self.parameters.extractor
        if kind == ANY:
            return members_sql.any_type_denied(extractor, self.types, marks)
        return members_sql.of_type_denied(extractor, kind, marks)

    def _types(self, types: frozenset[str] | None, kind: str) -> Sql:
        if types is None:
            return TRUE
        if kind != ANY:
            return TRUE if kind in types else FALSE
        codes = sorted(self.types[one] for one in types if one in self.types)
        return Sql("r.type = ANY(%s::smallint[])", (codes,)) if codes else FALSE

    def _labelled(self, labels: frozenset[Label], kind: str) -> Sql:
        return keys(sorted(self._label_keys(labels, kind))) if labels else FALSE

    def _label_keys(self, labels: frozenset[Label], kind: str) -> frozenset[int]:
        places = self.parameters.extractor.plan(kind).lookups[membership.SECURITY]
        return frozenset(
            hashes.token(system, code.casefold()) ^ place.salt for system, code in labels for place in places
        )

    def _of(self, patients: frozenset[str], kind: str, *, or_nobodys: bool) -> Sql:
        extractor = self.parameters.extractor
        most = members_sql.FEW if or_nobodys else members_sql.FEWEST
        if kind == ANY:
            theirs = members_sql.any_type(extractor, self.types, patients, most)
            nobodys = members_sql.any_nobodys(extractor, self.types)
        else:
            theirs = members_sql.of_type(extractor, kind, patients, most)
            nobodys = members_sql.nobodys(extractor, kind)
        return either([theirs, nobodys]) if or_nobodys else theirs

    def _also(self, also: Restrictions, kind: str) -> Sql:
        if kind != ANY:
            return self._restricted(kind, also[kind]) if kind in also else TRUE
        return both(
            [
                either([Sql("r.type <> %s", (self.types[one],)), self._restricted(one, queries)])
                for one, queries in sorted(also.items())
                if one in self.types
            ]
        )

    def _restricted(self, kind: str, queries: tuple[str, ...]) -> Sql:
        compiler, extractor = Compiler(dict(self.types)), self.parameters.extractor
        return either(
            [compiler.condition(restriction(extractor, self.around, kind, one)[1]) for one in queries]
        )

    def _admits(self, view: View, record: "_Record") -> bool:
        return (
            (view.types is None or record.kind in view.types)
            and record.keys.isdisjoint(self._label_keys(view.without_labels, record.kind))
            and (view.patients is None or self._is_of(view.patients, record, or_nobodys=True))
            and (view.origins is None or not record.keys.isdisjoint(origin_keys(view.origins)))
            and (view.also is None or record.kind not in view.also or self._passes(view.also, record))
        )

    def _hides(self, one: Without, record: "_Record") -> bool:
        return (
            (one.types is None or record.kind in one.types)
            and (one.labels is None or not record.keys.isdisjoint(self._label_keys(one.labels, record.kind)))
            and (one.patients is None or self._is_of(one.patients, record, or_nobodys=False))
            and (one.origins is None or not record.keys.isdisjoint(origin_keys(one.origins)))
            and (one.records is None or record.self_key in _selves(one.records))
        )

    def _is_of(self, patients: frozenset[str], record: "_Record", *, or_nobodys: bool) -> bool:
        extractor = self.parameters.extractor
        wanted = membership.self_keys(patients)
        salts = membership.salts(extractor, record.kind)
        if record.self_key in wanted:
            return True
        if any(ref in wanted and any(ref ^ salt in record.keys for salt in salts) for ref in record.refs):
            return True
        return or_nobodys and membership.is_nobodys(extractor, record.kind, record.keys)

    def _passes(self, also: Restrictions, record: "_Record") -> bool:
        matcher, extractor = Matcher(self.parameters.registry, self.around), self.parameters.extractor
        return any(
            all(
                matcher.test(test, record.content)
                for test in restriction(extractor, self.around, record.kind, query)[0]
            )
            for query in also[record.kind]
        )


@dataclass(frozen=True, slots=True)
class _Record:
    kind: str
    content: Json
    keys: frozenset[int]
    self_key: int
    refs: Sequence[int]


def _selves(records: frozenset[str]) -> frozenset[int]:
    return frozenset(hashes.self_key(*one.split("/", 1)) for one in records)


def _among(records: frozenset[str]) -> Sql:
    return selves(sorted(_selves(records))) if records else FALSE


def _came_from(origins: frozenset[str] | None) -> Sql:
    if origins is None:
        return TRUE
    return keys(sorted(origin_keys(origins))) if origins else FALSE


def seen_by(store: Store, sight: Sight) -> Seen | None:
    """Make a sight ready for one request; None where everything is seen and nothing need be asked."""
    if sight.whole:
        return None
    return Seen(sight, store.types, store.parameters, store.parameters.around())
