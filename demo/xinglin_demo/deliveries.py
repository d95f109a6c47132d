"""The province as its institutions would send it: files of nine systems in five formats.

Everything is rendered from the bundles of `province`, so it tells the same story. Different institutions know
the same person by different numbers. Some files are faulty on purpose (`tables/faults.csv`). What goes on
today (`present`) is about these people, but in none of the bundles.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from xinglin.core.clock import now
from xinglin_demo import identifiers
from xinglin_demo.present import CHINA, Present
from xinglin_demo.province import DEFAULT_TODAY
from xinglin_demo.sending.cda import Traditional, example
from xinglin_demo.sending.centre import Centre
from xinglin_demo.sending.county import County
from xinglin_demo.sending.faults import Faults
from xinglin_demo.sending.hl7 import City
from xinglin_demo.sending.township import Primary
from xinglin_demo.story import stories
from xinglin_demo.tables import table


@dataclass(frozen=True)
class Sender:
    """A system that delivers, as an operator would register it."""

    id: str
    institution: str
    """Its institution's unified social credit code."""
    institution_name: str
    system: str
    formats: tuple[str, ...]
    charset: str | None
    declared: dict[str, str]
    contact: str


@dataclass(frozen=True)
class Delivery:
    """A file as `sender` sends it."""

    sender: str
    name: str
    content: bytes


def senders() -> tuple[Sender, ...]:
    """Give the systems that deliver."""
    return tuple(
        Sender(
            id=row["sender"],
            institution=identifiers.credit_code("12", row["serial"]),
            institution_name=row["institution"],
            system=row["system"],
            formats=tuple(row["formats"].split()),
            charset=row["charset"] or None,
            declared=dict(one.split("=", 1) for one in row["declared"].split()),
            contact=row["contact"],
        )
        for row in table("senders")
    )


def deliveries(
    people: int = 200, seed: int = 20261121, today: date = DEFAULT_TODAY, present: date | None = None
) -> Iterator[Delivery]:
    """Yield the files of every sender, in the order in which they are sent.

    `today` is where the province's past ends; who is treated on the day `present`, by default this one, has
    open visits. The same arguments give the same bytes everywhere. All files are made before the first is
    given: memory grows with `people`, by about 40 KB for each.
    """
    city, county, primary, traditional, centre = City(), County(), Primary(), Traditional(), Centre()
    known = list(stories(people, seed, today))
    for story in known:
        for one in (city, county, primary, traditional, centre):
            one.take(story)
    faults = Faults(known[0], datetime.combine(today, time(8)))
    going_on = Present(known, present or now().astimezone(CHINA).date())
    results = list(city.lis_files())
    found = {
        "city-his": [*city.his_files(), *faults.city_his(), *going_on.city()],
        "city-lis": [*results, *faults.city_lis(results[-1][1] if results else b"")],
        "county-ward": [*going_on.ward()],
        "county-hospital": [*county.files(), *faults.county()],
        "tcm-hospital": [*traditional.files(), *faults.traditional(example(known[0]))],
        "township-centre": primary.township_files(),
        "township-contracts": [*going_on.township()],
        "village-clinic": [*primary.village_files(), *faults.village()],
        "imaging-centre": [*centre.files(), *faults.centre()],
    }
    for sender, files in found.items():
        for name, content in files:
            yield Delivery(sender, name, content)
