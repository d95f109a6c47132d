"""The rows of active Consent records, so that there is no moment between a consent and its enforcement."""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

import msgspec

from xinglin.core.exact_json import Json
from xinglin.core.telemetry import logger
from xinglin.hub.consents.reading import Faults, Rule, patient_of, read
from xinglin.hub.database import Connection
from xinglin.hub.records import Key
from xinglin.standards.confidentiality import RuleSet
from xinglin.standards.search.keys import self_key

TYPE: Final = "Consent"

_PUT: Final = """
INSERT INTO consent (id, patient, key, mark, faults) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET patient = excluded.patient, key = excluded.key, mark = excluded.mark,
    faults = excluded.faults
"""
_RULE: Final = "INSERT INTO consent_rule (mark, rule) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_COUNT: Final = "UPDATE consent_state SET generation = generation + 1"
_REMOVE: Final = "DELETE FROM consent WHERE id = ANY(%s::text[])"


async def change(connection: Connection, changes: Iterable[tuple[Key, Json | None]], labels: RuleSet) -> None:
    """Take records that are being written; None for a deletion. In the transaction that writes them."""
    rows: list[tuple[str, str, int, int, str]] = []
    rules: dict[int, str] = {}
    gone: list[str] = []
    for key, content in changes:
        if key.type != TYPE:
            continue
        rule, faults = (None, ()) if content is None else read(content, labels)
        patient = None if content is None else patient_of(content)
        _tell(key, rule, faults, named=patient is not None)
        if rule is None or patient is None:
            gone.append(key.id)
        else:
            text = msgspec.json.encode(rule).decode()
            mark = mark_of(text)
            rules[mark] = text
            rows.append((key.id, patient, self_key("Patient", patient), mark, _listed(faults)))
    if gone or rows:
        await connection.execute(_COUNT)
    if gone:
        await connection.execute(_REMOVE, [gone])
    if rows:
        await connection.cursor().executemany(_RULE, sorted(rules.items()))
        await connection.cursor().executemany(_PUT, sorted(rows))


def mark_of(rule: str) -> int:
    """Hash a rule as it is written to a signed number of 64 bits."""
    return int.from_bytes(blake2b(rule.encode(), digest_size=8).digest(), signed=True)


def _tell(key: Key, rule: Rule | None, faults: Faults, *, named: bool) -> None:
    """Warn whoever runs the hub of what isn't enforced as it was meant."""
    if rule is not None and not named:
        logger().warning("consent names no patient of this hub", consent=str(key))
    elif faults:
        logger().warning("consent isn't understood in all", consent=str(key), places=list(faults))


def _listed(faults: Faults) -> str:
    return msgspec.json.encode(list(faults)).decode()
