"""Breaking the glass: asking for emergency access with a reason, and reviewing it afterwards.

A grant is stored together with its line in the audit log, by which the patient sees it; it waits for the
review of the security administrator from then on.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from xinglin.core.clock import instant, now
from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.records import Key
from xinglin.trust.log.entry import Entry
from xinglin.trust.log.log import Log
from xinglin.trust.policy import grants
from xinglin.trust.policy.cases import Case
from xinglin.trust.policy.decisions import Policies
from xinglin.trust.policy.errors import MayNotAsk, NoReview, ReasonTooShort
from xinglin.trust.policy.grants import OUTCOMES, Grant, Outcome
from xinglin.trust.policy.relations import same_people
from xinglin.trust.policy.texts import Said, listed
from xinglin.trust.who import Who

PURPOSE: Final = "BTG"
ASK: Final = "emergency.ask"
REVIEW: Final = "emergency.review"
KIND: Final = "emergency"
MOST_WORDS: Final = 2_000


async def ask(
    hub: Hub, log: Log, policies: Policies, who: Who, patient: str, *, reason: str, words: str
) -> Grant:
    """Give emergency access to a patient, in force when this returns.

    `reason` is a code of reasons.csv, `words` what has happened. Raises ReasonTooShort, MayNotAsk or Unknown.
    """
    words = words.strip()[:MOST_WORDS]
    entry = await may_ask(log, policies, who, patient)
    _refuse_no_reason(policies, reason, words)
    await hub.read(Key("Patient", patient))

    async def work(connection: Connection) -> Grant:
        people = (await same_people(connection, [patient])).get(patient, frozenset({patient}))
        until = now() + timedelta(hours=policies.tables.value("emergency_hours"))
        made = await grants.add(
            connection,
            kind=KIND,
            who=who.id,
            name=who.name,
            institution=who.institution,
            patient=patient,
            purpose=PURPOSE,
            reason=reason,
            words=words,
            until=until,
            given_by=None,
        )
        told = {"grant": str(made.id), "reason": reason, "words": words, "until": instant(until)}
        await log.append([replace(entry, patients=tuple(sorted(people)), detail=told)], connection)
        return made

    return await hub.transaction(work)


async def may_ask(log: Log, policies: Policies, who: Who, patient: str) -> Entry:
    """Give the line of the log for asking, where somebody may ask; else write it down. Raises MayNotAsk."""
    decision = policies.allows(who, PURPOSE, Case(ASK, "record"))
    entry = Entry(
        who=who,
        action=ASK,
        outcome="allowed" if decision.allowed else "denied",
        purpose=PURPOSE,
        rules=decision.rules,
        what=(("Patient", patient),),
    )
    if not decision.allowed:
        await log.append([entry])
        raise MayNotAsk(remedy=decision.remedy)
    return entry


def _refuse_no_reason(policies: Policies, reason: str, words: str) -> None:
    """Raise ReasonTooShort for a code that isn't known, or too few words."""
    tables = policies.tables
    least = tables.value("reason_least")
    known = listed(
        [
            Said(f"{one}: {_name(policies, one, 'en')}", f"{one}：{_name(policies, one, 'zh')}")
            for one in tables.words("reasons")
        ]
    )
    if (reason,) not in tables.by_name["reasons"]:
        raise ReasonTooShort(
            detail=Phrase("{value} is no known reason", value=reason[:40] or "-"), known=known, least=least
        )
    if len(words) < least:
        raise ReasonTooShort(detail=Phrase("the words are too few"), known=known, least=least)


def _name(policies: Policies, reason: str, language: str) -> str:
    return policies.tables.name("reasons", reason).text(language)


async def review(hub: Hub, log: Log, who: Who, number: int, *, outcome: str, why: str) -> Grant:
    """Store what the review of a grant found; one that wasn't justified ends at once.

    Whether `who` may review is the caller's to decide (`emergency.review`). Raises UnknownGrant or NoReview.
    """
    chosen = _outcome(number, outcome)
    if not why.strip():
        raise NoReview(number=number, detail=Phrase("say why"))

    async def work(connection: Connection) -> Grant:
        known = await grants.find(connection, number)
        if known.who == who.id:
            raise NoReview(number=number, detail=Phrase("nobody reviews the own access"))
        made = await grants.reviewed(
            connection, number, by=who.id, outcome=chosen, why=why.strip()[:MOST_WORDS]
        )
        if made is None:
            raise NoReview(number=number, detail=Phrase("it has been reviewed, or is no emergency access"))
        await log.append([_reviewed(who, made)], connection)
        return made

    return await hub.transaction(work)


def _reviewed(who: Who, grant: Grant) -> Entry:
    return Entry(
        who=who,
        action=REVIEW,
        outcome="allowed",
        purpose="HSYSADMIN",
        what=(("Patient", grant.patient or ""),),
        patients=(grant.patient or "",),
        detail={
            "grant": str(grant.id),
            "of": grant.who,
            "outcome": grant.outcome or "",
            "why": grant.why or "",
        },
    )


def _outcome(number: int, outcome: str) -> Outcome:
    for one in OUTCOMES:
        if one == outcome:
            return one
    detail = Phrase("the outcome must be one of {words}", words=", ".join(OUTCOMES))
    raise NoReview(number=number, detail=detail)


def task(grant: Grant, policies: Policies, language: str = "zh") -> Json:
    """Show a grant's review as a FHIR Task (http://hl7.org/fhir/R4/task.html); it isn't stored as one."""
    tables = policies.tables
    days = tables.value("review_days")
    return {
        "resourceType": "Task",
        "status": "requested" if grant.outcome is None else "completed",
        "intent": "order",
        "priority": "urgent",
        "code": {"text": tables.name("actions", REVIEW).text(language)},
        "description": grant.words,
        "for": {"reference": f"Patient/{grant.patient}"},
        "authoredOn": instant(grant.since),
        "restriction": {"period": {"end": instant(grant.since + timedelta(days=days))}},
        "reasonCode": {"text": tables.name("reasons", grant.reason).text(language)},
        "requester": {"identifier": {"system": "urn:xinglin:who", "value": grant.who}},
        **({"businessStatus": {"text": grant.outcome}} if grant.outcome else {}),
    }
