"""history: versions, newest first (http://hl7.org/fhir/R4/http.html#history)."""

import base64
import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.core.errors import RequestError
from xinglin.core.i18n import Phrase
from xinglin.hub.admission import admit_type
from xinglin.hub.bundles import Link, bundle, history_entry
from xinglin.hub.history import FOREVER, Place
from xinglin.hub.records import Key, Record, Unknown

DEFAULT_COUNT = 50
MOST = 1_000
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
    most = _count(exchange)
    records = await exchange.hub.history(
        kind=admit_type(kind) if kind is not None else None,
        id_=id_,
        since=_since(exchange),
        before=_place(exchange.request.query_params.get("_page")),
        most=most + 1,
    )
    if kind and id_ and not records and not exchange.request.query_params:
        raise Unknown(key=Key(kind, id_))
    return Reply(200, _bundle(exchange, records, most))


def _bundle(exchange: Exchange, records: Sequence[Record], most: int) -> bytes:
    address = f"{exchange.base}{exchange.request.url.path.partition('/fhir')[2]}"
    asked = dict(exchange.request.query_params)
    links = [Link("self", _url(address, asked))]
    if len(records) > most:
        records = records[:most]
        links.append(Link("next", _url(address, asked | {"_page": _token(records)})))
    return bundle("history", (history_entry(record, exchange.base) for record in records), links=links)


def _url(address: str, parameters: dict[str, str]) -> str:
    return f"{address}?{urlencode(parameters)}" if parameters else address


def _count(exchange: Exchange) -> int:
    value = exchange.request.query_params.get("_count", str(DEFAULT_COUNT))
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise BadParameter(
            name="_count", value=value, detail=Phrase("it must be a whole number from {least}", least=1)
        )
    return min(int(value), MOST)


def _since(exchange: Exchange) -> datetime | None:
    value = exchange.request.query_params.get("_since")
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value.replace(" ", "+"))
    except ValueError:
        raise BadParameter(name="_since", value=value, detail=Phrase("it must be an instant")) from None
    if moment.tzinfo is None:
        raise BadParameter(name="_since", value=value, detail=Phrase("an instant must state its time zone"))
    return moment


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
