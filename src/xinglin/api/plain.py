"""JSON for programs that administer the hub: what addresses beside FHIR share.

Errors, logs, metrics and compression are those of every interaction (see `fhir.exchange`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar, cast

from starlette.routing import Route

from xinglin.api.fhir.exchange import Exchange, Handler, Reply, interaction
from xinglin.core.errors import RequestError
from xinglin.core.exact_json import Json, dumps
from xinglin.core.i18n import Phrase

JSON: Final = "application/json"
CONTENT_TYPE: Final = f"{JSON}; charset=utf-8"
MOST: Final = 1_000
"""Entries on one page at most, where an address says nothing else."""
LARGEST: Final = 10**18 - 1
"""The largest number that is read: it fits the database's own."""

Default = TypeVar("Default", bound=int | None)
Entry = tuple[str, str, str, Handler]
"""Method, address, name in logs and metrics, and the function."""


class WrongParameter(RequestError):
    """Something that an address needs is missing, or isn't what it must be."""

    code = "XL3070"
    message = "{name} is missing or can't be used: {detail}."
    remedy = "Correct it; the documentation tells what each address takes."


def routes(table: Iterable[Entry]) -> list[Route]:
    """Give the routes of a table."""
    return [Route(path, interaction(name, handle), methods=[method]) for method, path, name, handle in table]


def reply(
    content: object, status: int = 200, headers: Mapping[str, str] | None = None, *, language: str = ""
) -> Reply:
    """Answer with JSON; `language` is the one that texts in it are written in."""
    spoken = {"Content-Language": language} if language else {}
    return Reply(
        status, dumps(cast("Any", content)), {"Content-Type": CONTENT_TYPE, **spoken, **(headers or {})}
    )


def number(
    exchange: Exchange, name: str, default: Default, *, least: int = 0, most: int = LARGEST
) -> int | Default:
    """Read a whole number from the address's query. Raises WrongParameter."""
    given = exchange.request.query_params.get(name)
    return default if given is None else whole(given, name, least=least, most=most)


def whole(given: str, name: str, *, least: int = 0, most: int = LARGEST) -> int:
    """Read a whole number, written in digits only. Raises WrongParameter."""
    # the length is looked at first: reading very many digits takes long
    if (
        given.isascii()
        and given.isdigit()
        and len(given) <= len(str(LARGEST))
        and least <= int(given) <= most
    ):
        return int(given)
    detail = Phrase("it must be a whole number from {least} to {most}", least=least, most=most)
    raise WrongParameter(name=name, detail=detail)


def text(given: Mapping[str, Any], name: str) -> str:
    """Read a text of a body or a query. Raises WrongParameter where there is none, or only blanks."""
    found = given.get(name)
    if not isinstance(found, str) or not found.strip():
        raise WrongParameter(name=name, detail=Phrase("it must be a text"))
    return found


async def content(exchange: Exchange) -> Json:
    """Read the body as a JSON object. Raises RequestError."""
    found = await exchange.content(JSON, "application/fhir+json")
    if not isinstance(found, dict):
        raise WrongParameter(name=Phrase("the body"), detail=Phrase("it must be a JSON object"))
    return cast("Json", found)
