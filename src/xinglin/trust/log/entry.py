"""One entry of the audit log: who did or tried what, why, and how it ended.

An entry is kept as the bytes that `encode` writes, JSON with a fixed order of names; these bytes are the
leaf of the Merkle tree. What FHIR calls an AuditEvent is made from them (see `auditevent`), so that a better
rendering never touches what was proved.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, Literal, cast

import msgspec

from xinglin.core.clock import instant, now
from xinglin.trust.who import Who

Outcome = Literal["allowed", "denied", "failed"]
"""The gate let it pass and it was done; the gate said no; it was let pass but couldn't be done."""

FORM: Final = 1
"""The form of `encode`; a reader of other forms is added here, old leaves are never rewritten."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done or tried.

    `action` is a word of the gate (`read`, `search`, `write`, `login`, `policy.change` …), `purpose` a
    code of HL7 v3 PurposeOfUse, `rules` the policies that decided. `what` are the records (type, id) that
    were given out, changed or refused (id empty: the type as a whole); `patients` the ids of all Patients
    they are about. `query` is what was asked, as it was sent. `address` is where from; empty: the address of
    `who`. `detail` are further facts, texts by name, such as `reason` of a broken glass, `interaction` or
    `version`; nothing secret belongs there.
    """

    who: Who
    action: str
    outcome: Outcome
    purpose: str = ""
    rules: tuple[str, ...] = ()
    what: tuple[tuple[str, str], ...] = ()
    patients: tuple[str, ...] = ()
    query: str = ""
    address: str = ""
    detail: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    at: datetime = field(default_factory=now)


def session_mark(session: str) -> str:
    """Give what stands for a session in the log: nobody can use it to act in its place."""
    return sha256(session.encode()).hexdigest()[:16]


def encode(entry: Entry) -> bytes:
    """Write the leaf of an entry: compact JSON in one line, without what is empty."""
    who = entry.who
    agent = {
        "id": who.id,
        "kind": who.kind,
        "name": who.name,
        "roles": sorted(who.roles),
        "institution": who.institution,
        "department": who.department,
        "practitioner": who.practitioner,
        "patient": who.patient,
        "client": who.client,
        "session": session_mark(who.session) if who.session else None,
        "address": entry.address or who.address,
    }
    told = {
        "form": FORM,
        "at": instant(entry.at),
        "who": _filled(agent),
        "action": entry.action,
        "outcome": entry.outcome,
        "purpose": entry.purpose,
        "rules": entry.rules,
        "what": [f"{kind}/{id_}" if id_ else kind for kind, id_ in entry.what],
        "patients": entry.patients,
        "query": entry.query,
        "detail": dict(entry.detail),
    }
    kept = _filled(told)
    try:
        return msgspec.json.encode(kept)
    except UnicodeEncodeError:  # half of a surrogate pair, which somebody sent to see what happens
        return msgspec.json.encode(_sound(kept))


def _filled(told: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value or name in _ALWAYS}


def _sound(value: Any) -> Any:
    """Put replacement characters where a text can't be written as UTF-8."""
    if isinstance(value, str):
        return value.encode(errors="surrogatepass").decode(errors="replace")
    if isinstance(value, dict):
        return {_sound(name): _sound(one) for name, one in cast("dict[str, Any]", value).items()}
    return [_sound(one) for one in cast("Sequence[Any]", value)] if isinstance(value, list | tuple) else value


_ALWAYS: Final = frozenset({"id", "kind", "action"})
"""What is told even where it is empty, so that a leaf can be read again."""


class Agent(msgspec.Struct, frozen=True):
    """Who an entry is about, as the leaf tells it; `session` is a mark, not the session (`session_mark`)."""

    id: str
    kind: str
    name: str = ""
    roles: tuple[str, ...] = ()
    institution: str | None = None
    department: str | None = None
    practitioner: str | None = None
    patient: str | None = None
    client: str | None = None
    session: str | None = None
    address: str = ""


class Told(msgspec.Struct, frozen=True):
    """What a leaf tells: an entry as it is read again. `what` are `Type/id`."""

    at: datetime
    who: Agent
    action: str
    outcome: Outcome
    form: int = FORM
    purpose: str = ""
    rules: tuple[str, ...] = ()
    what: tuple[str, ...] = ()
    patients: tuple[str, ...] = ()
    query: str = ""
    detail: dict[str, str] = {}


_decoder: Final[msgspec.json.Decoder[Told]] = msgspec.json.Decoder(Told)


def decode(leaf: bytes) -> Told:
    """Read a leaf. Raises ValueError for what no version of this program wrote."""
    told = _decoder.decode(leaf)
    if told.form != FORM or told.at.tzinfo is None:
        raise ValueError(told.form)
    return told


def plain(leaf: bytes) -> dict[str, Any]:
    """Give a leaf as it stands, for people who want to see exactly what was proved."""
    return msgspec.json.decode(leaf, type=dict[str, Any])
