"""How somebody stands to patients: found in the records of this moment, by the searches of a table.

Names of one institution or person differ from source to source, so whoever asks is looked for under every
record that bears the same number (`Standing`). What is found of one Patient holds for all Patients that are
the same person.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.identity import rows as identity
from xinglin.hub.search.sql import fill, join
from xinglin.trust.policy import grants
from xinglin.trust.policy.relation_queries import arms
from xinglin.trust.policy.standing import Standing, origins, standing
from xinglin.trust.policy.tables import Tables
from xinglin.trust.who import Who

SELF: Final = "self"
EMERGENCY: Final = "emergency"
CONTRACT: Final = "contract"
INSTITUTION: Final = "institution"


@dataclass(frozen=True, slots=True)
class Relations:
    """How somebody stands to patients.

    `patients` gives, by relation, ids of Patients; `origins` are the sources of the own institution, in the
    form of `hub.sight` ("source:his"), which is the relation `institution`; `contract` says that a contract
    is in force, which is about no patient in particular. `cut` names relations with more patients than
    values.csv's patients_most: the rest is left out here, but `related` finds it.
    """

    patients: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    origins: frozenset[str] = frozenset()
    contract: bool = False
    cut: frozenset[str] = frozenset()

    def of(self, patient: str) -> frozenset[str]:
        """Give the relations to one Patient, by id; `institution` goes by record and isn't among them."""
        found = {relation for relation, ids in self.patients.items() if patient in ids}
        return frozenset(found | ({CONTRACT} if self.contract else set()))


async def relations(hub: Hub, connection: Connection, who: Who, tables: Tables) -> Relations:
    """Find all patients somebody is related to, at most `patients_most` of each relation."""
    most = tables.value("patients_most")
    stands = await standing(hub, connection, who)
    found: dict[str, set[str]] = {}
    for relation, patient in await _searched(hub, connection, stands, tables, most=most + 1):
        found.setdefault(relation, set()).add(patient)
    given = await grants.in_force(connection, who.id)
    found.setdefault(EMERGENCY, set()).update(one.patient for one in given if one.patient)
    found.setdefault(SELF, set()).update({who.patient} if who.patient else ())
    cut = {relation for relation, ids in found.items() if len(ids) > most}
    kept = {relation: sorted(ids)[:most] for relation, ids in found.items() if ids}
    linked = await same_people(connection, {one for ids in kept.values() for one in ids})
    return Relations(
        {
            relation: frozenset(other for one in ids for other in linked.get(one, {one}))
            for relation, ids in kept.items()
        },
        await origins(connection, who),
        any(one.kind == CONTRACT for one in given),
        frozenset(cut),
    )


async def related(
    hub: Hub, connection: Connection, who: Who, patient_ids: Iterable[str], tables: Tables
) -> frozenset[str]:
    """Give the relations to one person, whose Patients (any or all of them) are given by id."""
    asked = set(patient_ids)
    if not asked:
        return frozenset()
    people = set[str]().union(*(await same_people(connection, asked)).values(), asked)
    given = await grants.in_force(connection, who.id)
    found = {EMERGENCY for one in given if one.patient in people}
    found |= {CONTRACT for one in given if one.kind == CONTRACT}
    found |= {SELF} if who.patient in people else set()
    stands = await standing(hub, connection, who)
    rows = await _searched(hub, connection, stands, tables, most=1, patients=sorted(people))
    return frozenset(found | {relation for relation, _ in rows})


async def _searched(
    hub: Hub,
    connection: Connection,
    stands: Standing,
    tables: Tables,
    *,
    most: int,
    patients: Sequence[str] = (),
) -> list[tuple[str, str]]:
    """Give (relation, id of a Patient) by the searches of the table, in one statement."""
    kind = hub.store.types["Patient"]
    found = [one.sql(patients, kind, most) for one in await arms(hub, connection, stands, tables)]
    if not found:
        return []
    every = fill("SELECT DISTINCT * FROM ({}) AS found (relation, id)", join(" UNION ALL ", found))
    rows = await (await connection.execute(every.text, list(every.args), prepare=False)).fetchall()
    return cast("list[tuple[str, str]]", rows)


async def same_people(connection: Connection, ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """Give, by each id of a Patient that identity knows, all ids of the same person, the golden one too."""
    wanted = set(ids)
    golden = {id_: link.golden for id_, link in (await identity.links(connection, wanted)).items()}
    members = await identity.members(connection, set(golden.values()) | (wanted - golden.keys()))
    people: dict[str, set[str]] = {}
    for one in members:
        people.setdefault(one.golden, {one.golden}).add(one.patient)
    return {id_: frozenset(people[at]) for id_ in wanted if (at := golden.get(id_, id_)) in people}
