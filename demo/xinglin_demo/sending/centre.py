"""A regional centre that reads radiographs and electrocardiograms of others, in FHIR R4 (NDJSON).

Its ids are its own; who a person is it knows by its number and the resident identity number.
"""

from collections import defaultdict
from collections.abc import Iterator

from xinglin.core.exact_json import dumps
from xinglin_demo import identifiers
from xinglin_demo.bundle import tagged
from xinglin_demo.fhir import LOINC, TERMINOLOGY, Json, concept, reference
from xinglin_demo.story import Report, Story, Visit
from xinglin_demo.tables import rows_by

SECTIONS = {"chest": ("RAD", "放射"), "ecg": ("EC", "心电")}


class Centre:
    """Collects what the centre has read."""

    def __init__(self) -> None:
        self.records: dict[str, list[Json]] = defaultdict(list)

    def take(self, story: Story) -> None:
        """Take a person's films and tracings."""
        found = [
            (visit, number, report)
            for visit in story.visits
            for number, report in enumerate(visit.reports)
            if report.conclusion
        ]
        if found:
            self.records["patients"].append(_patient(story))
        self.records["reports"] += [_report(story, *one) for one in found]

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Give the records, a file a type."""
        for name, records in sorted(self.records.items()):
            if records:
                yield f"{name}.ndjson", b"".join(dumps(one) + b"\n" for one in records)


def _patient(story: Story) -> Json:
    number = {
        "type": {"coding": [{"system": f"{TERMINOLOGY}/v2-0203", "code": "PI"}]},
        "system": identifiers.local_system("centre", "patient-number"),
        "value": story.number_at("centre"),
    }
    return tagged(
        {
            "resourceType": "Patient",
            "id": story.number_at("centre"),
            "identifier": [number, {"system": identifiers.RESIDENT, "value": story.resident_number}],
            "name": [{"use": "official", "text": story.name}],
            "gender": story.sex,
            "birthDate": story.born.isoformat(),
        }
    )


def _report(story: Story, visit: Visit, number: int, report: Report) -> Json:
    row = rows_by("panels", "key")[report.panel["key"]]
    section, text = SECTIONS[report.panel["key"]]
    return tagged(
        {
            "resourceType": "DiagnosticReport",
            "id": f"{story.number_at('centre')}-{visit.number}-{number}",
            "status": "final",
            "category": [concept(f"{TERMINOLOGY}/v2-0074", section, text)],
            "code": concept(LOINC, row["loinc"], row["name"]),
            "subject": reference(f"Patient/{story.number_at('centre')}"),
            "effectiveDateTime": visit.start.isoformat(),
            "issued": visit.end.isoformat(),
            "conclusion": report.conclusion,
        }
    )
