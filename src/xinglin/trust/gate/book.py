"""What one request leaves in the audit log: each decision and access, written before anything leaves."""

from collections.abc import Iterable
from dataclasses import replace

from xinglin.core.errors import TrustError, XinglinError
from xinglin.core.i18n import Phrase
from xinglin.hub.records import Key
from xinglin.trust.gate.asking import Asking
from xinglin.trust.gate.deciding import Deciding
from xinglin.trust.gate.errors import Closed, Hidden, Unproven
from xinglin.trust.log.entry import Outcome
from xinglin.trust.log.log import Appends
from xinglin.trust.policy.cases import Decision
from xinglin.trust.policy.texts import sentence

Named = Iterable[Key | tuple[str, str]]


class Book:
    """The lines of one request. `told` says whether there is one yet."""

    def __init__(self, log: Appends, deciding: Deciding, asking: Asking) -> None:
        self.asking = asking
        self.told = False
        self._log = log
        self._deciding = deciding

    def for_purpose(self, purpose: str) -> None:
        """Take note of the purpose, once it is known to be one that may be asked for."""
        self.asking = replace(self.asking, purpose=purpose)

    async def tell(
        self, action: str, *, rules: Iterable[str] = (), what: Named = (), patients: Iterable[str] = ()
    ) -> None:
        """Write down what was let pass."""
        await self._append(action, "allowed", rules=rules, what=what, patients=patients)

    async def failed(
        self, error: XinglinError, action: str, *, what: Named = (), patients: Iterable[str] = ()
    ) -> None:
        """Write down what wasn't let pass, or was and couldn't be done."""
        outcome = "denied" if isinstance(error, TrustError) else "failed"
        await self._append(action, outcome, what=what, patients=patients, error=error.code)

    async def unproven(self, action: str) -> Unproven:
        """Write down that nobody was known to ask; give the error to be raised."""
        await self._append(action, "denied", error=Unproven.code)
        return Unproven()

    async def closed(self, action: str, group: str, *, what: Named = (), place: str = "") -> Closed:
        """Write down that something isn't open; give the error to be raised."""
        said = await self._deciding.decide(self.asking, action, group)
        await self._append(action, "denied", rules=said.rules, what=what, error=Closed.code)
        name = self._deciding.policies.tables.name("actions", action)
        return Closed(action=name, **self._said(said), expression=place or None)

    async def hidden(self, action: str, key: Key, place: str = "") -> Hidden:
        """Write down that a record isn't open or isn't known; give the error to be raised."""
        said = await self._deciding.decide(self.asking, action, self._deciding.group_of(key.type))
        patients = [key.id] if key.type == "Patient" else []
        await self._append(action, "denied", what=[key], patients=patients, error=Hidden.code)
        return Hidden(key=key, **self._said(said), expression=place or None)

    def _said(self, said: Decision) -> dict[str, str | Phrase]:
        rules = ", ".join(said.openers) or "-"
        purpose = self._deciding.called(self.asking.purpose)
        return {"purpose": purpose, "rules": rules, "advice": sentence(said.remedy)}

    async def _append(
        self,
        action: str,
        outcome: Outcome,
        *,
        rules: Iterable[str] = (),
        what: Named = (),
        patients: Iterable[str] = (),
        **detail: str,
    ) -> None:
        entry = self.asking.entry(action, outcome, rules=rules, what=what, patients=patients, **detail)
        await self._log.append([entry])
        self.told = True
