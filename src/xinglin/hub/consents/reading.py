"""What a Consent record denies, as a tree of rules.

http://hl7.org/fhir/R4/consent.html: a base decision, and provisions that are exceptions to what stands above
them. What can't be evaluated never opens anything: a condition that isn't understood is taken as fulfilled
where the rule denies, and as never fulfilled where it permits. Our reading of the parts that R4
leaves open is in docs/consent.md.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from xinglin.core.exact_json import Json
from xinglin.standards.confidentiality import RuleSet
from xinglin.standards.definitions import resource_types

DEEPEST: Final = 10
"""Levels of provisions that are read; below, all is denied."""

SCOPES: Final[Mapping[str, tuple[str, ...]]] = {"patient-privacy": (), "research": ("HRESCH",)}
"""Scopes about the use of data, and the purposes that they are limited to."""
OTHER_SCOPES: Final = frozenset({"treatment", "adr"})
"""Scopes about something else than data: consent to a treatment, advance directives."""

_PERMITTING: Final = frozenset({"OPTIN", "OPTINR"})
_DENYING: Final = frozenset({"OPTOUT", "OPTOUTE"})
_READING: Final = frozenset({"access", "use", "disclose"})
_NOT_READING: Final = frozenset({"collect", "correct"})
_HOLDERS: Final = frozenset({"AUT", "AUTHEN", "CST", "INF", "TRANS", "LA"})
"""Roles of actors that don't receive data."""
_PURPOSES: Final = frozenset({"", "http://terminology.hl7.org/CodeSystem/v3-ActReason"})
_TYPES: Final = frozenset({"", "http://hl7.org/fhir/resource-types"})
_REFERENCE: Final = re.compile(r"(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9.-]{1,64})(?:/_history/[^/]+)?")

Faults = Sequence[str]
"""Elements that can't be evaluated, as FHIRPath."""


class Rule(msgspec.Struct, frozen=True, omit_defaults=True):
    """A base decision or a provision, with its exceptions. None says nothing.

    `actors` are references, `starts` and `ends` FHIR times, `labels` pairs of system and code (any of them),
    `types` resource types, `records` single ones ("Observation/1"). `unclear`: it has conditions that aren't
    understood.
    """

    deny: bool
    actors: tuple[str, ...] | None = None
    purposes: tuple[str, ...] | None = None
    starts: str | None = None
    ends: str | None = None
    labels: tuple[tuple[str, str], ...] | None = None
    types: tuple[str, ...] | None = None
    records: tuple[str, ...] | None = None
    unclear: bool = False
    exceptions: tuple["Rule", ...] = ()

    @property
    def denies(self) -> bool:
        """Whether it, or anything below it, denies."""
        return self.deny or any(one.denies for one in self.exceptions)


def read(content: Json, labels: RuleSet) -> tuple[Rule | None, Faults]:
    """Give what an active Consent says about reading; None where that is nothing. Never fails.

    `labels` says which labels records can have.
    """
    reader = _Reader(labels)
    try:
        return reader.read(content), reader.faults
    except (AttributeError, TypeError, KeyError, ValueError):
        # Only where validation is off can elements be of another kind than FHIR says.
        return Rule(deny=True), ["Consent"]


def patient_of(content: Json) -> str | None:
    """Give the id of the Patient whose consent it is; None where the record doesn't name one of this hub."""
    found = _reference(content.get("patient"))
    return found[1] if found and found[0] == "Patient" else None


class _Reader:
    """Reads one Consent, and notes what isn't understood."""

    def __init__(self, labels: RuleSet) -> None:
        self._labels = labels
        self.faults: list[str] = []

    def read(self, content: Json) -> Rule | None:
        """Give the rule of an active Consent."""
        if content.get("status") != "active":
            return None
        scope = next((code for _, code in _codings([content.get("scope", {})])), "patient-privacy")
        if scope in OTHER_SCOPES:
            return None
        if scope not in SCOPES:
            self.faults.append("Consent.scope")
        base = self._denies_by_policy(content)
        root = content.get("provision")
        purposes = SCOPES.get(scope) or None
        if root is None:
            return Rule(base, purposes=purposes) if base else None
        told = root.get("type")
        rule = self._provision(root, base if told is None else told != "permit", "Consent.provision", 1)
        if told is not None or purposes:
            rule = Rule(base, purposes=purposes, exceptions=() if rule is None else (rule,))
        return rule if rule is not None and rule.denies else None

    def _denies_by_policy(self, content: Json) -> bool:
        """Tell the base decision: opt-out denies, and so does a policy that isn't known."""
        codes = {code for _, code in _codings([content.get("policyRule", {})])}
        if not codes:
            return False
        if codes.isdisjoint(_PERMITTING | _DENYING):
            self.faults.append("Consent.policyRule")
            return True
        return not codes.isdisjoint(_DENYING)

    def _provision(self, one: Json, deny: bool, place: str, depth: int) -> Rule | None:
        """Read a provision; None where it isn't about reading."""
        if depth > DEEPEST:
            self.faults.append(place)
            return Rule(deny=True)
        actions = {code for _, code in _codings(one.get("action", []))}
        if actions and not actions - _NOT_READING:
            self.faults.append(f"{place}.action")
            return None
        told: list[str] = []
        rule = Rule(
            deny,
            actors=_actors(one, place, told),
            purposes=_purposes(one, place, told),
            starts=one.get("period", {}).get("start"),
            ends=one.get("period", {}).get("end"),
            labels=self._named(one, place, told),
            types=_types(one, place, told),
            records=_records(one, place, told, deny=deny),
            exceptions=self._exceptions(one, place, depth),
        )
        told += [f"{place}.{name}" for name in ("code", "dataPeriod") if name in one]
        if actions - _READING - _NOT_READING:
            told.append(f"{place}.action")
        self.faults += told
        return msgspec.structs.replace(rule, unclear=bool(told))

    def _exceptions(self, one: Json, place: str, depth: int) -> tuple[Rule, ...]:
        found: list[Rule] = []
        for number, nested in enumerate(one.get("provision", [])):
            below = f"{place}.provision[{number}]"
            rule = self._provision(nested, nested.get("type") != "permit", below, depth + 1)
            if rule is not None:
                found.append(rule)
        return tuple(found)

    def _named(self, one: Json, place: str, told: list[str]) -> tuple[tuple[str, str], ...] | None:
        """Give the labels it names; one that the hub doesn't put on records would close nothing."""
        if "securityLabel" not in one:
            return None
        named = [(coding.get("system", ""), coding.get("code", "")) for coding in one["securityLabel"]]
        if not all(self._labels.knows(system, code) for system, code in named):
            told.append(f"{place}.securityLabel")
            return None
        return tuple(named)


def _actors(one: Json, place: str, told: list[str]) -> tuple[str, ...] | None:
    """Give who receives; a holder or author of data, or a group, isn't understood."""
    if "actor" not in one:
        return None
    found: list[str] = []
    for actor in one["actor"]:
        roles = {code for _, code in _codings([actor.get("role", {})])}
        reference = _reference(actor.get("reference"))
        if (
            reference is None
            or reference[0] not in ("Organization", "Practitioner", "Patient")
            or roles & _HOLDERS
        ):
            told.append(f"{place}.actor")
            return None
        found.append("/".join(reference))
    return tuple(found)


def _purposes(one: Json, place: str, told: list[str]) -> tuple[str, ...] | None:
    if "purpose" not in one:
        return None
    if any(coding.get("system", "") not in _PURPOSES or "code" not in coding for coding in one["purpose"]):
        told.append(f"{place}.purpose")
        return None
    return tuple(coding["code"] for coding in one["purpose"])


def _types(one: Json, place: str, told: list[str]) -> tuple[str, ...] | None:
    """Give the types that `class` names."""
    found: set[str] = set()
    for coding in one.get("class", []):
        if coding.get("system", "") not in _TYPES or coding.get("code") not in resource_types():
            told.append(f"{place}.class")
            return None
        found.add(coding["code"])
    return tuple(sorted(found)) or None


def _records(one: Json, place: str, told: list[str], *, deny: bool) -> tuple[str, ...] | None:
    """Give the single records that `data` names; what is related to them isn't understood.

    Where the rule permits, single records can't be taken out of what is denied.
    """
    found: set[str] = set()
    for data in one.get("data", []):
        reference = _reference(data.get("reference"))
        if reference is None or data.get("meaning") != "instance":
            told.append(f"{place}.data")
            return None
        found.add("/".join(reference))
    if found and not deny:
        told.append(f"{place}.data")
    return tuple(sorted(found)) or None


def _codings(concepts: Any) -> list[tuple[str, str]]:
    listed = cast("list[Json]", concepts)
    return [
        (coding.get("system", ""), coding.get("code", ""))
        for concept in listed
        for coding in concept.get("coding", [])
    ]


def _reference(value: Any) -> tuple[str, str] | None:
    text = cast("Json", value).get("reference") if isinstance(value, dict) else None
    found = _REFERENCE.fullmatch(text) if isinstance(text, str) else None
    return (found["type"], found["id"]) if found else None
