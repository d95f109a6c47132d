"""Who is this? Persons that a Patient, which isn't stored, may be: for $match, and for a clerk at a desk."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from xinglin.core.clock import now
from xinglin.core.exact_json import Json
from xinglin.hub.database import Connection
from xinglin.hub.identity import rows
from xinglin.hub.identity.comparing import compared, judge, unpack
from xinglin.hub.identity.models import model_in_force
from xinglin.hub.identity.rows import Judged, Known
from xinglin.hub.records import Key, Record
from xinglin.hub.sight import EVERYTHING, Sight
from xinglin.hub.sight.reading import all_seen
from xinglin.hub.store import Store

GRADES: Final[Mapping[str, str]] = {"link": "certain", "review": "possible"}
"""The grade of FHIR for what rules and model say; a review of much weight is probable."""
PROBABLE: Final = 0.95
MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person that it may be: the golden Patient, the source Patient nearest to it, and how near."""

    golden: Record
    nearest: str
    score: float
    grade: str


async def candidates(
    connection: Connection,
    store: Store,
    patient: Json,
    *,
    most: int = 10,
    certain: bool = False,
    sight: Sight = EVERYTHING,
) -> list[Candidate]:
    """Give the persons that `patient` may be, the likeliest first; `certain` only those that would be linked.

    Where only certain ones are asked for and several are, none is given: it can't be more than one. Source
    Patients that `sight` hides aren't compared, and persons whose golden Patient it hides not given.
    """
    asked = compared(patient | {"id": ""}, now().date())
    found = await rows.sharing(connection, asked.keys())
    numbers = {n for those in found.values() if len(those) <= rows.MOST_SHARING for n in those}
    known = await _seen(connection, store, await rows.known_numbers(connection, numbers), sight)
    worn = await rows.worn_keys(connection, found)
    model = await model_in_force(connection)
    best: dict[str, tuple[Judged, str]] = {}
    for one in known.values():
        judged = judge(asked, unpack(one.body), worn, model)
        if judged.verdict in GRADES and (one.golden not in best or _better(judged, best[one.golden][0])):
            best[one.golden] = (judged, one.patient)
    ranked = sorted(
        best.items(), key=lambda item: (item[1][0].verdict != "link", -_score(item[1][0]), item[0])
    )
    if certain:
        ranked = [one for one in ranked if one[1][0].verdict == "link"]
        ranked = ranked if len(ranked) == 1 else []
    ranked = ranked[: min(most, MOST)]
    keys = [Key("Patient", golden) for golden, _ in ranked]
    records = await all_seen(store, connection, keys, sight=sight)
    return [
        Candidate(record, nearest, _score(judged), _grade(judged))
        for golden, (judged, nearest) in ranked
        if (record := records.get(Key("Patient", golden))) is not None and not record.deleted
    ]


async def _seen(
    connection: Connection, store: Store, known: Mapping[int, Known], sight: Sight
) -> Mapping[int, Known]:
    if sight.whole:
        return known
    keys = [Key("Patient", one.patient) for one in known.values()]
    shown = await all_seen(store, connection, keys, sight=sight)
    return {number: one for number, one in known.items() if Key("Patient", one.patient) in shown}


def _score(judged: Judged) -> float:
    """Give how sure it is, 0 to 1: what a rule links is at least so sure as a number can be."""
    said = judged.probability or 0.0
    return max(said, 0.99) if judged.how == "rule" and judged.verdict == "link" else said


def _grade(judged: Judged) -> str:
    grade = GRADES[judged.verdict]
    return "probable" if grade == "possible" and (judged.probability or 0.0) >= PROBABLE else grade


def _better(one: Judged, other: Judged) -> bool:
    return (one.verdict == "link", _score(one)) > (other.verdict == "link", _score(other))
