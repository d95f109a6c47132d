"""Whose row `r` is, in SQL.

A few Patients are looked for by the index of keys. Of many, each reference of a row is looked up in a hash
table, which PostgreSQL makes once for a statement of `= ANY` over a constant array. The lookup stands within
CASE, since for a condition of its own the planner would weigh every member of the array.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from xinglin.hub.search.sql import FALSE, TRUE, Sql, fill, keys, selves
from xinglin.hub.sight import membership
from xinglin.hub.sight.arrays import packed_patients
from xinglin.hub.sight.logic import both, either, negated
from xinglin.standards.search import Extractor

FEW: Final = 64
"""Up to so many keys the index may be asked: each row that isn't found so is compared with all of them."""

FEWEST: Final = 8
"""As many where the answer is turned round, so that no index helps."""


_AT_ITS_PLACES: Final = (
    "EXISTS (SELECT FROM {} AS p(type, salt) WHERE p.type = r.type AND r.keys @> ARRAY[f.ref # p.salt])"
)
_LOOKED_UP: Final = (
    "EXISTS (SELECT FROM unnest(r.refs) AS f(ref) WHERE CASE WHEN f.ref = ANY({}) THEN {} ELSE FALSE END)"
)


_ASKED: Final = (
    "EXISTS (SELECT FROM unnest(r.refs) AS f(ref) WHERE CASE WHEN {} THEN consent_denies(f.ref, {})"
    " ELSE FALSE END)"
)


def of_type(extractor: Extractor, kind: str, patients: frozenset[str], most: int = FEW) -> Sql:
    """Say that a row of a type is one of these Patients, or in their compartment.

    Up to `most` keys are looked for as such.
    """
    salts = membership.salts(extractor, kind)
    few = len(patients) * len(salts) <= most
    if few:
        theirs = _few(patients, salts)
    else:
        each = Sql(", ".join(["f.ref # %s::bigint" for _ in salts]), salts)
        theirs = _many(patients, fill("r.keys && ARRAY[{}]", each))
    return either([_itself(patients, few=few), theirs]) if kind == membership.PATIENT else theirs


def any_type(
    extractor: Extractor, types: Mapping[str, int], patients: frozenset[str], most: int = FEW
) -> Sql:
    """Say that a row of whatever type is one of these Patients, or in their compartment."""
    pairs = [(types[kind], salt) for kind, salt in membership.pairs(extractor) if kind in types]
    salts = [salt for _, salt in pairs]
    few = len(patients) * len(salts) <= most
    if few:
        theirs = _few(patients, salts)
    else:
        places = Sql("unnest(%s::smallint[], %s::bigint[])", ([code for code, _ in pairs], salts))
        theirs = _many(patients, fill(_AT_ITS_PLACES, places))
    return either([_itself(patients, few=few), theirs])


def of_type_denied(extractor: Extractor, kind: str, marks: frozenset[int]) -> Sql:
    """Say that a row of a type is of somebody who has a consent with one of these rules."""
    if not marks:
        return FALSE
    salts = membership.salts(extractor, kind)
    each = Sql(", ".join(["f.ref # %s::bigint" for _ in salts]), salts)
    theirs = _consented(marks, fill("r.keys && ARRAY[{}]", each)) if salts else FALSE
    return either([_itself_denied(marks), theirs]) if kind == membership.PATIENT else theirs


def any_type_denied(extractor: Extractor, types: Mapping[str, int], marks: frozenset[int]) -> Sql:
    """Say that a row of whatever type is of somebody who has a consent with one of these rules."""
    if not marks:
        return FALSE
    pairs = [(types[kind], salt) for kind, salt in membership.pairs(extractor) if kind in types]
    places = Sql("unnest(%s::smallint[], %s::bigint[])", ([code for code, _ in pairs], [s for _, s in pairs]))
    patient = Sql("r.type = %s", (types[membership.PATIENT],))
    return either([both([patient, _itself_denied(marks)]), _consented(marks, fill(_AT_ITS_PLACES, places))])


def _itself_denied(marks: frozenset[int]) -> Sql:
    return Sql("consent_denies(r.self_key, %s::bigint[])", (sorted(marks),))


def _consented(marks: frozenset[int], lies: Sql) -> Sql:
    return fill(_ASKED, lies, Sql("%s::bigint[]", (sorted(marks),)))


def nobodys(extractor: Extractor, kind: str) -> Sql:
    """Say that a row of a type is nobody's."""
    if kind in membership.members():
        return FALSE
    named = membership.named(extractor, kind)
    return negated(keys(named)) if named else TRUE


def any_nobodys(extractor: Extractor, types: Mapping[str, int]) -> Sql:
    """Say that a row of whatever type is nobody's."""
    never, some = membership.nobodys(extractor)
    named = sorted({key for kind in some for key in membership.named(extractor, kind)})
    return either([_in(types, never), both([_in(types, some), negated(keys(named))])])


def _in(types: Mapping[str, int], kinds: Iterable[str]) -> Sql:
    return Sql("r.type = ANY(%s::smallint[])", (sorted(types[one] for one in kinds if one in types),))


def _itself(patients: frozenset[str], *, few: bool) -> Sql:
    if not patients:
        return FALSE
    if few:
        return selves(sorted(membership.self_keys(patients)))
    return Sql("CASE WHEN r.self_key = ANY(%s) THEN TRUE ELSE FALSE END", (packed_patients(patients),))


def _few(patients: frozenset[str], salts: Sequence[int]) -> Sql:
    wanted = sorted({one ^ salt for one in membership.self_keys(patients) for salt in salts})
    return keys(wanted) if wanted else FALSE


def _many(patients: frozenset[str], lies: Sql) -> Sql:
    return fill(_LOOKED_UP, Sql("%s", (packed_patients(patients),)), lies)
