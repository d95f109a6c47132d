"""Which record a change is about: by id, or by criteria in the query."""

from typing import TypedDict

from xinglin.api.fhir.exchange import Exchange
from xinglin.core.errors import RequestError
from xinglin.core.identifiers import is_id
from xinglin.hub.changes import BadId
from xinglin.hub.outline import admit_type
from xinglin.hub.preconditions import version_of
from xinglin.hub.records import Key

GENERAL = ("_format", "_pretty")
"""Parameters of the query that are about the answer's form."""


class Target(TypedDict):
    """The first arguments of a `Change`."""

    type: str
    key: Key | None
    criteria: str | None
    if_match: int | None


class NoTarget(RequestError):
    """A change of a whole type."""

    code = "XL3028"
    message = "{method} needs to know which {kind}."
    remedy = "Add the id, as in {kind}/1, or a condition, as in {kind}?identifier=system|value."
    issue = "required"


def target(exchange: Exchange) -> Target:
    """Read the target of an update, patch or deletion. Raises NoTarget."""
    kind, id_ = admit_type(exchange.type), exchange.path.get("id")
    parts = exchange.request.url.query.split("&")
    criteria = "&".join(part for part in parts if part and part.partition("=")[0] not in GENERAL)
    if id_ is None and not criteria:
        raise NoTarget(method=exchange.request.method, kind=kind)
    return Target(
        type=kind,
        key=_key(kind, id_) if id_ is not None else None,
        criteria=criteria if id_ is None else None,
        if_match=version_of(exchange.header("if-match") or None),
    )


def _key(kind: str, id_: str) -> Key:
    if not is_id(id_):
        raise BadId(found=id_)
    return Key(kind, id_)
