"""The kinds of identifiers that are understood."""

from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What an identifier identifies, and who gives it."""

    RESIDENT = "resident-id"
    HK_MACAO_RESIDENCE = "hk-macao-residence"
    TAIWAN_RESIDENCE = "taiwan-residence"
    PERMANENT_RESIDENCE = "permanent-residence"
    HK_MACAO_TRAVEL = "hk-macao-travel"
    TAIWAN_TRAVEL = "taiwan-travel"
    PASSPORT = "passport"
    PHONE = "phone"
    HEALTH_RECORD = "health-record"
    INSURED = "insured"
    CREDIT_CODE = "credit-code"
    ORGANIZATION_CODE = "organization-code"
    HEALTH_INSTITUTION = "health-institution"
    INSURANCE_INSTITUTION = "insurance-institution"
    DIVISION = "division"
    HEALTH_CARD = "health-card"
    SOCIAL_SECURITY_CARD = "social-security-card"
    PRACTITIONER = "practitioner"
    LOCAL = "local"


NAMES: Final = {
    Kind.RESIDENT: "resident identity number",
    Kind.HK_MACAO_RESIDENCE: "residence permit number of a Hong Kong or Macao resident",
    Kind.TAIWAN_RESIDENCE: "residence permit number of a Taiwan resident",
    Kind.PERMANENT_RESIDENCE: "permanent residence number of a foreigner",
    Kind.HK_MACAO_TRAVEL: "mainland travel permit number of a Hong Kong or Macao resident",
    Kind.TAIWAN_TRAVEL: "mainland travel permit number of a Taiwan resident",
    Kind.PASSPORT: "passport number",
    Kind.PHONE: "telephone number",
    Kind.HEALTH_RECORD: "resident health record number",
    Kind.INSURED: "medical insurance number",
    Kind.CREDIT_CODE: "unified social credit code",
    Kind.ORGANIZATION_CODE: "organisation code",
    Kind.HEALTH_INSTITUTION: "health institution code",
    Kind.INSURANCE_INSTITUTION: "institution code of the medical insurance",
    Kind.DIVISION: "administrative division code",
    Kind.HEALTH_CARD: "resident health card number",
    Kind.SOCIAL_SECURITY_CARD: "social security card number",
    Kind.PRACTITIONER: "practitioner number",
    Kind.LOCAL: "number given by one institution",
}
"""What each kind is called in a sentence (message ids)."""
