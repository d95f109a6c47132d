"""Answers about identity as JSON, for programs and `--format json`; texts in the reader's language."""

from typing import Any, Final

from xinglin.core.exact_json import Json
from xinglin.core.i18n import translate
from xinglin.hub.identity import tables
from xinglin.hub.identity.decisions import Decision
from xinglin.hub.identity.questions import PairTold, Person, SideBySide, Status, Worn
from xinglin.hub.identity.scoring import HOUSEHOLD_FIELD, PRIOR_FIELD
from xinglin.standards.persons import meanings

_BESIDE: Final = {
    PRIOR_FIELD: "before comparing",
    HOUSEHOLD_FIELD: "could be another of the household",
}


def status_as_json(told: Status) -> Json:
    """Write how identity stands."""
    return {
        "patients": told.patients,
        "persons": told.persons,
        "waiting": told.waiting,
        "review": told.review,
        "decisions": told.decisions,
        "worn_numbers": told.worn,
        "links": dict(told.by_how),
    }


def pair_as_json(told: PairTold, language: str) -> Json:
    """Write a pair with what speaks for and against it."""
    made: Json = {"patients": [told.first, told.second], "state": told.state, "since": told.since.isoformat()}
    if told.weight is not None:
        made |= {"weight": round(told.weight, 2), "probability": round(told.probability or 0.0, 6)}
    if told.rule is not None:
        made["rule"] = {"id": told.rule, "text": rule_name(told.rule, language)}
    made["evidence"] = [
        one | {"text": level_name(one["field"], one["level"], language)}
        for one in told.evidence.get("fields", [])
    ]
    made["differences"] = told.evidence.get("differences", [])
    if told.decision is not None:
        at = told.decided.isoformat() if told.decided else None
        made["decision"] = {"id": told.decision, "who": told.decided_by, "why": told.why, "at": at}
    return made


def rule_name(rule: str, language: str) -> str:
    """Say what a rule found."""
    return next((one.name[language] for one in tables.rules() if one.id == rule), rule)


def level_name(field: str, level: int, language: str) -> str:
    """Say what a level of a field means, or what is counted beside the fields."""
    if field in _BESIDE:
        return translate(_BESIDE[field], language)
    known = meanings().get((field, level))
    return known.name(language) if known else f"{field} {level}"


def side_by_side_as_json(told: SideBySide, language: str) -> Json:
    """Write a pair with what is compared of each of its records."""
    made = pair_as_json(told.pair, language)
    made["compared"] = {name: list(both) for name, both in told.compared.items()}
    return made | {"persons": list(told.goldens), "records": list(told.records)}


def person_as_json(told: Person, language: str) -> Json:
    """Write a person: the golden Patient, its sources, and why they are one."""
    return {
        "golden": told.golden,
        "patient": told.content,
        "sources": [
            {
                "patient": link.patient,
                "how": link.how,
                "weight": None if link.weight is None else round(link.weight, 2),
                "since": link.since.isoformat(),
                "source": told.records.get(link.patient, {}).get("meta", {}).get("source"),
            }
            for link in told.links
        ],
        "pairs": [pair_as_json(one, language) for one in told.pairs],
    }


def decision_as_json(told: Decision) -> Json:
    """Write a decision."""
    made: Json = {
        "id": told.id,
        "action": told.action,
        "patients": list(told.subjects),
        "who": told.who,
        "why": told.why,
        "at": told.at.isoformat(),
        "in_force": told.undone is None,
    }
    more: dict[str, Any] = {"undoes": told.undoes, "undone_by": told.undone}
    return made | {name: value for name, value in more.items() if value is not None}


def worn_as_json(told: Worn, language: str) -> Json:
    """Write a number that isn't trusted any more."""
    return {
        "rule": {"id": told.rule, "text": rule_name(told.rule, language)},
        "holders": told.holders,
        "since": told.since.isoformat(),
        "patients": list(told.patients),
    }
