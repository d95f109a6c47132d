"""How a record stands to what it names: does it say so, or that it isn't so; done or not; still so or over.

Two records that stand differently contradict each other, and neither may hide the other: they stay two facts.
"""

from typing import Any, Final

import msgspec

from xinglin.core.exact_json import Json
from xinglin.hub.lifelong.elements import member, objects

_DENIED: Final = frozenset({"refuted", "entered-in-error"})
_OFF: Final = frozenset({"not-done", "not-taken", "stopped", "cancelled", "declined", "aborted", "revoked"})
"""Statuses of what wasn't done or goes on no more (http://hl7.org/fhir/R4/valueset-medicationrequest-status.html)."""
_ACTIVE: Final = frozenset({"active", "recurrence", "relapse"})
_OVER: Final = frozenset({"inactive", "remission", "resolved"})
"""Clinical statuses of what isn't so any more (http://hl7.org/fhir/R4/valueset-condition-clinical.html)."""


class Standing(msgspec.Struct, frozen=True):
    """How a record stands: `denied` by verification, `done` (empty: done or going on), `course`."""

    denied: bool = False
    done: str = ""
    course: str = ""


def standing(content: Json) -> Standing:
    """Read how a record stands."""
    return Standing(denied=_is_denied(content), done=_done(content), course=_course(content))


def against(one: Standing, other: Standing, *, same_institution: bool) -> bool:
    """Tell whether two records contradict each other. Symmetric.

    One institution may say that a thing is over which it called active before; two disagree about it.
    """
    if one.denied != other.denied or one.done != other.done:
        return True
    return not same_institution and bool(one.course and other.course) and one.course != other.course


def _is_denied(content: Json) -> bool:
    """Tell whether a record says that what it names isn't so."""
    return not _DENIED.isdisjoint(_symbols(content.get("verificationStatus")))


def _done(content: Json) -> str:
    status = content.get("status")
    if content.get("doNotPerform") is True or (isinstance(status, str) and status in _OFF):
        return "off"
    return "hold" if status == "on-hold" else ""


def _course(content: Json) -> str:
    found = _symbols(content.get("clinicalStatus"))
    if not _OVER.isdisjoint(found) or any(name.startswith("abatement") for name in content):
        return "over"
    return "" if _ACTIVE.isdisjoint(found) else "active"


def _symbols(concept: Any) -> list[str]:
    return [str(one["code"]) for one in objects(member(concept).get("coding")) if one.get("code")]
