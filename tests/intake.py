"""Helpers of the tests of intake."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import psycopg

from xinglin.core.settings import Settings
from xinglin.hub.intake import commands, registry
from xinglin.hub.intake.commands import Summary
from xinglin.standards.identifiers import SCHEMES, Kind

HOSPITAL, CLINIC = (SCHEMES[Kind.CREDIT_CODE].invented(number) for number in (11, 12))


def observation(id_: str, value: int = 1, time: str | None = None, **other: Any) -> dict[str, Any]:
    """Make an Observation; `time` is the source's."""
    meta = {"meta": {"lastUpdated": time}} if time else {}
    head = {"resourceType": "Observation", "id": id_} | meta
    return head | {"status": "final", "code": {"text": "x"}, "valueInteger": value} | other


def patient(id_: str, **other: Any) -> dict[str, Any]:
    """Make a Patient."""
    return {"resourceType": "Patient", "id": id_} | other


def ndjson(records: Iterable[Mapping[str, Any]]) -> bytes:
    """Write records, one a line."""
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in records)


def bundle(kind: str, *entries: Mapping[str, Any], **other: Any) -> dict[str, Any]:
    """Make a Bundle."""
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)} | other


def put(record: Mapping[str, Any]) -> dict[str, Any]:
    """Make the entry that stores a record."""
    request = {"method": "PUT", "url": f"{record['resourceType']}/{record['id']}"}
    return {"resource": dict(record), "request": request}


def add_source(settings: Settings, id_: str, institution: str = HOSPITAL, **other: Any) -> str:
    """Register a source."""
    given = {"id": id_, "institution": institution, "institution_name": "Test hospital"} | other
    return registry.add(settings, given)


def load(settings: Settings, *paths: Path, source: str | None = None) -> Summary:
    """Take files in."""
    return commands.intake(settings, source=source, paths=paths, progress=lambda *_: None)


def load_text(settings: Settings, folder: Path, content: bytes, source: str | None = None) -> Summary:
    """Take in a file of this content."""
    path = folder / f"file-{len(list(folder.iterdir()))}"
    path.write_bytes(content)
    return load(settings, path, source=source)


def told(summary: Summary) -> tuple[int, int, int, int]:
    """Give received, accepted, unchanged, refused."""
    counts = summary.counts
    return counts.received, counts.accepted, counts.unchanged, counts.refused


def rows(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    """Ask the database."""
    with psycopg.connect(settings.database_url) as connection:
        return connection.execute(query).fetchall()  # pyright: ignore[reportArgumentType, reportCallIssue]


def versions(settings: Settings) -> int:
    """Count all versions stored, present and past."""
    query = "SELECT (SELECT count(*) FROM resource) + (SELECT count(*) FROM resource_history)"
    return rows(settings, query)[0][0]
