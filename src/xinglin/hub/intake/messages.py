"""Messages that come one by one: whose they are, and storing each before it is acknowledged."""

from hmac import compare_digest
from typing import Final

from xinglin.core.errors import IntakeError
from xinglin.hub.hub import Hub
from xinglin.hub.intake import sources
from xinglin.hub.intake.crew import loader
from xinglin.hub.intake.run import deliver_now
from xinglin.hub.intake.sources import Source
from xinglin.standards.hl7v2.ack import Outcome, Verdict, header_of

SENDER: Final = "mllp-sender"
"""The declaration that names a source's sender: `application@facility`, as MSH-3 and MSH-4 have them."""


CERTIFICATE: Final = "mllp-certificate"
"""The declaration that binds a source to the SHA-256 of its sender's certificate (hexadecimal)."""


class OtherCertificate(IntakeError):
    """A message in the name of a source, from somebody else's connection."""

    code = "XL7067"
    message = "The connection's certificate isn't the one that the source {source} declares."
    remedy = (
        "Send with its own certificate, or declare the new one: "
        "`xinglin source set {source} --declare mllp-certificate=SHA256`."
    )
    issue = "security"


class UnknownSender(IntakeError):
    """A message whose sender no source declares."""

    code = "XL7065"
    message = 'No source declares the sender "{sender}" (MSH-3@MSH-4).'
    remedy = "Declare it: `xinglin source set NAME --declare mllp-sender=APPLICATION@FACILITY`."
    issue = "not-found"


class Messages:
    """Receives HL7 v2 messages for the hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def receive(self, raw: bytes, peer: str, certificate: str) -> Outcome:
        """Store a message, or keep it in the refused queue; durable on return. Raises DatabaseError."""
        del peer
        try:
            source = await self._source(raw, certificate)
        except IntakeError as error:
            return Outcome(Verdict.UNREADABLE, error)
        _, error = await deliver_now(self._hub, await loader(self._hub), source, "mllp", raw)
        return Outcome(Verdict.TAKEN) if error is None else Outcome(Verdict.REFUSED, error)

    async def _source(self, raw: bytes, certificate: str) -> Source:
        sender = _sender(raw)
        async with self._hub.database.connection() as connection:
            known = await sources.list_all(connection)
        for source in known:
            if source.declared.get(SENDER) == sender and not source.disabled:
                wanted = source.declared.get(CERTIFICATE, "").replace(":", "").lower()
                if wanted and not compare_digest(wanted.encode(), certificate.encode()):
                    raise OtherCertificate(source=source.id)
                return source
        raise UnknownSender(sender=sender)


def _sender(raw: bytes) -> str:
    """Give `application@facility` of a message. Raises IntakeError where it has no readable header."""
    header = header_of(raw)
    component = header.own[1:2] or "^"
    return "@".join(header.field(number).partition(component)[0] for number in (3, 4))
