"""The door: what is refused of a record that is to be written."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from xinglin.core.exact_json import Json
from xinglin.hub.changes import Change, Create, Patch, Update
from xinglin.hub.consents import read as read_consent
from xinglin.standards.confidentiality import RuleSet
from xinglin.standards.definitions import Definitions
from xinglin.standards.outcome import InvalidRecord
from xinglin.standards.validation import Finding, validator

UNCLEAR = (
    "This part of the consent can't be evaluated, so it closes more than it says: a condition of a refusal "
    "is taken as met, one of a permission as not met."
)


class Admission:
    """The door: only records that keep the rules of FHIR and of the profiles they claim come in."""

    def __init__(
        self, definitions: Definitions, *, enforce: bool, labels: Callable[[], RuleSet] | None = None
    ) -> None:
        """Check by `definitions`; without `enforce` everything is let in, unchecked.

        `labels` gives the labels that records can have, by which consents are understood.
        """
        self._validator = validator(definitions)
        self._enforce = enforce
        self._labels = labels

    def notes(self, content: Json) -> list[Finding]:
        """Give what of a Consent can't be enforced as it is meant: more is closed for it, never less."""
        if content.get("resourceType") != "Consent" or self._labels is None:
            return []
        _, faults = read_consent(content, self._labels())
        return [Finding("warning", place, "consent-unclear", UNCLEAR) for place in faults]

    def examine(self, content: Json, profiles: Iterable[str] = ()) -> list[Finding]:
        """Give everything found in a record, of any severity."""
        return self._validator.validate(content, profiles=profiles)

    def check(self, change: Change) -> Change:
        """Give the change back if its record may come in. Raises InvalidRecord.

        A patch is checked when it is applied, on what it makes of the record.
        """
        if not self._enforce:
            return change
        match change:
            case Create(content=content) | Update(content=content) if content is not None:
                self._refuse_errors(content, change.place)
            case Patch(modify=modify):

                def checked(record: Json) -> Json:
                    return self._refuse_errors(modify(record), change.place)

                return replace(change, modify=checked)
            case _:
                pass
        return change

    def _refuse_errors(self, content: Json, place: str) -> Json:
        findings = self.examine(content)
        if any(finding.severity == "error" for finding in findings):
            refused = InvalidRecord(findings)
            refused.expression = place or None
            raise refused
        return content
