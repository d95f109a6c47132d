"""One request as the gate knows it, and the line that it leaves in the audit log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from xinglin.hub.records import Key
from xinglin.trust.gate.telling import named
from xinglin.trust.log.entry import Entry, Outcome
from xinglin.trust.who import Who


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, for what purpose (a code of HL7 v3 PurposeOfUse), and through which door.

    `interaction` names the door (see `doors`), `request` is the request's id, `query` what was asked as it
    was sent, `address` where from.
    """

    who: Who
    purpose: str
    interaction: str = ""
    query: str = ""
    address: str = ""
    request: str = ""
    detail: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)

    def entry(
        self,
        action: str,
        outcome: Outcome,
        *,
        rules: Iterable[str] = (),
        what: Iterable[Key | tuple[str, str]] = (),
        patients: Iterable[str] = (),
        **detail: str,
    ) -> Entry:
        """Make the entry of what was done or tried."""
        told = {"interaction": self.interaction, "request": self.request, **self.detail, **detail}
        return Entry(
            who=self.who,
            action=action,
            outcome=outcome,
            purpose=self.purpose,
            rules=tuple(rules),
            what=named(what),
            patients=tuple(dict.fromkeys(patients)),
            query=self.query,
            address=self.address,
            detail={name: value for name, value in told.items() if value},
        )
