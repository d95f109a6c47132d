"""Identity in searches: `:mdm` reaches all records of a person, and golden Patients stay in the background.

A golden Patient repeats its sources' numbers. Were it found like them, every conditional update by number
would find two records; so a search of Patients finds it only where `_tag` or `_id` is asked for.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from xinglin.hub.database import Connection
from xinglin.hub.identity.golden import PREFIX, TAG
from xinglin.hub.identity.questions import reach
from xinglin.hub.sight import EVERYTHING, Sight
from xinglin.hub.store import Store
from xinglin.standards.search import Query, Registry
from xinglin.standards.search.query import Branch, Criterion, Test
from xinglin.standards.search.values import Token

MDM: Final = ":mdm"
"""The modifier, as HAPI FHIR has it."""
_ASKED: Final = frozenset({"_tag", "_id"})
_GOLDEN: Final = Token(TAG["system"], TAG["code"])


async def widened(
    connection: Connection, store: Store, pairs: Sequence[tuple[str, str]], *, sight: Sight = EVERYTHING
) -> list[tuple[str, str]]:
    """Give a search's pairs with every `subject:mdm=Patient/1` naming all Patients of that person.

    Only Patients that are seen are named.
    """
    return [
        (name.removesuffix(MDM), await _all(connection, store, value, sight))
        if name.endswith(MDM)
        else (name, value)
        for name, value in pairs
    ]


async def _all(connection: Connection, store: Store, value: str, sight: Sight) -> str:
    found: dict[str, None] = {}
    for one in value.split(","):
        head, mark, id_ = one.rpartition("/")
        if mark and head.rpartition("/")[2] != "Patient":
            found[one] = None
            continue
        prefix = head + mark if mark else "Patient/"
        for each in await reach(connection, store, id_, sight=sight):
            found[prefix + each] = None
    return ",".join(found)


async def people(connection: Connection, store: Store, id_: str, *, sight: Sight = EVERYTHING) -> list[str]:
    """Give the ids of all Patients whose records belong to a Patient: of a golden one all that are seen."""
    found = await reach(connection, store, id_, sight=sight) if id_.startswith(PREFIX) else [id_]
    return list(dict.fromkeys([id_, *found]))


def without_goldens(query: Query, registry: Registry) -> Query:
    """Give the search without golden Patients, unless it asks for tags or ids."""
    tag = registry.get("Patient", "_tag")
    if tag is None or not any(branch.type == "Patient" for branch in query.branches):
        return query
    left_out = Test(tag, "not", (_GOLDEN,))
    return replace(query, branches=tuple(_narrowed(branch, left_out) for branch in query.branches))


def _narrowed(branch: Branch, left_out: Criterion) -> Branch:
    asked = {one.parameter.code for one in branch.criteria if isinstance(one, Test)}
    if branch.type != "Patient" or asked & _ASKED:
        return branch
    return replace(branch, criteria=(*branch.criteria, left_out))
