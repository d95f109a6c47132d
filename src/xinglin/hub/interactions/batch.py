"""batch: each entry on its own (http://hl7.org/fhir/R4/http.html#transaction)."""

from collections.abc import Sequence

from xinglin.core.errors import XinglinError
from xinglin.core.exact_json import Json
from xinglin.core.telemetry import describe, logger
from xinglin.hub.interactions.answers import Answer, answer_change
from xinglin.hub.interactions.entries import METHODS, Entry, at, read_entry
from xinglin.hub.interactions.fetch import fetch
from xinglin.hub.interactions.hubs import Batches

ORDER = {method: place for place, method in enumerate(METHODS)}


async def batch(hub: Batches, raw: Sequence[Json], *, base: str) -> list[Answer | XinglinError]:
    """Carry out the entries one by one, deletions first, reads last; each gets an answer or an error."""
    answers: dict[int, Answer | XinglinError] = {}
    entries: list[tuple[int, Entry]] = []
    for number, entry in enumerate(raw):
        try:
            entries.append((number, read_entry(entry, number, base)))
        except XinglinError as error:
            answers[number] = error
    for number, entry in sorted(entries, key=lambda pair: ORDER[pair[1].method]):
        answers[number] = await _answer(hub, entry, base)
    return [answers[number] for number in range(len(raw))]


async def _answer(hub: Batches, entry: Entry, base: str) -> Answer | XinglinError:
    try:
        with at(entry.place):
            if entry.change is None:
                return await fetch(hub, entry.url, base=base)
            return answer_change(entry.change, await hub.change(entry.change))
    except XinglinError as error:
        return error
    except Exception as error:  # what the other entries did is done and must be told
        logger().error("batch entry failed", code=XinglinError.code, **describe(error))
        return XinglinError(expression=entry.place)
