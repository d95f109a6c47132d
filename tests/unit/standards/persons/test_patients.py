"""FHIR Patients as columns."""

from datetime import date

from xinglin.standards.identifiers import invented_resident
from xinglin.standards.persons import COLUMNS, columns, describe, features

TODAY = date(2026, 11, 1)
RESIDENT = "urn:oid:2.16.156.10011.1.3"
NUMBER = invented_resident(7, sex="female", born=date(1990, 5, 6))


def patient(**elements):
    return {"resourceType": "Patient", **elements}


def test_a_whole_patient():
    found = features(
        patient(
            identifier=[
                {"system": "urn:xinglin:id:county:person", "value": "0001"},
                {"system": "urn:oid:2.16.156.10011.1.13", "value": "7"},
                {"system": RESIDENT, "value": NUMBER},
                {"system": "urn:oid:2.16.156.10011.1.19", "value": "test 00000001"},
                {"system": "urn:xinglin:id:county:insured", "value": "TEST00000009"},
                {"system": "http://hl7.org/fhir/sid/passport-CHN", "value": "E00000000"},
            ],
            name=[
                {"use": "old", "text": "李小红"},
                {"use": "official", "text": "王小红", "family": "王", "given": ["小红"]},
            ],
            gender="female",
            birthDate="1990-05-06",
            telecom=[
                {"system": "email", "value": "x@xinglin.example"},
                {"system": "phone", "use": "work", "value": "15409999998"},
                {"system": "phone", "use": "mobile", "value": "154 0123 4567"},
                {"system": "phone", "use": "old", "value": "15405555551"},
            ],
            address=[
                {
                    "state": "江西省",
                    "city": "南昌市",
                    "district": "南昌县",
                    "line": ["悬壶镇桃溪村", "3组12号"],
                    "postalCode": "330200",
                }
            ],
            contact=[
                {"relationship": [{"text": "父亲"}], "name": {"text": "王强"}},
                {"relationship": [{"coding": [{"code": "MTH"}]}], "name": {"family": "李", "given": ["梅"]}},
            ],
            multipleBirthInteger=2,
        ),
        TODAY,
    )
    assert found == describe(
        TODAY,
        surname="王",
        given_name="小红",
        sex="female",
        birth_date="1990-05-06",
        identity=NUMBER,
        document="passport:E00000000",
        insured="TEST00000009",
        card="health-card:TEST00000001",
        phones=("15401234567", "15409999998"),
        address="江西省南昌市南昌县悬壶镇桃溪村3组12号",
        city="南昌市",
        state="江西省",
        postal_code="330200",
        mother="李梅",
        birth_order=2,
    )
    assert (found.division, found.street, found.house) == ("360121", "悬壶桃溪", "3-12")


def test_an_empty_patient_tells_nothing():
    assert features(patient(), TODAY) == describe(TODAY)


def test_a_number_without_system_counts_where_its_check_character_proves_it():
    assert features(patient(identifier=[{"value": NUMBER}]), TODAY).identity == NUMBER
    assert features(patient(identifier=[{"value": "12345678"}]), TODAY).identity is None


def test_a_mistyped_number_is_kept_unchecked():
    wrong = NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")
    found = features(patient(identifier=[{"system": RESIDENT, "value": wrong}]), TODAY)
    assert (found.identity, found.identity_checked) == (wrong, 0)


def test_other_documents_under_the_same_system_are_documents():
    from xinglin.standards.identifiers import SCHEMES, Kind

    permit = SCHEMES[Kind.TAIWAN_RESIDENCE].invented(5)
    found = features(patient(identifier=[{"system": RESIDENT, "value": permit}]), TODAY)
    assert (found.identity, found.document) == (None, f"taiwan-residence:{permit}")


def test_names_with_a_dot_have_no_surname():
    found = features(patient(name=[{"text": "阿迪力·买买提", "given": ["阿迪力", "买买提"]}]), TODAY)
    assert (found.surname, found.given, found.given_first) == (None, "阿迪力买买提", "阿迪力")
    parts = features(patient(name=[{"given": ["阿迪力", "买买提"]}]), TODAY)
    assert parts == found


def test_the_mothers_name_before_marriage_serves_where_no_contact_is_one():
    url = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
    found = features(patient(extension=[{"url": url, "valueString": "李梅"}]), TODAY)
    assert (found.mother, found.mother_sound) == ("李梅", "limei")


def test_columns_stand_in_their_order():
    found = features(patient(gender="male"), TODAY)
    assert dict(zip(COLUMNS, columns(found), strict=True))["sex"] == "male"
    assert type(found)(*columns(found)) == found
