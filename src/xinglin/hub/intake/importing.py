"""Files that the hub fetches itself: the manifest of `$import`. Each file becomes a delivery.

https://github.com/smart-on-fhir/bulk-import: a manifest names NDJSON files by address. Only addresses under
the setting `import_from` are fetched, and redirections aren't followed: nobody can have the hub call others.
"""

import asyncio
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from typing import Final, Literal
from urllib.parse import unquote, urlsplit

import msgspec
from psycopg.types.json import Jsonb

from xinglin.core.errors import IntakeError
from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.core.identifiers import new_id
from xinglin.core.settings import Settings
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.intake import deliveries, sources
from xinglin.hub.intake.deliveries import Delivery
from xinglin.hub.intake.refused import keepable, texts
from xinglin.hub.intake.service import Spool

FORMATS: Final = ("application/fhir+ndjson", "application/ndjson", "ndjson")
MOST_INPUTS: Final = 10_000
BLOCK: Final = 2**20
_WAITING: Final = """
SELECT id, source, inputs FROM import WHERE inputs @> '[{"state": "waiting"}]' ORDER BY requested
"""
SECONDS: Final = 60
"""How long a server may keep silent."""


class NotAllowed(IntakeError):
    """An address that the hub may not fetch from."""

    code = "XL7080"
    message = "The hub may not fetch from {url}."
    remedy = "Ask the operator to add the address to the setting import_from, or deliver the file yourself."
    status = 403
    issue = "forbidden"


class BadManifest(IntakeError):
    """A manifest that can't be understood."""

    code = "XL7081"
    message = "The manifest can't be used: {name} is missing or not as it should be."
    remedy = 'Send inputFormat "application/fhir+ndjson", and input with at least one url.'
    status = 400
    issue = "structure"


class NotFetched(IntakeError):
    """A file that can't be fetched."""

    code = "XL7082"
    message = "{url} can't be fetched: {detail}."
    remedy = "Check that the server offers it to the hub, and ask again."
    issue = "not-found"


class NoImport(IntakeError):
    """No such import is known."""

    code = "XL7083"
    message = "No import {id} is known."
    remedy = "Use the address that the answer to $import gave."
    status = 404
    issue = "not-found"


class Input(msgspec.Struct, kw_only=True):
    """A file of a manifest: where it is, and its delivery once it was fetched, or why it couldn't be."""

    url: str
    type: str = ""
    state: Literal["waiting", "fetched", "failed"] = "waiting"
    delivery: int | None = None
    fault: dict[str, dict[str, str]] | None = None


def read_manifest(content: Json) -> list[Input]:
    """Give the files of a manifest, which is plain JSON or a Parameters resource. Raises BadManifest."""
    try:
        plain = _plain(content) if content.get("resourceType") == "Parameters" else content
    except (TypeError, AttributeError):
        raise BadManifest(name="parameter") from None
    if plain.get("inputFormat") not in FORMATS:
        raise BadManifest(name="inputFormat")
    try:
        inputs = msgspec.convert(
            [{name: one.get(name, "") for name in ("url", "type")} for one in plain["input"]], list[Input]
        )
    except (KeyError, TypeError, AttributeError, msgspec.ValidationError):
        raise BadManifest(name="input") from None
    if not 0 < len(inputs) <= MOST_INPUTS or not all(one.url for one in inputs):
        raise BadManifest(name="input")
    return inputs


def _plain(parameters: Json) -> Json:
    plain: Json = {"input": []}
    for parameter in parameters.get("parameter", ()):
        if parameter.get("name") == "input":
            plain["input"].append({part.get("name"): _value(part) for part in parameter.get("part", ())})
        else:
            plain[str(parameter.get("name"))] = _value(parameter)
    return plain


def _value(parameter: Json) -> object:
    return next((value for name, value in parameter.items() if name.startswith("value")), None)


def refuse_addresses(inputs: Sequence[Input], settings: Settings) -> None:
    """Raise NotAllowed for the first address that isn't under `import_from`."""
    allowed = [one.strip() for one in settings.import_from.split(",") if one.strip()]
    for one in inputs:
        if not any(_under(one.url, root) for root in allowed):
            raise NotAllowed(url=one.url)


def _under(url: str, root: str) -> bool:
    """Tell whether `url` lies under `root`, by scheme, host, port and folder."""
    try:
        asked, given = urlsplit(url), urlsplit(root)
    except ValueError:
        return False
    folder = given.path.rstrip("/") + "/"
    return (
        given.scheme in ("https", "http")
        and (asked.scheme, asked.netloc) == (given.scheme, given.netloc)
        and asked.path.startswith(folder)
        and url.isprintable()
        and not _climbs(asked.path)
    )


def _climbs(path: str) -> bool:
    """Tell whether a path may lead out of its folder, also where servers decode it once or twice."""
    return any(".." in form for form in (path, unquote(path), unquote(unquote(path))))


async def ask(connection: Connection, source: str, inputs: Sequence[Input]) -> str:
    """Note an import; give its id. Raises UnknownSource or SourceDisabled."""
    await sources.find_enabled(connection, source)
    id_ = new_id()
    kept = [msgspec.structs.replace(one, type=keepable(one.type)) for one in inputs]
    await connection.execute(
        "INSERT INTO import (id, source, inputs) VALUES (%s, %s, %s)",
        [id_, source, Jsonb(msgspec.to_builtins(kept))],
    )
    return id_


async def find(connection: Connection, id_: str) -> list[tuple[Input, Delivery | None]]:
    """Give the files of an import and what became of each. Raises NoImport."""
    row = await (await connection.execute("SELECT inputs FROM import WHERE id = %s", [id_])).fetchone()
    if row is None:
        raise NoImport(id=id_)
    inputs = msgspec.convert(row[0], list[Input])
    return [
        (one, None if one.delivery is None else await deliveries.find(connection, one.delivery))
        for one in inputs
    ]


async def fetch_all(hub: Hub, settings: Settings) -> None:
    """Fetch what was asked for and isn't fetched, one file after the other; each is noted when it is here."""
    async with hub.database.connection() as connection:
        rows = await (await connection.execute(_WAITING)).fetchall()
    for id_, source, raw in msgspec.convert(rows, list[tuple[str, str, list[Input]]]):
        for place, one in enumerate(raw):
            if one.state == "waiting":
                await _fetch(hub, settings, source, one)
                await _note(hub, id_, place, one)


async def _note(hub: Hub, id_: str, place: int, one: Input) -> None:
    async with hub.database.connection() as connection:
        await connection.execute(
            "UPDATE import SET inputs = jsonb_set(inputs, %s, %s) WHERE id = %s",
            [[str(place)], Jsonb(msgspec.to_builtins(one)), id_],
        )


async def _fetch(hub: Hub, settings: Settings, source: str, one: Input) -> None:
    try:
        refuse_addresses([one], settings)
        async with Spool(settings) as spool:
            await _download(one.url, spool)
            path = await asyncio.to_thread(spool.keep)
            async with hub.database.connection() as connection:
                one.delivery, new = await deliveries.register(
                    connection,
                    source=source,
                    name=one.url.rpartition("/")[2] or one.url,
                    hash_=spool.hash,
                    size=spool.size,
                    path=path,
                    owned=True,
                )
        if not new:
            path.unlink(missing_ok=True)
        one.state = "fetched"
    except IntakeError as error:
        one.state, one.fault = "failed", texts(error)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow none: the allowed address may not send the hub elsewhere."""


async def _download(url: str, spool: Spool) -> None:
    """Write a file into the spool. Raises NotFetched, also where it isn't whole."""
    opener = urllib.request.build_opener(_NoRedirects)
    try:
        answer = await asyncio.to_thread(opener.open, url, None, SECONDS)
        with answer:
            while block := await asyncio.to_thread(answer.read, BLOCK):
                await spool.write(block)
        # http.client takes an early end for the end where it is read in blocks.
        if (length := answer.headers["Content-Length"]) is not None and int(length) != spool.size:
            raise NotFetched(url=url, detail=Phrase("it ended too early"))
    except urllib.error.HTTPError as error:
        raise NotFetched(url=url, detail=f"HTTP {error.code}") from None
    except (OSError, ValueError, HTTPException) as error:
        raise NotFetched(url=url, detail=type(error).__name__) from None
