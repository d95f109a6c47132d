"""Vital signs: observations with these LOINC codes must conform to a profile.

Source: http://hl7.org/fhir/R4/observation-vitalsigns.html, table "Vital Signs Profile Table" (edition 4.0.1).
"""

from collections.abc import Callable, Mapping
from typing import Final

from xinglin.standards.validation.context import Check, Context, Json, is_array, is_object
from xinglin.standards.validation.findings import Drafts

LOINC: Final = "http://loinc.org"
_PROFILE: Final = "http://hl7.org/fhir/StructureDefinition/"
PROFILES: Final[Mapping[str, str]] = {
    "85353-1": "vitalspanel",
    "9279-1": "resprate",
    "8867-4": "heartrate",
    "2708-6": "oxygensat",
    "8310-5": "bodytemp",
    "8302-2": "bodyheight",
    "9843-4": "headcircum",
    "29463-7": "bodyweight",
    "39156-5": "bmi",
    "85354-9": "bp",
}
"""Profile by LOINC code."""


def compile_vital_signs(profile: Callable[[str], Check | None]) -> Check:
    """Make the check of an Observation against the vital sign profile that its code asks for."""

    def check(value: Json, context: Context) -> Drafts | None:
        code = value.get("code")
        codings = code.get("coding") if is_object(code) else None
        for coding in codings if is_array(codings) else ():
            if not is_object(coding) or coding.get("system") != LOINC or type(coding.get("code")) is not str:
                continue
            name = PROFILES.get(coding["code"])
            if name is not None:
                conforms = profile(_PROFILE + name)
                return conforms(value, context) if conforms else None
        return None

    return check
