"""AuditEvent: who read and changed what, out of the audit log (http://hl7.org/fhir/R4/auditevent.html).

It is read and searched like any record; nobody writes it but the hub. A person sees who used the own records.
"""

from urllib.parse import parse_qsl

from xinglin.api.fhir.exchange import Exchange, Reply
from xinglin.api.fhir.search import posted_pairs
from xinglin.core.exact_json import dumps
from xinglin.hub.records import Key, Unknown
from xinglin.trust.gate.rooms import audit as room
from xinglin.trust.log.asked import read_asked, searchset
from xinglin.trust.log.auditevent import audit_event
from xinglin.trust.log.find import Asked

MOST_DIGITS = 18


async def read(exchange: Exchange) -> Reply:
    """Answer `GET /fhir/AuditEvent/17`."""
    id_ = exchange.path["id"]
    if not (id_.isascii() and id_.isdecimal() and len(id_) <= MOST_DIGITS):
        raise Unknown(key=Key("AuditEvent", id_))
    found = await room.find(exchange.hub, Asked(numbers=(int(id_),)), None, 1)
    if not found.entries:
        raise Unknown(key=Key("AuditEvent", id_))
    (one,) = found.entries
    return Reply(200, dumps(audit_event(one.number, one.told, exchange.base)))


async def search(exchange: Exchange) -> Reply:
    """Answer `GET /fhir/AuditEvent?patient=1&date=ge2026-11-01`, the latest first, and `POST …/_search`."""
    pairs = parse_qsl(exchange.request.url.query, keep_blank_values=True)
    if exchange.request.method == "POST":
        pairs += await posted_pairs(exchange)
    asked, before, most = read_asked(pairs, exchange.settings.time_zone)
    found = await room.find(exchange.hub, asked, before, most)
    return Reply(200, searchset(found, origin=exchange.base, base=exchange.base, pairs=pairs))
