"""What SQL rules need of a record, kept beside its result: `quality_record.facts`.

| type | facts |
|---|---|
| Patient | `sex`, `born` (a day), `real` (has a valid national identity number and no wrong one) |
| Condition | `icd`: its ICD-10 codes; `at`: its day; `same` |
| Observation | vital signs: `values`: code, unit, number each, and `at`; laboratory results: `same` |
| MedicationRequest, Encounter | `same` |

`same` is a hash that two records share which tell the same of the same patient at the same moment.
"""

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from hashlib import blake2b
from typing import Any, Final, cast

from xinglin.core.exact_json import Json, dumps
from xinglin.hub.quality.derived import national
from xinglin.standards.search.keys import self_key

_ICD10: Final = re.compile(r"icd-?10|2\.16\.156\.10011\.2\.3\.3\.11$", re.IGNORECASE)
_SUBJECT: Final = re.compile(r"(?:.*/)?Patient/([A-Za-z0-9.-]{1,64})(?:/_history/.*)?")
_UCUM: Final = "http://unitsofmeasure.org"
_LOINC: Final = "http://loinc.org"
_VOID: Final = frozenset({"entered-in-error", "cancelled"})


def subject_key(content: Json) -> int | None:
    """Give the self_key of the patient a record is about; a Patient's own."""
    if content["resourceType"] == "Patient":
        return self_key("Patient", content["id"])
    reference: Json = content.get("subject") or content.get("patient") or {}
    match = _SUBJECT.fullmatch(str(reference.get("reference", "")))
    return self_key("Patient", match[1]) if match else None


def facts(content: Json, day: date, vital_codes: frozenset[str]) -> Json | None:
    """Give the facts of a record that is counted on `day`; None where SQL rules need none."""
    found: Json = {}
    match content["resourceType"]:
        case "Patient":
            found = _patient(content)
        case "Condition":
            icd = [one["code"] for one in _codings(content.get("code")) if _is_icd(one)]
            found = {"icd": icd, "at": day.isoformat()} if icd else {}
            found |= _same(content, content.get("onsetDateTime") or content.get("recordedDate"))
        case "Observation" if _in_category(content, "vital-signs"):
            values = list(_values(content, vital_codes))
            found = {"values": values, "at": day.isoformat()} if values else {}
        case "Observation" if _in_category(content, "laboratory"):
            found = _same(content, content.get("effectiveDateTime"))
        case "MedicationRequest":
            found = _same(content, content.get("authoredOn"), "medicationCodeableConcept")
        case "Encounter":
            period: Json = content.get("period") or {}
            found = _same(content, period.get("start"), "class")
        case _:
            pass
    return found or None


def _patient(content: Json) -> Json:
    valid, wrong = national(content)
    found: Json = {"real": bool(valid) and not wrong}
    if content.get("gender"):
        found["sex"] = content["gender"]
    if len(str(content.get("birthDate", ""))) == 10:
        found["born"] = content["birthDate"]
    return found


def _codings(concept: Any) -> list[Json]:
    return cast("list[Json]", cast("Json", concept or {}).get("coding") or [])


def _is_icd(coding: Json) -> bool:
    return bool(coding.get("code") and _ICD10.search(str(coding.get("system", ""))))


def _in_category(content: Json, code: str) -> bool:
    concepts = cast("list[Json]", content.get("category") or [])
    return any(coding.get("code") == code for concept in concepts for coding in _codings(concept))


def _values(content: Json, codes: frozenset[str]) -> Iterable[list[object]]:
    for part in (content, *cast("list[Json]", content.get("component") or [])):
        quantity: Json = part.get("valueQuantity") or {}
        value = quantity.get("value")
        if quantity.get("system") != _UCUM or not isinstance(value, int | Decimal):
            continue
        for coding in _codings(part.get("code")):
            if coding.get("system") == _LOINC and coding.get("code") in codes:
                yield [coding["code"], quantity.get("code"), value]


def _same(content: Json, time: object, what: str = "code") -> Json:
    """Hash patient, visit, moment, meaning and value; nothing where patient, moment or meaning is missing."""
    about: Json = content.get("subject") or {}
    subject: object = about.get("reference")
    concept = cast("Json", content.get(what) or {})
    # A moment without a time of day is too coarse: two results of a day are nothing unusual.
    if not subject or not concept or len(str(time or "")) < 16 or content.get("status") in _VOID:
        return {}
    values = {key: value for key, value in content.items() if key.startswith("value")}
    parts: list[object] = [subject, time, concept, values, content.get("component"), content.get("specimen")]
    if what == "medicationCodeableConcept":
        parts.append(content.get("dosageInstruction"))
    return {"same": blake2b(dumps(parts), digest_size=9).hexdigest()}
