"""The International Patient Summary: a document of what matters most about a person.

http://hl7.org/fhir/uv/ips (1.1.0, FHIR R4), http://hl7.org/fhir/R4/documents.html. What nobody has said stays
unknown: an empty list of allergies becomes "no information about allergies", never "no known allergies".
"""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from xinglin.core.clock import instant, now
from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.hub.hub import Hub
from xinglin.hub.lifelong import narrative
from xinglin.hub.lifelong.allergies import parted
from xinglin.hub.lifelong.gathering import Person, gather
from xinglin.hub.lifelong.gaze import OPEN, Gaze
from xinglin.hub.lifelong.medicines import listed_facts
from xinglin.hub.lifelong.people import name_of
from xinglin.hub.lifelong.same import Fact
from xinglin.hub.lifelong.sections import Section, chosen, sections

_LOINC: Final = "http://loinc.org"
_ABSENT: Final = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
_EMPTY: Final = "http://terminology.hl7.org/CodeSystem/list-empty-reason"
_CLINICAL: Final = "http://terminology.hl7.org/CodeSystem/{kind}-clinical"
_NO_REASON: Final = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_DOCUMENT: Final = {"system": _LOINC, "code": "60591-5", "display": "Patient summary Document"}
_NOTHING: Final = {
    "no-problem-info": Phrase("No information about problems"),
    "no-medication-info": Phrase("No information about medications"),
    "no-allergy-info": Phrase("No information about allergies"),
}


async def ask_summary(hub: Hub, id_: str, base: str, language: str, gaze: Gaze = OPEN) -> Json:
    """Give the summary of a person as a Bundle of type document; `base` is where records stand.

    `id_` is of any of the person's Patients. Raises Unknown, Gone or TooManyRecords.
    """
    types = {kind for section in sections() for kind in section.types} | {"Encounter"}
    async with hub.database.connection() as connection:
        person = await gather(hub, connection, id_, types, gaze)
    moment = now()
    return await asyncio.to_thread(_document, person, base, language, moment, hub.zone)


def _document(person: Person, base: str, language: str, moment: datetime, zone: str) -> Json:
    maker = _Maker(person, base, language, moment, zone)
    return maker.bundle()


class _Maker:
    """Puts one summary together."""

    def __init__(self, person: Person, base: str, language: str, moment: datetime, zone: str) -> None:
        self._patient: Json = person.head.content
        self._base, self._language, self._moment = base, language, moment
        self._today = moment.astimezone(ZoneInfo(zone)).date().isoformat()
        self._facts = listed_facts(person, self._today)
        self._subject: Json = {"reference": f"Patient/{self._patient['id']}"}
        self._author = uuid.uuid5(uuid.NAMESPACE_URL, base).urn
        self._entries: dict[str, Json] = {}

    def bundle(self) -> Json:
        made = [one for one in (self._section(section) for section in sections()) if one is not None]
        composition = self._composition(made)
        head = [
            {"fullUrl": uuid.uuid4().urn, "resource": composition},
            {"fullUrl": f"{self._base}/Patient/{self._patient['id']}", "resource": self._patient},
            {"fullUrl": self._author, "resource": self._organization()},
        ]
        others = [{"fullUrl": url, "resource": one} for url, one in self._entries.items()]
        return {
            "resourceType": "Bundle",
            "id": str(uuid.uuid4()),
            "meta": {"lastUpdated": instant(self._moment)},
            "identifier": {"system": "urn:ietf:rfc:3986", "value": uuid.uuid4().urn},
            "type": "document",
            "timestamp": instant(self._moment),
            "entry": [*head, *others],
        }

    def _organization(self) -> Json:
        name = Phrase("Xinglin health database").text(self._language)
        return {"resourceType": "Organization", "name": name}

    def _composition(self, made: Sequence[Json]) -> Json:
        title = Phrase("Patient summary").text(self._language)
        head = {
            "resourceType": "Composition",
            "language": "zh-CN" if self._language == "zh" else "en",
            "text": narrative.heading(title, name_of(self._patient), self._moment),
            "status": "final",
            "type": {"coding": [_DOCUMENT]},
            "subject": self._subject,
            "date": instant(self._moment),
            "author": [{"reference": self._author}],
            "title": title,
            "custodian": {"reference": self._author},
        }
        return {**head, "section": list(made)}

    def _section(self, section: Section) -> Json | None:
        every, contradicted = parted(chosen(section, self._facts, self._today))
        facts = every[: section.most]
        if not facts and section.need == "optional":
            return None
        head = {
            "title": section.title[self._language],
            "code": {"coding": [{"system": _LOINC, "code": section.loinc, "display": section.display}]},
        }
        if facts:
            text = narrative.facts(
                facts,
                left_out=len(every) - len(facts),
                language=self._language,
                today=self._today,
                contradicted=contradicted,
            )
            return {**head, "text": text, "entry": [self._add(fact) for fact in facts]}
        nothing = _NOTHING.get(section.absent, Phrase("No information")).text(self._language)
        text = narrative.words(nothing)
        if section.absent:
            return {**head, "text": text, "entry": [self._nothing(section.absent, nothing)]}
        reason = {"coding": [{"system": _EMPTY, "code": "unavailable"}], "text": nothing}
        return {**head, "text": text, "emptyReason": reason}

    def _add(self, fact: Fact) -> Json:
        """Put the record that is shown of a fact into the document, as one about the document's Patient."""
        content = fact.shown.content
        name = "patient" if "patient" in content else "subject"
        url = f"{self._base}/{fact.shown.key}"
        self._entries[url] = {**content, name: self._subject}
        return {"reference": str(fact.shown.key)}

    def _nothing(self, code: str, text: str) -> Json:
        """Put in a record that says that nothing is known; it is no entry of the database."""
        made = _unknown(code, text) | {
            "patient" if code == "no-allergy-info" else "subject": self._subject,
        }
        url = uuid.uuid5(uuid.NAMESPACE_URL, f"{self._base}/Patient/{self._patient['id']}/{code}").urn
        self._entries[url] = made
        return {"reference": url}


def _unknown(code: str, text: str) -> Json:
    concept = {"coding": [{"system": _ABSENT, "code": code}], "text": text}
    if code == "no-medication-info":
        absent = {"extension": [{"url": _NO_REASON, "valueCode": "unknown"}]}
        return {
            "resourceType": "MedicationStatement",
            "status": "unknown",
            "medicationCodeableConcept": concept,
            "_effectiveDateTime": absent,
        }
    allergy = code == "no-allergy-info"
    system = _CLINICAL.format(kind="allergyintolerance" if allergy else "condition")
    return {
        "resourceType": "AllergyIntolerance" if allergy else "Condition",
        "clinicalStatus": {"coding": [{"system": system, "code": "active"}]},
        "code": concept,
    }
