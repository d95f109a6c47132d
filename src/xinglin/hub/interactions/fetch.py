"""The reading interactions by their address, as entries of a bundle name them."""

from urllib.parse import parse_qsl, unquote

from xinglin.core.i18n import Phrase
from xinglin.hub.database import Connection
from xinglin.hub.interactions.answers import Answer
from xinglin.hub.interactions.entries import BadEntry
from xinglin.hub.interactions.hubs import Reads
from xinglin.hub.outline import admit_type
from xinglin.hub.preconditions import version_of
from xinglin.hub.records import Key
from xinglin.hub.search.answer import searchset
from xinglin.hub.search.everything import OWNERS, AskedEverything
from xinglin.hub.search.search import Asked, Found
from xinglin.standards.search import Compartment


async def fetch(hub: Reads, url: str, *, base: str, connection: Connection | None = None) -> Answer:
    """Read or search what `url` says; on `connection` to see what its transaction wrote."""
    path, _, query = url.removeprefix(base).partition("?")
    parts = unquote(path).strip("/").split("/")
    if parts[0]:
        admit_type(parts[0])
    match parts:
        case [kind, id_] if not query and not id_.startswith(("_", "$")):
            return Answer(200, await hub.read(Key(kind, id_), connection))
        case [kind, id_, "_history", number]:
            return Answer(200, await hub.vread(Key(kind, id_), version_of(number) or 0, connection))
        case _:
            found = await _find(hub, parts, parse_qsl(query, keep_blank_values=True), base, connection)
    if found is None:
        detail = Phrase("{method} {url} isn't possible in a bundle", method="GET", url=url)
        raise BadEntry(detail=detail, expression="request.url")
    return Answer(200, body=searchset(found, base, hub.language))


async def _find(
    hub: Reads, parts: list[str], pairs: list[tuple[str, str]], base: str, connection: Connection | None
) -> Found | None:
    match parts:
        case ["Observation", "$lastn"]:
            return await hub.lastn(pairs, base, connection)
        case [kind, id_, "$everything"] if kind in OWNERS:
            return await hub.everything(AskedEverything(Key(kind, id_), pairs, base), connection)
        case [kind]:
            return await hub.search(Asked(pairs, kind or None, base=base), connection)
        case [owner, id_, "*"]:
            return await hub.search(Asked(pairs, None, Compartment(owner, id_), base=base), connection)
        case [owner, id_, kind] if kind[:1].isalpha():
            asked = Asked(pairs, admit_type(kind), Compartment(owner, id_), base=base)
            return await hub.search(asked, connection)
        case _:
            return None
