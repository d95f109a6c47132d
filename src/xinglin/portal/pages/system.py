"""The hub itself: is it well, what work waits, what is stored, which settings are in force and from where."""

import asyncio
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, Final

from xinglin.core import settings as all_settings
from xinglin.core.errors import SettingError
from xinglin.core.i18n import Phrase
from xinglin.core.settings import SECRETS, Setting
from xinglin.hub.condition import Condition, Work
from xinglin.trust.gate.rooms import condition as room
from xinglin.web.columns import Column, Table, arranged
from xinglin.web.declared import Declaration, Page
from xinglin.web.visit import Visit

KINDS: Final[Mapping[str, Phrase]] = {
    "deliveries": Phrase("deliveries to be loaded"),
    "refused": Phrase("refused items to be mended"),
    "pairs": Phrase("pairs of records to be reviewed"),
    "codes": Phrase("mappings to be carried into records"),
    "quality": Phrase("records judged for quality"),
    "checkpoint": Phrase("audit log signed"),
}
WORK: Final = Table(
    "work",
    "Work",
    (
        Column("title", "What", sorts=False),
        Column("waiting", "Waiting", "number"),
        Column("since", "Oldest, or last done", "moment"),
    ),
)
TABLES: Final = Table(
    "tables",
    "What is stored",
    (
        Column("name", "Table", "code"),
        Column("rows", "Rows (estimated)", "number"),
        Column("bytes", "Size", "bytes"),
    ),
)
SETTINGS: Final = Table(
    "settings",
    "Settings",
    (
        Column("name", "Setting", "code"),
        Column("value", "Value"),
        Column("origin", "From", "badge"),
        Column("description", "Meaning", sorts=False),
    ),
)


async def load(visit: Visit) -> Mapping[str, Any]:
    """Give how the hub is, and its settings with where each comes from; secrets are masked."""
    settings = visit.settings
    found = await room.look(visit.hub, settings.folder, embedded=not settings.database_url)
    told = {one.name: getattr(found, one.name) for one in fields(Condition)}
    rows = await asyncio.to_thread(_settings, visit)
    return told | {
        "work": arranged(visit, WORK, [_work(one) for one in found.work]),
        "tables": arranged(visit, TABLES, [_size(one) for one in found.tables]),
        "settings": arranged(visit, SETTINGS, rows, size=len(rows)),
    }


def _work(one: Work) -> Mapping[str, Any]:
    return {"name": one.name, "title": KINDS[one.name], "waiting": one.waiting, "since": one.since}


def _size(one: Any) -> Mapping[str, Any]:
    return {"name": one.name, "rows": one.rows, "bytes": one.bytes}


@cache
def _known() -> tuple[Mapping[str, Setting], Mapping[str, str]]:
    """Read what environment and file say, and what each setting means: once, as the hub itself does."""
    described = {one.name: one.description for one in all_settings.explain({})}
    try:
        return {one.name: one for one in all_settings.explain()}, described
    except SettingError:  # they have been spoilt since the hub began
        return {}, described


def _settings(visit: Visit) -> list[Mapping[str, Any]]:
    """Give the settings in force; a value that environment and file don't say was given at start."""
    known, described = _known()
    return [
        _setting(name, getattr(visit.settings, name), known.get(name), described[name])
        for name in visit.settings.__struct_fields__
    ]


def _setting(name: str, value: Any, known: Setting | None, text: str) -> Mapping[str, Any]:
    said = known.origin if known is not None and known.value == value else ""
    default = said == "default"
    origin = Phrase("default") if default else said or Phrase("given at start")
    return {
        "name": name,
        "value": "********" if name in SECRETS and value else str(value),
        "origin": origin,
        "origin_tone": "quiet" if default else "info",
        "description": Phrase(text),
    }


DECLARED: Final = Declaration(
    room="system",
    pages=(
        Page(
            path="/system",
            name="system page",
            title="System",
            summary="Health, work that waits, storage, versions, and the settings in force.",
            load=load,
            template="system/index.html",
            place="system",
            menu=True,
            tables=(WORK, TABLES, SETTINGS),
        ),
    ),
)
