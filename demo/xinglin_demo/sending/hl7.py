"""Hospitals in HL7 v2.5.1: a city's information system (GB 18030) and laboratory (UTF-8), a county's wards.

The city's number people alike. The laboratory codes its items in its own way (`tables/local_items.csv`).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from xinglin_demo.story import Diagnosis, Prescription, Report, Result, Story, Visit
from xinglin_demo.tables import rows_by

AUTHORITY = "青囊市人民医院"
HOSPITALS = {"city": AUTHORITY, "county": "橘井县人民医院"}
CHARSETS = {"HIS": "GB 18030-2000", "LIS": "UNICODE UTF-8"}
ENCODINGS = {"HIS": "gb18030", "LIS": "utf-8"}
SEXES = {"male": "M", "female": "F"}
FREQUENCIES = {1: "QD", 2: "BID", 3: "TID", 4: "QID"}

Message = tuple[datetime, str]
"""When it was sent, and its segments with a carriage return behind each."""


class City:
    """Collects what happens at the city hospital."""

    def __init__(self) -> None:
        self.his: dict[str, list[Message]] = defaultdict(list)
        self.lis: dict[str, list[Message]] = defaultdict(list)

    def take(self, story: Story) -> None:
        """Take a person's visits to the hospital."""
        for visit in story.at("city"):
            year = f"{visit.start:%Y}"
            self.his[f"{year}-adt.hl7"] += admissions(story, visit)
            self.his[f"{year}-orders.hl7"] += orders(story, visit)
            self.lis[f"{year}-results.hl7"] += _results(story, visit)

    def his_files(self) -> Iterator[tuple[str, bytes]]:
        """Give the files of the information system."""
        return files(self.his, "HIS")

    def lis_files(self) -> Iterator[tuple[str, bytes]]:
        """Give the files of the laboratory."""
        return files(self.lis, "LIS")


def files(found: dict[str, list[Message]], system: str) -> Iterator[tuple[str, bytes]]:
    """Give messages as files, by the files' names, in the order in which they were sent."""
    for name in sorted(name for name, messages in found.items() if messages):
        text = "".join(message for _, message in sorted(found[name]))
        yield name, text.encode(ENCODINGS[system])


def message(
    system: str, event: str, at: datetime, number: str, segments: Iterable[str], *, hospital: str = AUTHORITY
) -> Message:
    """Write a message; `event` such as ADT^A01^ADT_A01."""
    head = (
        rf"MSH|^~\&|{system}|{hospital}|XINGLIN|JX|{at:%Y%m%d%H%M%S}||{event}|{system}{number}|P|2.5.1"
        f"|||||CHN|{CHARSETS[system]}"
    )
    return at, "".join(f"{segment}\r" for segment in [head, *segments])


def patient(story: Story, place: str = "city") -> str:
    """Write PID: the hospital's number and the resident identity number."""
    return (
        f"PID|1||{story.number_at(place)}^^^{HOSPITALS[place]}^MR~{story.resident_number}^^^^NI||{story.name}^"
        f"||{story.born:%Y%m%d}|{SEXES[story.sex]}|||{story.address}^^青囊市^杏林省^^CHN^H"
        f"||{story.phone}^PRN^CP"
    )


def _visit(visit: Visit, *, ended: bool = False) -> str:
    fields = [""] * 46
    fields[0:4] = ["PV1", "1", "I" if visit.stay else "O", f"{visit.department}^^^{HOSPITALS[visit.place]}"]
    fields[7] = f"{visit.staff.number}^{visit.staff.name}"
    fields[19] = f"{visit.number}^^^{HOSPITALS[visit.place]}^VN"
    fields[44] = f"{visit.start:%Y%m%d%H%M%S}"
    fields[45] = f"{visit.end:%Y%m%d%H%M%S}" if ended else ""
    return "|".join(fields)


def admissions(story: Story, visit: Visit, *, ended: bool = True) -> list[Message]:
    """Write what ADT tells of a visit: its beginning with diagnoses and measurements, a stay's end."""
    hospital = HOSPITALS[visit.place]
    begun = [
        f"EVN|{'A01' if visit.stay else 'A04'}|{visit.start:%Y%m%d%H%M%S}",
        patient(story, visit.place),
        _visit(visit),
        *_measurements(visit),
        *_allergies(story, visit),
        *(_diagnosis(at, one, visit) for at, one in enumerate(visit.diagnoses, 1)),
    ]
    event = "ADT^A01^ADT_A01" if visit.stay else "ADT^A04^ADT_A01"
    found = [message("HIS", event, visit.start, f"{visit.number}A", begun, hospital=hospital)]
    if visit.stay and ended:
        over = [
            f"EVN|A03|{visit.end:%Y%m%d%H%M%S}",
            patient(story, visit.place),
            _visit(visit, ended=True),
            *(_diagnosis(at, one, visit) for at, one in enumerate(visit.diagnoses, 1)),
            *(
                f"PR1|{at}||{one.code}^{one.name}^I9C||{one.day.replace('-', '')}"
                for at, one in enumerate(visit.operations, 1)
            ),
        ]
        found.append(
            message("HIS", "ADT^A03^ADT_A03", visit.end, f"{visit.number}E", over, hospital=hospital)
        )
    return found


def _measurements(visit: Visit) -> Iterator[str]:
    pairs = [(rows_by("vitals", "key")[key], value) for key, value in visit.vitals.items()]
    rows = [(row["loinc"], row["name"], value, row["unit"]) for row, value in pairs]
    if visit.pressure:
        rows += [
            ("8480-6", "收缩压", visit.pressure[0], "mm[Hg]"),
            ("8462-4", "舒张压", visit.pressure[1], "mm[Hg]"),
        ]
    for at, (code, name, value, unit) in enumerate(rows, 1):
        yield f"OBX|{at}|NM|{code}^{name}^LN||{value}|{unit}^{unit}^UCUM|||||F|||{visit.start:%Y%m%d%H%M%S}"


def _allergies(story: Story, visit: Visit) -> Iterator[str]:
    known = [one for one in story.allergies if one[2] <= visit.start.date().isoformat()]
    for at, (code, name, _) in enumerate(known, 1):
        yield f"AL1|{at}|DA^药物^HL70127|{code}^{name}^L|SV"


def _diagnosis(at: int, one: Diagnosis, visit: Visit) -> str:
    return f"DG1|{at}||{one.code}^{one.name}^I10|{one.name}|{visit.start:%Y%m%d}|{'A' if visit.stay else 'F'}"


def orders(story: Story, visit: Visit) -> list[Message]:
    """Write the orders of a visit: laboratory and medicines."""
    at, hospital = visit.start + timedelta(minutes=10), HOSPITALS[visit.place]
    found = [
        message(
            "HIS",
            "OML^O21^OML_O21",
            at,
            f"{visit.number}L{number}",
            _requested(story, visit, number),
            hospital=hospital,
        )
        for number, report in enumerate(visit.reports)
        if report.results
    ]
    if visit.prescriptions:
        segments = [patient(story, visit.place), _visit(visit)]
        for line, one in enumerate(visit.prescriptions, 1):
            segments += _medicine(visit, line, one)
        found.append(message("HIS", "RDE^O11^RDE_O11", at, f"{visit.number}R", segments, hospital=hospital))
    return found


def _requested(story: Story, visit: Visit, number: int) -> list[str]:
    report = visit.reports[number]
    doctor = f"{visit.staff.number}^{visit.staff.name}"
    return [
        patient(story, visit.place),
        _visit(visit),
        f"ORC|NW|{visit.number}-{number}^HIS|||||||{visit.start:%Y%m%d%H%M%S}|||{doctor}",
        f"OBR|1|{visit.number}-{number}^HIS||{report.panel['key'].upper()}^{report.panel['name']}^L",
    ]


def _medicine(visit: Visit, line: int, one: Prescription) -> list[str]:
    doctor = f"{visit.staff.number}^{visit.staff.name}"
    often = FREQUENCIES[one.per_day]
    until = visit.start + timedelta(days=one.days)
    return [
        f"ORC|NW|{visit.number}-R{line}^HIS|||||||{visit.start:%Y%m%d%H%M%S}|||{doctor}",
        f"RXE||{one.atc}^{one.name}^ATC|{one.amount}||{one.unit_code}^{one.unit}^UCUM",
        f"RXR|{one.route}^{one.route_name}^L",
        f"TQ1|1||{often}||||{visit.start:%Y%m%d}|{until:%Y%m%d}",
    ]


def _results(story: Story, visit: Visit) -> list[Message]:
    at = visit.start + timedelta(hours=2)
    return [
        message(
            "LIS",
            "ORU^R01^ORU_R01",
            at,
            f"{visit.number}{number}",
            [patient(story, visit.place), _visit(visit), *_reported(visit, number, report, at)],
        )
        for number, report in enumerate(visit.reports)
        if report.results
    ]


def _reported(visit: Visit, number: int, report: Report, at: datetime) -> Iterator[str]:
    placer, filler = f"{visit.number}-{number}^HIS", f"{visit.number}-{number}^LIS"
    panel = f"{report.panel['key'].upper()}^{report.panel['name']}^L"
    taken = f"{visit.start + timedelta(minutes=20):%Y%m%d%H%M%S}"
    yield f"ORC|RE|{placer}|{filler}||CM"
    yield f"OBR|1|{placer}|{filler}|{panel}|||{taken}|||||||||||||||{at:%Y%m%d%H%M%S}||LAB|F"
    for place, one in enumerate(report.results, 1):
        yield _observed(place, one, taken)


def _observed(place: int, one: Result, taken: str) -> str:
    row = rows_by("local_items", "key")[one.item["key"]]
    kind = "NM" if one.item["unit"] else "ST"
    unit = row["city_unit"].replace("^", "\\S\\")  # escaped: the sign separates components
    units = f"{unit}^{unit}^L" if unit else ""
    code = f"{row['city_code']}^{row['city_name']}^L"
    return f"OBX|{place}|{kind}|{code}||{one.value}|{units}|{one.reference}|{one.flag}|||F|||{taken}"
