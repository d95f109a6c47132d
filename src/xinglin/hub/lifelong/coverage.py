"""How far identity has come, institution by institution: linked, waiting, conflicting, real names."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, cast

from xinglin.core.exact_json import Json
from xinglin.hub.hub import Hub

# Whose a Patient is stands in its packed body. The ledger of data quality keeps that for every record, and
# whether a Patient bears a valid national number (hub/quality/facts.py).
_COVERAGE: Final = """
WITH waiting AS (
    SELECT id, bool_or(rule IS NOT NULL) AS conflicting FROM (
        SELECT first AS id, rule FROM person_pair WHERE state = 'review'
        UNION ALL SELECT second, rule FROM person_pair WHERE state = 'review'
    ) AS p GROUP BY id
), sizes AS (SELECT golden, count(*) AS size FROM person_link GROUP BY golden)
SELECT i.code, coalesce((SELECT min(s.institution_name) FROM source s WHERE s.institution = i.code), ''),
    count(*), count(l.patient), count(*) FILTER (WHERE z.size > 1),
    count(w.id), count(*) FILTER (WHERE w.conflicting),
    count(*) FILTER (WHERE (q.facts ->> 'real')::boolean)
FROM quality_record q
JOIN quality_institution i ON i.number = q.institution
LEFT JOIN person_link l ON l.patient = q.id
LEFT JOIN sizes z ON z.golden = l.golden
LEFT JOIN waiting w ON w.id = q.id
WHERE q.type = (SELECT code FROM resource_type WHERE name = 'Patient')
    AND NOT EXISTS (SELECT FROM person_golden g WHERE g.golden = q.id)
GROUP BY i.code ORDER BY count(*) DESC, i.code
"""


@dataclass(frozen=True, slots=True)
class Covered:
    """An institution's Patients, as counts.

    `matched` were compared with everybody; `linked` are one person with another Patient; `waiting` wait for
    review with some other, of them `conflicting` share a number with somebody who is evidently another;
    `real` bear a valid national number.
    """

    institution: str
    name: str
    patients: int
    matched: int
    linked: int
    waiting: int
    conflicting: int
    real: int

    @property
    def real_rate(self) -> Decimal | None:
        """How many of a hundred bear a valid national number; None where there are no Patients."""
        return Decimal(f"{100 * self.real / self.patients:.2f}") if self.patients else None


async def coverage(hub: Hub) -> list[Covered]:
    """Give the figures of every institution, the largest first.

    They are as fresh as data quality, which tells the institution (`xinglin quality run`).
    """
    async with hub.database.connection() as connection:
        rows = await (await connection.execute(_COVERAGE)).fetchall()
    return [Covered(*row) for row in cast("list[tuple[str, str, int, int, int, int, int, int]]", rows)]


def total(found: Sequence[Covered]) -> Covered:
    """Add up all institutions."""
    counts = [
        (one.patients, one.matched, one.linked, one.waiting, one.conflicting, one.real) for one in found
    ]
    return Covered("", "", *(sum(column) for column in zip(*counts, strict=True)) if counts else (0,) * 6)


def coverage_as_json(found: Sequence[Covered]) -> Json:
    """Give the figures for programs."""
    return {"total": _figures(total(found)), "institutions": [_named(one) for one in found]}


async def ask_coverage(hub: Hub) -> Json:
    """Give the figures of every institution as JSON."""
    return coverage_as_json(await coverage(hub))


def _named(one: Covered) -> Json:
    return {"institution": one.institution, "name": one.name or None, **_figures(one)}


def _figures(one: Covered) -> Json:
    return {
        "patients": one.patients,
        "matched": one.matched,
        "linked": one.linked,
        "waiting": one.waiting,
        "conflicting": one.conflicting,
        "real_name_rate": one.real_rate,
    }
