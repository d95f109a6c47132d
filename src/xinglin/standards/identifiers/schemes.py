"""Every kind's scheme in one place."""

from collections.abc import Mapping
from typing import Final

from xinglin.standards.identifiers.foreigner import PERMANENT_RESIDENCE
from xinglin.standards.identifiers.health import (
    HEALTH_CARD,
    HEALTH_RECORD,
    INSURED,
    LOCAL,
    PRACTITIONER,
    SOCIAL_SECURITY_CARD,
)
from xinglin.standards.identifiers.kinds import Kind
from xinglin.standards.identifiers.model import Scheme
from xinglin.standards.identifiers.organizations import (
    CREDIT_CODE,
    HEALTH_INSTITUTION,
    INSURANCE_INSTITUTION,
    ORGANIZATION_CODE,
)
from xinglin.standards.identifiers.phone import PHONE
from xinglin.standards.identifiers.places import DIVISION
from xinglin.standards.identifiers.residence import HK_MACAO_RESIDENCE, TAIWAN_RESIDENCE
from xinglin.standards.identifiers.resident import RESIDENT
from xinglin.standards.identifiers.travel import HK_MACAO_TRAVEL, PASSPORT, TAIWAN_TRAVEL

SCHEMES: Final[Mapping[Kind, Scheme]] = {
    scheme.kind: scheme
    for scheme in (
        RESIDENT,
        HK_MACAO_RESIDENCE,
        TAIWAN_RESIDENCE,
        PERMANENT_RESIDENCE,
        HK_MACAO_TRAVEL,
        TAIWAN_TRAVEL,
        PASSPORT,
        PHONE,
        HEALTH_RECORD,
        INSURED,
        CREDIT_CODE,
        ORGANIZATION_CODE,
        HEALTH_INSTITUTION,
        INSURANCE_INSTITUTION,
        DIVISION,
        HEALTH_CARD,
        SOCIAL_SECURITY_CARD,
        PRACTITIONER,
        LOCAL,
    )
}
