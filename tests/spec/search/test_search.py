"""The specification's search page by examples: a record, a search, and whether it is found.

http://hl7.org/fhir/R4/search.html
"""

from typing import Any

import pytest

from xinglin.core.exact_json import ExactDecimal
from xinglin.standards.search.judge import Surroundings
from xinglin.standards.search.matches import brute_force
from xinglin.standards.search.parameters import r4
from xinglin.standards.search.parse import parse_search

AROUND = Surroundings(now=1_577_808_000_000_000)  # 2020-01-01 in China
UCUM = "http://unitsofmeasure.org"

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p",
    "meta": {
        "tag": [{"system": "http://a.cn/t", "code": "x"}],
        "profile": ["http://a.cn/p|1.0"],
        "lastUpdated": "2019-05-05T10:00:00Z",
    },
    "text": {"status": "generated", "div": "<div>患者有<b>高血压</b>, takes Aspirin</div>"},
    "name": [{"family": "Carreno Quinones", "given": ["Eve", "M."]}, {"text": "欧阳娜"}],
    "gender": "female",
    "birthDate": "1987-02-20",
    "identifier": [
        {
            "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]},
            "system": "http://a.cn/mrn",
            "value": "44X",
        }
    ],
    "telecom": [{"system": "email", "value": "Eve@a.cn"}],
    "managingOrganization": {"reference": "Organization/o"},
    "generalPractitioner": [{"reference": "Practitioner/d"}],
}
RECORDS: list[dict[str, Any]] = [
    PATIENT,
    {
        "resourceType": "Organization",
        "id": "o",
        "name": "南昌市第一医院",
        "partOf": {"reference": "Organization/top"},
    },
    {"resourceType": "Organization", "id": "top", "name": "Health Commission"},
    {"resourceType": "Practitioner", "id": "d", "name": [{"family": "Sarah"}]},
    {
        "resourceType": "Observation",
        "id": "bp",
        "status": "final",
        "code": {
            "coding": [{"system": "http://loinc.org", "code": "85354-9", "display": "Blood pressure panel"}],
            "text": "血压",
        },
        "subject": {"reference": "Patient/p", "identifier": {"system": "http://a.cn/mrn", "value": "44X"}},
        "effectivePeriod": {"start": "2013-01-14T08:00:00+08:00", "end": "2013-01-16"},
        "component": [
            {
                "code": {"coding": [{"code": "8480-6"}]},
                "valueQuantity": {"value": 107, "system": UCUM, "code": "mm[Hg]"},
            },
            {
                "code": {"coding": [{"code": "8462-4"}]},
                "valueQuantity": {"value": 60, "system": UCUM, "code": "mm[Hg]"},
            },
        ],
    },
    {
        "resourceType": "Observation",
        "id": "glu",
        "status": "amended",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2339-0"}]},
        "subject": {"reference": "Patient/p"},
        "effectiveDateTime": "2013-01-14T10:00:00+08:00",
        "valueQuantity": {"value": ExactDecimal("5.4"), "unit": "mg/dl", "system": UCUM, "code": "mg/dL"},
    },
    {"resourceType": "ValueSet", "id": "v", "url": "http://acme.org/fhir/ValueSet/123", "status": "draft"},
    {
        "resourceType": "Condition",
        "id": "c",
        "clinicalStatus": {
            "coding": [
                {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "relapse"}
            ]
        },
        "subject": {"reference": "Patient/p"},
    },
    {
        "resourceType": "List",
        "id": "l",
        "status": "current",
        "mode": "working",
        "entry": [{"item": {"reference": "Patient/p"}}],
    },
]

CASES = """
Patient?name=eve                                        p
Patient?name=eva
Patient?name=ve
Patient?name:contains=VE                                p
Patient?family=carreno quin                             p
Patient?family=carreño                                  p
Patient?given:exact=Eve                                 p
Patient?given:exact=eve
Patient?given=m                                         p
Patient?name=歐陽                                        p
Patient?name:pinyin=ouyang                              p
Patient?name:pinyin=oyn                                 p
Patient?name:pinyin=ouyang n                            p
Patient?gender=female,male                              p
Patient?gender=http://hl7.org/fhir/administrative-gender|female  p
Patient?gender=http://elsewhere.cn|female
Patient?gender:not=male                                 p
Patient?gender:not=male,female
Patient?gender:in=http://hl7.org/fhir/ValueSet/administrative-gender  p
Patient?gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender
Patient?active:missing=true                             p
Patient?gender:missing=true
Patient?deceased=false                                  p
Patient?birthdate=1987-02                               p
Patient?birthdate=1987-02-20T10:00
Patient?birthdate=ge1987-02-20                          p
Patient?birthdate=gt1987-02-20
Patient?birthdate=lt1987-02-20T10:00                    p
Patient?birthdate=sa1987-02-19                          p
Patient?birthdate=eb1987-02-21                          p
Patient?birthdate=ap1988                                p
Patient?birthdate=ap1995
Patient?birthdate=ne1987
Patient?birthdate=ge1980&birthdate=lt1987
Patient?identifier=44x                                  p
Patient?identifier=http://a.cn/mrn|44X                  p
Patient?identifier=|44X
Patient?identifier=http://a.cn/mrn|                     p
Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|44X  p
Patient?identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|SS|44X
Patient?email=eve@a.cn                                  p
Patient?phone=eve@a.cn
Patient?_id=p,q                                         p
Patient?_id=P
Patient?_tag=http://a.cn/t|x                            p
Patient?_profile=http://a.cn/p                          p
Patient?_profile=http://a.cn/p|1.0                      p
Patient?_profile=http://a.cn/p|2.0
Patient?_lastUpdated=2019-05                            p
Patient?_text=aspirin                                   p
Patient?_text=血压                                       p
Patient?_text=aspir
Patient?_content=female quinones                        p
Patient?_list=l                                         p
Patient?_list=other
Patient?organization=o                                  p
Patient?organization=Organization/o                     p
Patient?organization=http://elsewhere.cn/fhir/Organization/o
Patient?organization:below=top                          p
Patient?organization:above=top
Organization?partof:below=top                           o
Patient?organization.name=南昌                           p
Patient?organization.partof.name=health                 p
Patient?general-practitioner.name=sarah                 p
Patient?general-practitioner:Practitioner.name=sarah    p
Patient?general-practitioner:Organization.name=sarah
Patient?_has:Observation:patient:code=2339-0            p
Patient?_has:Observation:patient:code=2339-1
Patient?_has:Observation:patient:status:not=final       p
Observation?code=http://loinc.org|2339-0                glu
Observation?code=2339-0,85354-9                         bp glu
Observation?code:text=blood                             bp
Observation?code:text=血                                 bp
Observation?code:text=pressure
Observation?status:not=final                            glu
Observation?patient=p                                   bp glu
Observation?subject:Patient=p                           bp glu
Observation?subject:Group=p
Observation?subject:identifier=http://a.cn/mrn|44X      bp
Observation?date=2013-01-14                             glu
Observation?date=ge2013-01-15                           bp
Observation?date=2013                                   bp glu
Observation?date=eb2013-01-14T11:00:00+08:00            glu
Observation?value-quantity=5.4|http://unitsofmeasure.org|mg/dL   glu
Observation?value-quantity=54|http://unitsofmeasure.org|mg/L     glu
Observation?value-quantity=0.054|http://unitsofmeasure.org|g/L   glu
Observation?value-quantity=5.4||mg/dl                   glu
Observation?value-quantity=5.4                          glu
Observation?value-quantity=5                            glu
Observation?value-quantity=5.5
Observation?value-quantity=gt5.39|http://unitsofmeasure.org|mg/dL  glu
Observation?value-quantity=5.4|http://unitsofmeasure.org|kg
Observation?value-quantity=5.4|http://elsewhere.cn|mg/dL
Observation?component-code-value-quantity=8480-6$lt60
Observation?component-code-value-quantity=8480-6$gt100  bp
Observation?component-code-value-quantity=8462-4$gt100
Observation?combo-code-value-quantity=2339-0$lt6,8480-6$lt60  glu
Observation?patient.name=eve                            bp glu
Observation?patient.organization.partof.name=health     bp glu
ValueSet?url=http://acme.org/fhir/ValueSet/123          v
ValueSet?url=http://acme.org/fhir/ValueSet
ValueSet?url:below=http://acme.org/fhir/                v
ValueSet?url:below=http://acme.org/fh
ValueSet?url:above=http://acme.org/fhir/ValueSet/123/_history/5  v
Condition?clinical-status:below=http://terminology.hl7.org/CodeSystem/condition-clinical|active  c
Condition?clinical-status=active
Condition?clinical-status:above=http://terminology.hl7.org/CodeSystem/condition-clinical|active
"""


def cases() -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for line in CASES.strip().splitlines():
        url, _, ids = line.partition("  ")
        found.append((url, ids.split()))
    return found


@pytest.mark.parametrize(("url", "ids"), cases())
def test_the_specification(url: str, ids: list[str]) -> None:
    kind, _, query = url.partition("?")
    pairs = [(name, value) for name, _, value in (one.partition("=") for one in query.split("&"))]
    tree = parse_search(pairs, r4(), kind)
    assert brute_force(tree, RECORDS, r4(), AROUND) == [f"{kind}/{one}" for one in ids]
