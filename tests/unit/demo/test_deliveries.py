"""What the institutions send is what the bundles tell: the hub's formats read it, but the planned faults."""

import hashlib
import io
from collections import Counter
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from xinglin.core.clock import now
from xinglin.core.errors import XinglinError
from xinglin.hub.intake.formats import formats
from xinglin.hub.intake.guard import CLOCKS_DIFFER
from xinglin.hub.intake.unpack import files
from xinglin.standards.conversion import Origin
from xinglin.standards.identifiers import SCHEMES, Fault, Kind
from xinglin.standards.labitems.table import table as standard_items
from xinglin.standards.validation import validate
from xinglin_demo import deliveries, province, senders, stories
from xinglin_demo.sending.township import EXAMINED
from xinglin_demo.tables import rows_by, table

PEOPLE = 60
FORMATS = formats(Path("/nonexistent"))
SENDERS = {one.id: one for one in senders()}
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module")
def sent():
    return list(deliveries(PEOPLE))


@pytest.fixture(scope="module")
def read(sent):
    """Every item of every file, as (delivery, item), and the files that can't be read at all."""
    found, unreadable = [], []
    for one in sent:
        try:
            found += [(one, item) for item in items(one)]
        except XinglinError as error:
            unreadable.append((one, error))
    return found, unreadable


def items(one):
    sender = SENDERS[one.sender]
    origin = Origin(
        source=sender.id,
        institution=sender.institution,
        institution_name=sender.institution_name,
        namespace=sender.institution,
        zone=ZONE,
        charset=sender.charset,
        declared={"ids": "own", **sender.declared},
    )
    for file in files(io.BytesIO(one.content), len(one.content)):
        form = next(form for form in FORMATS.values() if form.recognises(file.start))
        assert form.name in sender.formats, one.name
        for piece in form.pieces(file.stream, origin):
            yield from form.items(piece, origin)


def faults_of(resource):
    return [one for one in validate(resource) if one.severity in {"error", "fatal"}]


def test_the_same_arguments_give_the_same_bytes(sent):
    def sums(found):
        return [(one.sender, one.name, hashlib.sha256(one.content).hexdigest()) for one in found]

    assert sums(deliveries(PEOPLE)) == sums(sent)
    assert sums(deliveries(PEOPLE, seed=2)) != sums(sent)


def test_no_file_is_sent_twice_under_one_name(sent):
    assert max(Counter((one.sender, one.name) for one in sent).values()) == 1


def test_every_format_is_there(sent):
    assert {name for one in SENDERS.values() for name in one.formats} == set(FORMATS) - {"dicom"}
    assert {one.sender for one in sent} == SENDERS.keys()


def test_senders_have_credit_codes_that_are_well_formed():
    for one in SENDERS.values():
        assert not isinstance(SCHEMES[Kind.CREDIT_CODE].parse(one.institution), Fault)


def test_nothing_is_refused_but_the_planned_faults(read):
    found, unreadable = read
    refused = [(one, item.error) for one, item in found if item.error] + unreadable
    # A report without status is told by validation, a time to come by the guard, not by their formats.
    invalid = [one for one, item in found if any(faults_of(fact.resource) for fact in item.facts)]
    latest = now() + CLOCKS_DIFFER
    future = [one for one, item in found if any(fact.time and fact.time > latest for fact in item.facts)]
    told = Counter((one.sender, one.name, error.code) for one, error in refused)
    told += Counter((one.sender, one.name, "XL5010") for one in invalid)
    told += Counter((one.sender, one.name, "XL7012") for one in future)
    assert told == Counter((row["sender"], row["name"], row["code"]) for row in table("faults"))


def test_faulty_files_are_those_that_the_table_names(sent):
    names = {(one.sender, one.name) for one in sent}
    assert {(row["sender"], row["name"]) for row in table("faults")} <= names


def test_only_what_is_planned_is_not_understood(read):
    unknown = {(one.sender, note) for one, item in read[0] for note in item.unknown}
    flags = {("tcm-hospital", f"abnormal flag {code}: no table declared") for code in (1, 2)}
    assert unknown == flags | {("county-hospital", "患者身份证件号码: ?")}


def test_every_result_is_sent_by_whoever_made_it(read):
    """No laboratory result is lost between the bundles and the files."""
    told = Counter()
    for story in stories(PEOPLE):
        for visit in story.visits:
            told[visit.place] += sum(len(report.results) for report in visit.reports)
    sent = Counter()
    for one, item in read[0]:
        if "supplement" in one.name or "again" in one.name:
            continue
        sent[SENDERS[one.sender].institution_name] += sum(
            1 for fact in item.facts if _is_local_result(fact.resource)
        )
    assert sent["青囊市人民医院"] == told["city"]
    assert sent["橘井县人民医院"] == told["county"]
    assert sent["橘井县中医医院"] == told["tcm"]


def _is_local_result(resource):
    if resource["resourceType"] != "Observation":
        return False
    return any(
        one.get("system", "").startswith("urn:xinglin:code:") for one in resource["code"].get("coding", ())
    )


def test_stories_keep_what_the_bundles_tell():
    entries = [entry["resource"] for bundle in province(PEOPLE) for entry in bundle["entry"]]
    kinds = Counter(one["resourceType"] for one in entries)
    known = list(stories(PEOPLE))
    visits = [visit for story in known for visit in story.visits]
    assert len(known) == kinds["Patient"]
    assert len(visits) == kinds["Encounter"]
    assert sum(len(one.reports) for one in visits) == kinds["DiagnosticReport"]
    assert sum(len(one.prescriptions) for one in visits) == kinds["MedicationRequest"]
    assert sum(len(one.operations) for one in visits) == kinds["Procedure"]
    assert sum(len(one.vaccinations) for one in known) == kinds["Immunization"]
    assert sum(len(one.allergies) for one in known) == kinds["AllergyIntolerance"]
    measured = sum(len(one.vitals) + bool(one.pressure) for one in visits)
    results = sum(len(report.results) for one in visits for report in one.reports)
    assert measured + results == kinds["Observation"]


def test_institutions_number_the_same_person_differently():
    places = rows_by("numbering", "place")
    for story in stories(PEOPLE):
        numbers = {story.number_at(place) for place in places}
        assert len(numbers) == len(places)
    for place in places:
        numbers = [story.number_at(place) for story in stories(PEOPLE)]
        assert len(set(numbers)) == PEOPLE


def test_local_codes_are_unlike_within_a_laboratory():
    for place in ("city", "county", "tcm", "township"):
        codes = [row[f"{place}_code"] for row in table("local_items")]
        assert len(set(codes)) == len(codes)


def test_accepted_mappings_are_right():
    """A code is mapped to the standard item of the same LOINC code."""
    assert {row["key"] for row in table("local_items")} == {row["key"] for row in table("items")}
    for row in table("local_items"):
        if row["standard"]:
            assert standard_items()[row["standard"]].loinc == rows_by("items", "key")[row["key"]]["loinc"]


def test_examination_columns_are_of_items_that_exist():
    assert EXAMINED.keys() <= rows_by("items", "key").keys()


def test_who_is_treated_today_has_open_visits(read):
    """Admitted and not discharged; signed, referred, opted out: what relations and consents are made of."""
    kinds = Counter(
        (one.sender, fact.resource["resourceType"], fact.resource.get("status"))
        for one, item in read[0]
        if one.sender in {"county-ward", "township-contracts"}
        for fact in item.facts
    )
    rows = Counter(row["sort"] for row in table("present"))
    assert kinds["county-ward", "Encounter", "in-progress"] == rows["ward"]
    assert ("county-ward", "Encounter", "finished") not in kinds
    assert kinds["township-contracts", "EpisodeOfCare", "active"] == rows["signed"]
    assert kinds["township-contracts", "ServiceRequest", "active"] == rows["referral"]
    assert kinds["township-contracts", "Consent", "active"] == rows["optout"]


def test_another_day_moves_open_visits_and_nothing_else():
    first, later = (
        {(one.sender, one.name): one.content for one in deliveries(PEOPLE, present=day)}
        for day in (date(2026, 11, 22), date(2027, 3, 1))
    )
    moved = {key for key in first if first[key] != later[key]}
    assert first.keys() == later.keys()
    assert {sender for sender, _ in moved} == {"county-ward", "city-his", "township-contracts"}
    assert {name for sender, name in moved if sender == "city-his"} == {"present.hl7"}


def test_few_people_leave_some_rows_without_anybody():
    assert {one.sender for one in deliveries(1)} >= {"township-contracts"}
