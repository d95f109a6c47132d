"""What goes on today (`tables/present.csv`): a ward, outpatients, a referral, contracts, an opting out.

People come, are treated and signed up by the day that is asked for, so that open visits stay open: whoever
logs in to the demo meets the people they treat. Everything else of the province lies in the past.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

from xinglin_demo.sending import hl7
from xinglin_demo.sending.contracts import Contracts
from xinglin_demo.story import Diagnosis, Prescription, Staff, Story, Visit
from xinglin_demo.tables import Row, rows_by, table

CHINA = timezone(timedelta(hours=8))
ADULT = 18
DEPARTMENT = "内科"
PRESSURE = ("132", "84")
MEDICINE = "amlodipine"

Files = Iterator[tuple[str, bytes]]


@dataclass(frozen=True)
class Present:
    """The people of the table, and the day that is today."""

    people: Sequence[Story]
    today: date

    def _told(self, *sorts: str) -> Iterator[tuple[Story, Row]]:
        adults = [one for one in self.people if one.age(self.today) >= ADULT]
        for row in table("present"):
            if row["sort"] in sorts and int(row["adult"]) < len(adults):
                yield adults[int(row["adult"])], row

    def ward(self) -> Files:
        """Give the messages of the county hospital's ward: everybody in it was admitted, nobody left."""
        yield from self._messages("county", "ward")

    def city(self) -> Files:
        """Give the messages of the city hospital's outpatients of the day before."""
        yield from self._messages("city", "outpatient")

    def township(self) -> Files:
        """Give what the township centre's system of contracts and referrals sends."""
        made = Contracts(datetime.combine(self.today - timedelta(days=1), time(9), CHINA))
        for story, row in self._told("signed", "vip", "team", "referral", "optout"):
            made.take(story, row["sort"], _diagnoses(row, self.today))
        yield from made.files()

    def _messages(self, place: str, sort: str) -> Files:
        sent: list[hl7.Message] = []
        for turn, (story, row) in enumerate(self._told(sort)):
            visit = self._visit(story, row, place, turn)
            sent += [*hl7.admissions(story, visit, ended=False), *hl7.orders(story, visit)]
        yield from hl7.files({"present.hl7": sent}, "HIS")

    def _visit(self, story: Story, row: Row, place: str, turn: int) -> Visit:
        """Give the visit of somebody; its number stays, so that another day only moves it."""
        start = datetime.combine(self.today - timedelta(days=1), time(8, 5 * turn), CHINA)
        return Visit(
            number=f"{'ZY' if place == 'county' else 'MZ'}{story.index:06d}",
            place=place,
            department=DEPARTMENT,
            stay=place == "county",
            reason=row["names"].split()[0],
            start=start,
            end=start,
            staff=_staff(row["staff"]),
            diagnoses=_diagnoses(row, start.date()),
            pressure=PRESSURE,
            prescriptions=[_prescription()],
        )


def _staff(login: str) -> Staff:
    """Give whoever logs in under a name, as the institution's staff."""
    row = rows_by("accounts", "login")[login]
    return Staff(row["staff"], row["name"])


def _diagnoses(row: Row, day: date) -> tuple[Diagnosis, ...]:
    pairs = zip(row["codes"].split(), row["names"].split(), strict=True)
    return tuple(Diagnosis(code, name, day.isoformat()) for code, name in pairs)


def _prescription() -> Prescription:
    row = rows_by("medicines", "key")[MEDICINE]
    return Prescription(
        name=row["name"],
        atc=row["atc"],
        amount=row["dose"],
        unit=row["unit_text"],
        unit_code=row["unit"],
        per_day=int(row["per_day"]),
        route=row["route"],
        route_name="口服",
        days=7,
    )
