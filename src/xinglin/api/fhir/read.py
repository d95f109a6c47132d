"""read: the current version of a record (http://hl7.org/fhir/R4/http.html#read)."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from xinglin.api.fhir.exchange import Exchange, Reply, record_headers
from xinglin.hub.outline import admit_key
from xinglin.hub.records import Record


async def read(exchange: Exchange) -> Reply:
    """Answer `GET /fhir/Patient/1`."""
    record = await exchange.hub.read(admit_key(exchange.type, exchange.path["id"]))
    return show(exchange, record)


def show(exchange: Exchange, record: Record) -> Reply:
    """Show a record, or say 304 where the client has it already."""
    headers = record_headers(record)
    if _known(exchange, record):
        return Reply(304, None, headers)
    return Reply(200, record.body, headers)


def _known(exchange: Exchange, record: Record) -> bool:
    tags = exchange.header("if-none-match")
    if tags:
        return tags.strip() == "*" or record.etag in (tag.strip() for tag in tags.split(","))
    try:
        since = parsedate_to_datetime(exchange.header("if-modified-since"))
        since = since.replace(tzinfo=since.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):  # missing, or no date: RFC 9110 has it ignored
        return False
    return record.updated.replace(microsecond=0) <= since <= datetime.now(UTC)
