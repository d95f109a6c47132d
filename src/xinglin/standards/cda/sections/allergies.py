"""Allergies: AllergyIntolerance, in the document's own words."""

import re
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.cda.reading import Reading
from xinglin.standards.cda.sections.entries import entries, of_role
from xinglin.standards.cda.xml import Node, attribute

_CLINICAL: Final = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
_VERIFICATION: Final = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
_NONE: Final = re.compile(
    r"(?:患者)?(?:自述)?(?:无|否认|未发现|未见|没有|暂无|不详|未知|[-—/\\]+|N/?A|none)"
    r"(?:(?:明显|明确|已知)?(?:药物|食物|药物及食物|药物、食物|食物及药物|食物、药物|其他)?(?:过敏)?史?)?[。.]?",
    re.IGNORECASE,
)
"""Whole texts that name no allergy. Anything more is kept: `否认青霉素过敏，磺胺过敏` names one."""


def read_allergies(reading: Reading, section: Node) -> list[Json]:
    """Keep an AllergyIntolerance for each text that names one; gives References.

    A flag (过敏史标志) alone names nothing and stays in the narrative. Where the flag says no and a text says
    yes, the text is kept, unconfirmed: a warning too many does less harm than one too few.
    """
    found = list(entries(reading, section))
    flags = {attribute(one.value, "value") for one in of_role(found, "allergy-flag")}
    kept: list[Json] = []
    for one in of_role(found, "allergy-text"):
        if _NONE.fullmatch("".join(one.said.split())):
            continue
        record: Json = {
            "resourceType": "AllergyIntolerance",
            "id": reading.id("AllergyIntolerance", one.said),
            "clinicalStatus": {"coding": [{"system": _CLINICAL, "code": "active"}]},
            "code": {"text": one.said},
            "patient": reading.subject,
        }
        if "false" in flags:
            reading.note("allergy flag false beside a text")
            record["verificationStatus"] = {"coding": [{"system": _VERIFICATION, "code": "unconfirmed"}]}
        if reading.encounter:
            record["encounter"] = reading.encounter
        if reading.stamp:
            record["recordedDate"] = reading.stamp.text
        kept.append(reading.add(record))
    return kept
