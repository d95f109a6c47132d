"""$match: persons that a Patient may be (http://hl7.org/fhir/R4/patient-operation-match.html)."""

from typing import Any, cast

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.plain import WrongParameter
from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.hub.bundles import bundle, entry
from xinglin.hub.outline import NotARecord, admit
from xinglin.trust.gate.rooms import identity as room
from xinglin.trust.gate.values import MOST_CANDIDATES as MOST
from xinglin.trust.gate.values import Candidate

GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
FEW = 10


async def match(exchange: Exchange) -> Reply:
    """Answer `POST /fhir/Patient/$match`: golden Patients, the likeliest first, with score and grade.

    The body is Parameters with `resource`, `onlyCertainMatches` and `count`; a Patient alone will do.
    """
    patient, certain, count = _read(admit(await exchange.content()))
    found = await room.match(exchange.hub, patient, most=count, certain=certain)
    made = bundle("searchset", [_entry(one, exchange.base) for one in found], total=len(found))
    return Reply(200, made)


def _entry(one: Candidate, base: str) -> bytes:
    search: Json = {
        "extension": [{"url": GRADE, "valueCode": one.grade}],
        "mode": "match",
        "score": round(one.score, 4),
    }
    return entry(one.golden.body, full_url=f"{base}/{one.golden.key}", search=search)


def _read(content: Json) -> tuple[Json, bool, int]:
    """Give the Patient asked about, whether only certain matches count, and how many at most."""
    if content["resourceType"] != "Parameters":
        return admit(content, "Patient"), False, FEW
    given = content.get("parameter")
    parts = cast("list[Any]", given) if isinstance(given, list) else []
    objects = [cast("Json", one) for one in parts if isinstance(one, dict)]
    named = {str(one.get("name")): one for one in objects}
    if "resource" not in named:
        raise NotARecord(detail=Phrase('the parameter "{name}" is missing', name="resource"))
    certain = named.get("onlyCertainMatches", {}).get("valueBoolean", False)
    count = named.get("count", {}).get("valueInteger", FEW)
    if not isinstance(certain, bool):
        raise WrongParameter(name="onlyCertainMatches", detail=Phrase("it must be true or false"))
    if not isinstance(count, int) or not 0 < count <= MOST:
        detail = Phrase("it must be a whole number from {least} to {most}", least=1, most=MOST)
        raise WrongParameter(name="count", detail=detail)
    return admit(named["resource"].get("resource"), "Patient"), certain, count
