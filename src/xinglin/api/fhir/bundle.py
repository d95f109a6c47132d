"""batch and transaction: many interactions at once (http://hl7.org/fhir/R4/http.html#transaction)."""

from collections.abc import Sequence

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.core.errors import XinglinError
from xinglin.hub.bundles import bundle, entry
from xinglin.hub.interactions.answers import Answer
from xinglin.hub.interactions.batch import batch
from xinglin.hub.interactions.entries import read_entries
from xinglin.hub.outline import admit
from xinglin.standards.outcome import from_error


async def post_bundle(exchange: Exchange) -> Reply:
    """Answer `POST /fhir` with a Bundle of type batch or transaction."""
    kind, entries = read_entries(admit(await exchange.content()), exchange.settings.max_bundle_entries)
    answers: Sequence[Answer | XinglinError]
    if kind == "transaction":
        answers = await exchange.hub.transact(entries, base=exchange.base)
    else:
        answers = await batch(exchange.hub, entries, base=exchange.base)
    return Reply(200, bundle(f"{kind}-response", (_entry(exchange, answer) for answer in answers)))


def _entry(exchange: Exchange, answer: Answer | XinglinError) -> bytes:
    if isinstance(answer, XinglinError):
        told = from_error(answer, exchange.language)
        return entry(None, response={"status": str(answer.status), "outcome": told})
    reading = not answer.written
    show = reading or exchange.preferences.get("return") == "representation"
    full_url = f"{exchange.base}/{answer.record.key}" if answer.record is not None else None
    return entry(answer.content if show else None, full_url=full_url, response=answer.response())
