"""The model in force: the newest that was trained on the province's own data, else the one shipped."""

from functools import partial
from typing import Final, cast

import msgspec
from psycopg.types.json import Jsonb

from xinglin.core.exact_json import Json
from xinglin.hub.database import Connection
from xinglin.hub.identity import rows
from xinglin.hub.identity.comparing import unpack
from xinglin.hub.identity.linkage import model as linkage
from xinglin.hub.identity.linkage.comparisons import MISSING
from xinglin.hub.identity.scoring import Model, Scored, added_up, first
from xinglin.standards.persons import FIELDS, Features, levels

LINK: Final = 6.0
"""Bits from which a trained model links.

Measured on invented people (`xinglin_demo.population`, a million records): from 4.3 bits up more than 0.9999
of the model's links are right, and 10 bits would keep only 77 % of the true pairs. On a province's own data
nobody has measured it yet; `xinglin identity evaluate` does.
"""
REVIEW: Final = 0.0
"""Bits from which a person looks at the pair: as likely as not."""

_NEWEST: Final = "SELECT version, parameters FROM identity_model ORDER BY version DESC LIMIT 1"
_EVERYBODY: Final = "SELECT number, body FROM person_feature"
_KEEP: Final = """
INSERT INTO identity_model (parameters, trained_from, charts) VALUES (%s, %s, %s) RETURNING version
"""


async def model_in_force(connection: Connection) -> Model:
    """Give the model that decides at present. Raises UnusableModel where its parameters can't be read."""
    row = await (await connection.execute(_NEWEST)).fetchone()
    if row is None:
        return first()
    version, parameters = cast("tuple[int, Json]", row)
    return _trained(version, parameters)


async def trained_in_force(connection: Connection) -> linkage.Model | None:
    """Give the trained model that decides at present; None where none was trained. Raises UnusableModel."""
    row = await (await connection.execute(_NEWEST)).fetchone()
    return None if row is None else linkage.read_model(msgspec.json.encode(row[1]))


async def keep(connection: Connection, parameters: Json, trained_from: Json, charts: Json) -> int:
    """Put a trained model in force; give its version. Raises UnusableModel."""
    linkage.read_model(msgspec.json.encode(parameters))
    row = await (
        await connection.execute(_KEEP, [Jsonb(parameters), Jsonb(trained_from), Jsonb(charts)])
    ).fetchone()
    return cast("tuple[int]", row)[0]


_READ: Final[dict[bytes, Model]] = {}
"""The model read last, by its text: read once a process."""


def _trained(version: int, parameters: Json) -> Model:
    text = msgspec.json.encode(parameters)
    if text not in _READ:
        model = linkage.read_model(text)
        _READ.clear()
        _READ[text] = Model(partial(_score, model), LINK, REVIEW, version)
    return _READ[text]


def _score(model: linkage.Model, one: Features, other: Features) -> Scored:
    found = {
        name: MISSING if level is None else level
        for name, level in zip(FIELDS, levels(one, other), strict=True)
    }
    said = linkage.score(found, model)
    fields = {part.name: (part.level, part.weight + part.frequency) for part in said.contributions}
    known = {name: value for name, value in fields.items() if value[0] != MISSING}
    return added_up(said.prior, known, said.household)


async def people(connection: Connection) -> list[tuple[str, Features]]:
    """Give what is compared of every source Patient, to train on."""
    found: list[tuple[str, Features]] = []
    async with connection.transaction(), connection.cursor(name="people") as cursor:
        await cursor.execute(_EVERYBODY)
        async for row in cursor:
            for body in await rows.open_features(connection, [cast("tuple[int, bytes]", row)]):
                one = unpack(body)
                found.append((one.id, one.features))
    return found
