"""Which reader each section gets."""

from collections.abc import Iterator

from xinglin.core.exact_json import Json
from xinglin.standards.cda.codes import concept
from xinglin.standards.cda.composition import sections, title_of
from xinglin.standards.cda.reading import Reading
from xinglin.standards.cda.sections.allergies import read_allergies
from xinglin.standards.cda.sections.diagnoses import read_diagnoses
from xinglin.standards.cda.sections.entries import Entry, entries, of_role
from xinglin.standards.cda.sections.laboratory import read_blood_types, read_results
from xinglin.standards.cda.sections.medications import read_medications
from xinglin.standards.cda.sections.procedures import read_procedures
from xinglin.standards.cda.sections.reports import read_report
from xinglin.standards.cda.tables import section_kind
from xinglin.standards.cda.xml import Node, attribute, child

_REPORTS = ("laboratory", "examination")


def read_sections(reading: Reading, visit: Json | None) -> dict[Node, list[Json]]:
    """Keep the records that the sections give; gives References by section. `visit` gains what is said of it.

    Documents whose type our table doesn't call structured keep their sections as text alone.
    """
    if not reading.type.structured:
        return {}
    kinds = {section: _kind(reading, section) for section in _all(reading.root)}
    found: dict[Node, list[Json]] = {}
    for section, kind in kinds.items():
        records = _read(reading, section, kind, visit)
        if records:
            found[section] = records
    for kind in _REPORTS:
        parts = [section for section, one in kinds.items() if one == kind]
        if parts:
            found.update({node: kept for node, kept in read_report(reading, parts, kind).items() if kept})
    if visit is not None and reading.type.visit:
        _say_of_visit(reading, visit)
    return found


def _all(node: Node) -> Iterator[Node]:
    for one in sections(node):
        yield one
        yield from _all(one)


def _kind(reading: Reading, section: Node) -> str | None:
    return section_kind(attribute(child(section, "code"), "code"), title_of(section), reading.type.code)


def _read(reading: Reading, section: Node, kind: str | None, visit: Json | None) -> list[Json]:
    match kind:
        case "diagnosis":
            name = attribute(child(section, "code"), "displayName") or ""
            return read_diagnoses(reading, section, f"{title_of(section)} {name}", visit)
        case "event":
            return read_diagnoses(reading, section, title_of(section), None)
        case "allergy":
            return read_allergies(reading, section)
        case "medication":
            return read_medications(reading, section)
        case "procedure":
            return read_procedures(reading, section)
        case "results":
            return [*read_results(reading, [section], "laboratory"), *read_blood_types(reading, section)]
        case "laboratory" | "examination":
            return []
        case _:
            # What has no reader stays text; entries that no table knows are named all the same.
            for _ in entries(reading, section):
                pass
            return []


def _say_of_visit(reading: Reading, visit: Json) -> None:
    """Add what entries say of the visit itself: complaint, admission, discharge."""
    found: list[Entry] = [one for section in _all(reading.root) for one in entries(reading, section)]
    complaints = list(dict.fromkeys(one.said for one in of_role(found, "complaint")))
    if complaints and reading.type.visit == "record":
        visit["reasonCode"] = [{"text": text} for text in complaints]
    period: Json = dict(visit.get("period", {}))
    for role, name in (("admitted", "start"), ("discharged", "end")):
        stamp = next((one for entry in of_role(found, role) if (one := reading.time(entry.value))), None)
        if stamp:
            period.setdefault(name, stamp.text)
    if period:
        visit["period"] = period
    way = next((one for entry in of_role(found, "discharge-way-code") if (one := concept(entry.value))), None)
    if way and reading.type.visit == "discharge":
        visit.setdefault("hospitalization", {})["dischargeDisposition"] = way
