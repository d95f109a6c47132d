"""The stream of bundles: repeatable, stable from the front, whole in itself, plausible."""

import hashlib
import re
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from itertools import islice

import pytest

from xinglin.core.exact_json import ExactDecimal, dumps, loads
from xinglin_demo import province

TODAY = date(2026, 11, 1)
TAG = {"system": "https://xinglin.example/fhir/CodeSystem/origin", "code": "invented"}
STANDING = {"Organization", "Location", "Practitioner", "PractitionerRole"}


@pytest.fixture(scope="module")
def bundles():
    return list(province())


@pytest.fixture(scope="module")
def resources(bundles):
    return [entry["resource"] for bundle in bundles for entry in bundle["entry"]]


def of(resources, kind):
    return [resource for resource in resources if resource["resourceType"] == kind]


def references(node):
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            yield node["reference"]
        for child in node.values():
            yield from references(child)
    elif isinstance(node, list):
        for child in node:
            yield from references(child)


def leaves(node):
    for child in node.values() if isinstance(node, dict) else node:
        if isinstance(child, dict | list):
            assert child, "empty objects and arrays aren't FHIR"
            yield from leaves(child)
        else:
            yield child


def test_the_same_bytes_every_time():
    # Drawn once; a change here means that everybody's demo changes, so it belongs in the changelog.
    digest = hashlib.sha256(b"\n".join(dumps(bundle) for bundle in province(people=40)))
    assert digest.hexdigest() == ("e71013064abbb5c662d4e098804280c505a203febe56ef482c70f8e36d9a3805")


def test_a_smaller_province_is_the_beginning_of_a_larger_one(bundles):
    assert [dumps(b) for b in province(people=30)] == [dumps(b) for b in bundles[:31]]


def test_another_seed_makes_other_people():
    one, other = (next(islice(province(people=1, seed=seed), 1, None)) for seed in (1, 2))
    assert dumps(one) != dumps(other)


def test_it_streams():
    assert next(islice(province(people=10**9), 5, None))["type"] == "transaction"


def test_size(bundles, resources):
    assert len(bundles) == 201
    assert 8_000 <= len(resources) <= 12_000
    assert max(len(bundle["entry"]) for bundle in bundles) <= 300


def test_every_wanted_type_occurs(resources):
    told = (
        "Patient RelatedPerson Encounter Condition Observation DiagnosticReport MedicationRequest Procedure"
    )
    rarer = "AllergyIntolerance Immunization DocumentReference"
    wanted = {*told.split(), *rarer.split(), *STANDING}
    assert {resource["resourceType"] for resource in resources} == wanted


def test_everything_says_it_is_invented(resources):
    for resource in resources:
        assert any(TAG.items() <= tag.items() for tag in resource["meta"]["tag"])


def test_institutions_are_put_under_ids_that_stay(bundles):
    for entry in bundles[0]["entry"]:
        resource = entry["resource"]
        assert entry["request"] == {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}
        assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", resource["id"])
    kinds = Counter(entry["resource"]["resourceType"] for entry in bundles[0]["entry"])
    assert set(kinds) == STANDING
    assert kinds["Location"] == 3


def test_references_lead_somewhere(bundles):
    standing = {entry["request"]["url"] for entry in bundles[0]["entry"]}
    for bundle in bundles:
        here = {entry.get("fullUrl") for entry in bundle["entry"]} | standing
        for target in references(bundle):
            assert target in here


def test_addresses_in_a_bundle_are_unlike(bundles):
    addresses = [entry["fullUrl"] for bundle in bundles[1:] for entry in bundle["entry"]]
    assert len(set(addresses)) == len(addresses)


def test_json_has_nothing_empty_and_numbers_are_exact(bundles):
    for bundle in bundles:
        for leaf in leaves(bundle):
            assert leaf is not None
            assert leaf != ""
            assert not isinstance(leaf, float)
            if isinstance(leaf, Decimal):
                assert isinstance(leaf, ExactDecimal)
        assert dumps(loads(dumps(bundle))) == dumps(bundle)


def test_nothing_happens_after_today_or_before_birth(bundles):
    for bundle in bundles[1:]:
        patient = bundle["entry"][0]["resource"]
        for entry in bundle["entry"]:
            resource = entry["resource"]
            for key in (
                "effectiveDateTime",
                "occurrenceDateTime",
                "authoredOn",
                "onsetDateTime",
                "recordedDate",
            ):
                if key in resource:
                    assert patient["birthDate"] <= resource[key][:10] <= TODAY.isoformat()
            if "period" in resource:
                assert resource["period"]["start"] < resource["period"]["end"]
                assert resource["period"]["end"][:10] <= TODAY.isoformat()


def test_identity_numbers_agree_with_birth_date_and_sex(resources):
    seen = set()
    for patient in of(resources, "Patient"):
        number = patient["identifier"][0]["value"]
        seen.add(number)
        assert number[6:14] == patient["birthDate"].replace("-", "")
        assert int(number[16]) % 2 == (patient["gender"] == "male")
        assert 71 <= int(number[2:4]) <= 89
    assert len(seen) == 200


def test_names_have_variety(resources):
    patients = of(resources, "Patient")
    assert any(len(p["name"][0].get("family", "")) == 2 for p in patients)
    assert any("·" in p["name"][0]["text"] for p in patients)
    assert len({p["name"][0]["text"] for p in patients}) > 190


def test_families_share_an_address_and_children_their_mothers_identity(resources):
    patients = of(resources, "Patient")
    homes = Counter(p["address"][0]["text"] for p in patients)
    assert max(homes.values()) >= 4
    numbers = {p["identifier"][0]["value"]: p for p in patients}
    mothers = of(resources, "RelatedPerson")
    assert mothers
    for mother in mothers:
        found = numbers[mother["identifier"][0]["value"]]
        assert found["name"] == mother["name"]
        assert found["address"] == mother["address"]


def test_the_same_person_is_seen_at_several_institutions(resources):
    places = defaultdict(set)
    for visit in of(resources, "Encounter"):
        places[visit["subject"]["reference"]].add(visit["serviceProvider"]["reference"])
    assert sum(len(found) > 1 for found in places.values()) > 60


def values(resources, code):
    """Values of a LOINC code by patient, in order of time."""
    found = defaultdict(list)
    for one in of(resources, "Observation"):
        parts = [one, *one.get("component", [])]
        for part in parts:
            if part["code"].get("coding", [{}])[0].get("code") == code and "valueQuantity" in part:
                when = one["effectiveDateTime"]
                found[one["subject"]["reference"]].append((when, float(part["valueQuantity"]["value"])))
    return {patient: [value for _, value in sorted(rows)] for patient, rows in found.items()}


def having(resources, code):
    return {
        one["subject"]["reference"]
        for one in of(resources, "Condition")
        if one["code"]["coding"][0]["code"] == code
    }


def test_pressure_goes_with_hypertension(resources):
    systolic, ill = values(resources, "8480-6"), having(resources, "I10")
    high = [value for patient in ill for value in systolic[patient]]
    others = [value for patient, found in systolic.items() if patient not in ill for value in found]
    assert sum(high) / len(high) > sum(others) / len(others) + 10
    assert 70 < min(high + others) <= max(high + others) < 200


def test_hba1c_and_glucose_go_with_diabetes(resources):
    glucose, ill = values(resources, "14749-6"), having(resources, "E11.9")
    assert ill
    for patient in ill:
        assert sum(glucose[patient]) / len(glucose[patient]) > 6.1
    healthy = [value for patient, found in glucose.items() if patient not in ill for value in found]
    assert sum(value > 6.1 for value in healthy) < len(healthy) / 10
    assert set(values(resources, "4548-4")) <= ill


def test_laboratory_items_agree_with_each_other(resources):
    cells, volume = values(resources, "789-8"), values(resources, "787-2")
    packed = values(resources, "4544-3")
    for patient, found in cells.items():
        for count, mean, share in zip(found, volume[patient], packed[patient], strict=True):
            assert count * mean / 1000 == pytest.approx(share, abs=0.005)


def test_flags_agree_with_ranges(resources):
    seen = Counter()
    for one in of(resources, "Observation"):
        if "referenceRange" not in one:
            continue
        value, limits = one["valueQuantity"]["value"], one["referenceRange"][0]
        low, high = limits.get("low"), limits.get("high")
        wanted = "L" if low and value < low["value"] else "H" if high and value > high["value"] else "N"
        assert one["interpretation"][0]["coding"][0]["code"] == wanted
        seen[wanted] += 1
    assert set(seen) == {"L", "H", "N"}


def test_children_have_no_adult_ranges_and_their_vaccines(resources):
    born = {p["identifier"][0]["value"]: date.fromisoformat(p["birthDate"]) for p in of(resources, "Patient")}
    small = [day for day in born.values() if date(2014, 1, 1) < day < date(2020, 1, 1)]
    doses = Counter(one["patient"]["reference"] for one in of(resources, "Immunization"))
    assert small
    assert max(doses.values()) == 22


def test_nobody_is_given_what_they_are_allergic_to(bundles):
    families = {"101": "J01CA", "103": "J01D"}
    for bundle in bundles:
        resources = [entry["resource"] for entry in bundle["entry"]]
        for allergy in of(resources, "AllergyIntolerance"):
            family = families.get(allergy["code"]["coding"][0]["code"], "none")
            for order in of(resources, "MedicationRequest"):
                code = order["medicationCodeableConcept"]["coding"][0]["code"]
                assert not code.startswith(family)
