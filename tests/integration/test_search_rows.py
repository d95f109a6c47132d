"""Rows of side tables as PostgreSQL reads them."""

from decimal import Decimal
from random import Random

import psycopg
from tests.support import run

from xinglin.core.settings import Settings
from xinglin.hub import copying
from xinglin.hub.hub import Hub
from xinglin.hub.search import rows
from xinglin.standards.search import r4
from xinglin.standards.search.extract import Extractor


def test_numbers_arrive_as_they_are(database: str, settings: Settings) -> None:
    rng = Random(7)
    given = [Decimal(text) for text in ("0", "-0", "0.00", "1E+300", "-1E-300", "9999", "10000", "Infinity")]
    given += [Decimal("-Infinity"), Decimal("0.0001"), Decimal("12345678.90123")]
    given += [
        Decimal(
            (rng.randrange(2), tuple(rng.choices(range(10), k=rng.randrange(1, 30))), rng.randrange(-40, 40))
        )
        for _ in range(500)
    ]

    async def story(hub: Hub) -> None:
        packed = [
            copying.row(
                copying.int8(seq), copying.int8(1), copying.int2(3), copying.numeric(one), copying.NULL
            )
            for seq, one in enumerate(given)
        ]
        async with hub.database.connection() as connection:
            await copying.copy_rows(connection, rows.COPY_NUMBERS, packed)

    run(settings, story)
    with psycopg.connect(database) as connection:
        found = connection.execute("SELECT low FROM search_number ORDER BY seq").fetchall()
    assert [one for (one,) in found] == given


def test_even_and_odd_places_meet_nobody_elses() -> None:
    extractor = Extractor(r4())
    places = {
        one.id for kind in r4().types for found in extractor.plan(kind).lookups.values() for one in found
    }
    assert len({rows.even(one) for one in places}) == len(places)
