"""history: versions, newest first (http://hl7.org/fhir/R4/http.html#history)."""

import base64
import re
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.core.errors import RequestError
from xinglin.core.i18n import Phrase
from xinglin.hub.bundles import Link, bundle, history_entry
from xinglin.hub.outline import admit_key, admit_type
from xinglin.hub.records import Record, Unknown
from xinglin.trust.gate.values import FOREVER, Place

DEFAULT_COUNT = 50
MOST = 1_000
MOST_DIGITS = 9
PARAMETERS = ("_count", "_since", "_page", "_format", "_pretty")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[ +-]\d\d:\d\d)")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadParameter(RequestError):
    """A parameter of the query that can't be read."""

    code = "XL3046"
    message = 'The parameter {name} can\'t be "{value}": {detail}.'
    remedy = "Correct it, or leave it out."
    issue = "value"


async def history(exchange: Exchange) -> Reply:
    """Answer `GET /fhir/_history`, `/fhir/Patient/_history` and `/fhir/Patient/1/_history`."""
    kind, id_ = exchange.path.get("type"), exchange.path.get("id")
    key = admit_key(kind, id_) if kind is not None and id_ is not None else None
    _refuse_unknown_parameters(exchange)
    most = _count(exchange)
    records = await exchange.hub.history(
        kind=admit_type(kind) if kind is not None else None,
        id_=id_,
        since=_since(exchange),
        before=_place(exchange.request.query_params.get("_page")),
        most=most + 1,
    )
    if key is not None and not records and not {"_since", "_page"} & exchange.request.query_params.keys():
        raise Unknown(key=key)
    return Reply(200, _bundle(exchange, records, most))


def _bundle(exchange: Exchange, records: Sequence[Record], most: int) -> bytes:
    address = f"{exchange.base}{exchange.request.url.path.partition('/fhir')[2]}"
    asked = dict(exchange.request.query_params)
    links = [Link("self", _url(address, asked))]
    following, records = len(records) > most > 0, records[:most]
    if following:
        links.append(Link("next", _url(address, asked | {"_page": _token(records)})))
    return bundle("history", (history_entry(record, exchange.base) for record in records), links=links)


def _url(address: str, parameters: dict[str, str]) -> str:
    return f"{address}?{urlencode(parameters)}" if parameters else address


def _refuse_unknown_parameters(exchange: Exchange) -> None:
    """Refuse what isn't understood, unless the client prefers lenient handling."""
    if exchange.preferences.get("handling") == "lenient":
        return
    for name, value in exchange.request.query_params.items():
        if name not in PARAMETERS:
            known = Phrase("history takes {names}", names=", ".join(PARAMETERS))
            raise BadParameter(name=name, value=value, detail=known)


def _count(exchange: Exchange) -> int:
    value = exchange.request.query_params.get("_count", str(DEFAULT_COUNT))
    if not (value.isascii() and value.isdigit() and len(value) <= MOST_DIGITS):
        raise BadParameter(
            name="_count", value=value, detail=Phrase("it must be a whole number from {least}", least=0)
        )
    return min(int(value), MOST)


def _since(exchange: Exchange) -> datetime | None:
    value = exchange.request.query_params.get("_since")
    if value is None:
        return None
    if _INSTANT.fullmatch(value) is None:
        raise BadParameter(
            name="_since", value=value, detail=Phrase("it must be an instant, with its time zone")
        )
    try:
        return datetime.fromisoformat(value.replace(" ", "+"))
    except ValueError:
        raise BadParameter(name="_since", value=value, detail=Phrase("there is no such time")) from None


def _token(records: Sequence[Record]) -> str:
    last = records[-1]
    packed = struct.pack("!qq", (last.updated - EPOCH) // timedelta(microseconds=1), last.seq)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _place(token: str | None) -> Place:
    if token is None:
        return FOREVER
    try:
        microseconds, seq = struct.unpack("!qq", base64.urlsafe_b64decode(token + "=="))
        return EPOCH + timedelta(microseconds=microseconds), seq
    except (ValueError, struct.error, OverflowError):
        raise BadParameter(
            name="_page", value=token, detail=Phrase("follow the links that the hub gave")
        ) from None
