"""One DICOM object as its part of an ImagingStudy (http://hl7.org/fhir/R4/imagingstudy.html)."""

import re
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Fact, Mode, Origin
from xinglin.standards.dicom.errors import DirectoryRefused, WithoutUid
from xinglin.standards.dicom.header import Header

LISTS: Final = ("identifier[system,value]", "modality", "series[uid].instance[uid]")
"""How the objects of a study that arrive one by one meet in it."""
_MODALITIES: Final = "http://dicom.nema.org/resources/ontology/DCM"
_DIRECTORY: Final = "1.2.840.10008.1.3.10"
_TYPES: Final = "http://terminology.hl7.org/CodeSystem/v2-0203"
_LATERALITY: Final = {"L": ("419161000", "Unilateral left"), "R": ("419465000", "Unilateral right")}
"""Laterality (0020,0060) as FHIR's value set bodysite-laterality has it."""
_SNOMED: Final = "http://snomed.info/sct"
_UID: Final = re.compile(r"[0-2](\.(0|[1-9]\d*))+")
_CODE: Final = re.compile(r"[A-Z0-9_]{1,16}")
_OFFSET: Final = re.compile(r"[+-]\d{4}")
_TIME: Final = re.compile(r"(\d{2})(\d{2})?(\d{2})?(?:\.\d{1,6})?")
_GENDERS: Final = {"M": "male", "F": "female", "O": "other"}
"""Patient's Sex (0010,0040), PS3.3 C.7.1.1."""
_INTEGER_LIMIT: Final = 2**31


def study_facts(header: Header, origin: Origin) -> list[Fact]:
    """Give the study with this one series and instance, and its patient as named there.

    Numbers of series and instances are left out: an object can't know them, and the arrays can be counted.
    Raises WithoutUid or DirectoryRefused.
    """
    if header.class_uid == _DIRECTORY:
        raise DirectoryRefused
    zone = _zone(header) or origin.zone
    patient = _patient(header, origin)
    study = _study(header, origin, zone, patient)
    stamps = (
        (0x00080012, 0x00080013),
        (0x00080023, 0x00080033),
        (0x00080021, 0x00080031),
        (0x00080020, 0x00080030),
    )
    moments = (_moment(header, day, time, zone) for day, time in stamps)
    made = next((one for one in moments if one), None)
    facts = [Fact(study, made, Mode.MERGE, LISTS)]
    return facts if patient is None else [Fact(patient, made, Mode.MENTION), *facts]


def _study(header: Header, origin: Origin, zone: tzinfo, patient: Json | None) -> Json:
    uid, series, instance = (
        _uid(header, tag, name)
        for tag, name in (
            (0x0020000D, "Study Instance UID"),
            (0x0020000E, "Series Instance UID"),
            (0x00080018, "SOP Instance UID"),
        )
    )
    modality = _modality(header)
    referrer = _name(header.text(0x00080090))
    record: Json = {
        "resourceType": "ImagingStudy",
        "id": origin.id("ImagingStudy", uid),
        "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{uid}"}],
        "status": "available",
        "modality": [modality] if "code" in modality else None,
        "subject": {"reference": f"Patient/{patient['id']}"} if patient else {"display": "?"},
        "started": _started(header, 0x00080020, 0x00080030, zone),
        "basedOn": _request(header, origin),
        "referrer": {"display": referrer} if referrer else None,
        "description": header.text(0x00081030),
        "series": [{**_series(header, origin, zone, series), "instance": [_instance(header, instance)]}],
    }
    accession = header.text(0x00080050)
    if accession:
        record["identifier"].append(_accession(accession, origin))
    if patient is None:
        # FHIR asks for a subject; a study of nobody says that it isn't known.
        record["subject"] = {
            "extension": [
                {
                    "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
                    "valueCode": "unknown",
                }
            ]
        }
    return {name: part for name, part in record.items() if part}


def _series(header: Header, origin: Origin, zone: tzinfo, uid: str) -> Json:
    side = _LATERALITY.get(header.text(0x00200060) or header.text(0x00200062))
    physicians = [name for one in header.values(0x00081050) if (name := _name(one))]
    found: Json = {
        "uid": uid,
        "number": _number(header, 0x00200011),
        "modality": _modality(header),
        "description": header.text(0x0008103E),
        "bodySite": _body_site(header, origin),
        "laterality": {"system": _SNOMED, "code": side[0], "display": side[1]} if side else None,
        "started": _started(header, 0x00080021, 0x00080031, zone),
        "performer": [{"actor": {"display": name}} for name in physicians],
    }
    return {name: part for name, part in found.items() if part not in (None, "", [])}


def _instance(header: Header, uid: str) -> Json:
    kind = header.class_uid
    if not _UID.fullmatch(kind):
        raise WithoutUid(name="SOP Class UID", expression="(0008,0016)")
    found: Json = {
        "uid": uid,
        "sopClass": {"system": "urn:ietf:rfc:3986", "code": f"urn:oid:{kind}"},
        "number": _number(header, 0x00200013),
    }
    return {name: part for name, part in found.items() if part is not None}


def _uid(header: Header, tag: int, name: str) -> str:
    found = header.text(tag)
    if len(found) > 64 or not _UID.fullmatch(found):
        raise WithoutUid(name=name, expression=f"({tag >> 16:04X},{tag & 0xFFFF:04X})")
    return found


def _modality(header: Header) -> Json:
    code = header.text(0x00080060)
    if _CODE.fullmatch(code):
        return {"system": _MODALITIES, "code": code}
    return {"display": code or "unknown"}


def _body_site(header: Header, origin: Origin) -> Json | None:
    """Give Body Part Examined; its terms are DICOM's, which no FHIR system names, so the source's stand."""
    part = header.text(0x00180015)
    return {"system": origin.code_system("body-part"), "code": part, "display": part} if part else None


def _request(header: Header, origin: Origin) -> list[Json]:
    number = header.text(0x00080050)
    return [{"type": "ServiceRequest", "identifier": _accession(number, origin)}] if number else []


def _accession(number: str, origin: Origin) -> Json:
    kind = {"coding": [{"system": _TYPES, "code": "ACSN"}]}
    return {"type": kind, "system": origin.number_system("accession"), "value": number}


def _patient(header: Header, origin: Origin) -> Json | None:
    """Give the patient as named; None without a number, by which alone a person can be told."""
    number = header.text(0x00100020)
    if not number:
        return None
    name, born = _name(header.text(0x00100010)), _day(header.text(0x00100030))
    kind = {"coding": [{"system": _TYPES, "code": "PI"}]}
    record: Json = {
        "resourceType": "Patient",
        "id": origin.id("Patient", "person", number),
        "identifier": [{"type": kind, "system": origin.number_system("person"), "value": number}],
        "name": [{"text": name}] if name else None,
        "gender": _GENDERS.get(header.text(0x00100040)),
        "birthDate": born,
    }
    return {key: part for key, part in record.items() if part}


def _name(text: str) -> str:
    """Give a person name (PN) as it is spoken: the ideographic group where there is one."""
    groups = [" ".join(one.replace("^", " ").split()) for one in text.split("=")]
    return next((one for one in (*groups[1:2], groups[0]) if one), "")


def _number(header: Header, tag: int) -> int | None:
    text = header.text(tag)
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text.removeprefix("+"))
    if not (digits.isascii() and digits.isdigit() and len(digits) < 12):
        return None
    value = int(sign + digits)
    return value if 0 <= value < _INTEGER_LIMIT else None


def _day(text: str) -> str | None:
    # 2000.01.02 is how it was written before 1993 (PS3.5, note to DA).
    digits = text.replace(".", "")
    try:
        return datetime.strptime(digits, "%Y%m%d").date().isoformat() if len(digits) == 8 else None
    except ValueError:
        return None


def _started(header: Header, day: int, time: int, zone: tzinfo) -> str | None:
    """Give date and time, or the date alone; never more than the header says."""
    moment = _moment(header, day, time, zone)
    if moment is None:
        return None
    known = _TIME.fullmatch(header.text(time).replace(":", ""))
    precise = (
        known is not None and known[2] is not None and (moment.utcoffset() or timedelta()).seconds % 60 == 0
    )
    return moment.isoformat() if precise else moment.date().isoformat()


def _moment(header: Header, day: int, time: int, zone: tzinfo) -> datetime | None:
    found = _day(header.text(day))
    if found is None:
        return None
    parts = _TIME.fullmatch(header.text(time).replace(":", ""))
    hour, minute, second = (int(one or 0) for one in parts.groups()) if parts else (0, 0, 0)
    try:
        return datetime.fromisoformat(found).replace(
            hour=hour, minute=minute, second=min(second, 59), tzinfo=zone
        )
    except ValueError:
        return None


def _zone(header: Header) -> tzinfo | None:
    """Give Timezone Offset From UTC (0008,0201)."""
    text = header.text(0x00080201)
    if not _OFFSET.fullmatch(text):
        return None
    minutes = int(text[1:3]) * 60 + int(text[3:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes)) if minutes < 1440 else None
