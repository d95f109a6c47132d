"""What a check found: how bad, where, which rule, and a sentence that says what to do.

Checks write `Draft`s whose location is relative and grows from the inside out, so that a faultless element
costs nothing; `Finding`s are what callers get.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from xinglin.core.i18n import translate, translated

Severity = Literal["error", "warning", "information"]

MESSAGES: Final[Mapping[str, str]] = {
    "resource-type": "Give a FHIR R4 resource type in resourceType; “{found}” isn't one.",
    "type": "Give {expected} here; the value is {found}.",
    "array": "Put the value into an array: “{name}” may repeat.",
    "not-array": "Give “{name}” as one value, not as an array.",
    "empty": "Give “{name}” content or leave it out; it is empty.",
    "null": "Remove the null; in an array it needs an extension in the same place of “_{name}”.",
    "unknown-element": "Remove “{name}”: {type} has no such element.",
    "cardinality-min": "Add “{name}”: {min} or more needed, {count} given.",
    "cardinality-max": "Give at most {max} of “{name}”; {count} are given.",
    "choice": "Keep only one of {names}: they are alternatives.",
    "format": "Write “{value}” as the type {type} asks: {hint}.",
    "range": "Give a number between {min} and {max}; {value} isn't.",
    "length": "Shorten the text to {max} characters or fewer; it has {count}.",
    "binding-required": "Use a code of the value set {valueset}; {found} isn't in it.",
    "binding-max": "Use a code of the value set {valueset}; {found} isn't in it and nothing else is allowed.",
    "binding-extensible": ("Use a code of the value set {valueset} if one fits; {found} isn't in it."),
    "binding-preferred": "Consider a code of the value set {valueset}; {found} isn't in it.",
    "binding-unchecked": (
        "Check {found} against the value set {valueset} elsewhere; it can't be decided here."
    ),
    "code-missing": "Add a code of the value set {valueset}; only text is given.",
    "code-unknown": "Use a code that {system} defines; it has no “{code}”.",
    "code-display": "Write the display as {system} does, “{display}”, not “{found}”.",
    "system-relative": "Give the system as an absolute URI; “{system}” is relative.",
    "system-is-value-set": "Name the code system, not the value set {system}.",
    "system-missing": "Add the system; the code “{code}” means nothing without it.",
    "identifier-uri": "Give a whole URI as the value, as its system asks; “{value}” isn't one.",
    "unit": "Use a valid UCUM unit; “{code}” isn't one.",
    "fixed": "Give exactly {expected} here.",
    "pattern": "Give a value that contains {expected}.",
    "slice-min": "Add a “{name}” that fits the slice {slice}: {min} or more needed, {count} given.",
    "slice-max": "Give at most {max} of “{name}” that fit the slice {slice}; {count} are given.",
    "slice-closed": "Remove this “{name}”: it fits none of the slices {slices}, and no other is allowed.",
    "slice-order": "Put the “{name}” of slice {slice} in the order of the profile: {slices}.",
    "slice-undecided": (
        "Check the slices of “{name}” elsewhere; how they are told apart can't be decided here."
    ),
    "invariant": "Correct the element so that rule {key} holds: {human}",
    "invariant-undecided": "Check rule {key} elsewhere; it can't be evaluated here: {detail}",
    "reference-target": "Refer to {expected}; “{reference}” is a {found}.",
    "reference-type": "Make Reference.type ({type}) and reference (“{reference}”) name the same type.",
    "reference-format": (
        "Write the reference as Type/id, an absolute URL, urn:uuid:… or #id; “{reference}” is neither."
    ),
    "reference-contained": "Add a contained resource with the id “{id}”, or correct the reference.",
    "reference-bundle": (
        "Add an entry with the fullUrl of “{reference}” to the Bundle, or correct the reference."
    ),
    "reference-empty": "Give the reference a reference, an identifier or a display.",
    "contained-id": "Give the contained resource an id.",
    "contained-duplicate": "Give each contained resource its own id; “{id}” is used twice.",
    "narrative": "Correct the narrative: {detail}.",
    "narrative-xhtml": "Correct the narrative: it isn't well-formed XHTML ({detail}).",
    "narrative-script": "Correct the narrative: {name} must not run a script.",
    "txt-1": "Remove {name} from the narrative; only plain formatting is allowed.",
    "txt-2": "Give the narrative's div some text, or leave the narrative out.",
    "narrative-entity": "Write &#{number}; in place of &{name}; in the narrative.",
    "extension-unknown": "Check the extension {url} elsewhere; its definition isn't installed.",
    "extension-not-defined": "Remove the extension {url} or correct its url: FHIR R4 has no such extension.",
    "extension-modifier-unknown": "Remove the modifier extension {url}: its meaning isn't known here.",
    "extension-modifier": "Move the extension {url} to {place}.",
    "extension-context": "Move the extension {url}: it may be used on {allowed}, not on {found}.",
    "extension-depth": "Nest extensions at most {limit} deep.",
    "depth": "Nest the record less deeply; it can't be checked like this.",
    "extension-url": "Give the extension an absolute url; “{url}” isn't one.",
    "profile-unknown": "Check against the profile {url} elsewhere; it isn't installed.",
    "profile-type": "Remove the profile {url}: it is for {expected}, not for {found}.",
    "profile-unusable": "Check against the profile {url} elsewhere; it has no usable snapshot.",
    "bundle-full-url": "Give the entry a fullUrl; only entries of batches and transactions may lack one.",
    "bundle-full-url-relative": "Give the entry an absolute fullUrl; “{url}” is relative.",
    "bundle-full-url-id": "Make the id (“{id}”) and the end of the fullUrl (“{url}”) the same.",
    "bundle-full-url-type": "Make the fullUrl (“{url}”) end with {expected}, as on a FHIR server.",
    "code-system-unknown": "Correct the system: FHIR R4 has no code system {system}.",
    "bundle-first": "Put a {expected} first in a Bundle of type {type}.",
    "canonical-type": "Name a {expected}; {url} is a {found}.",
    "canonical-relative": "Give the canonical as an absolute URL or #id; “{url}” is neither.",
    "questionnaire-link": "Correct the linkId “{link}”: the questionnaire has none such there.",
    "questionnaire-required": "Answer the question “{link}”; it is required.",
    "questionnaire-repeats": "Give one answer; {count} are given and the question doesn't repeat.",
    "questionnaire-no-answer": "Remove the answers: an item of type {type} takes none.",
    "questionnaire-type": "Answer as the question asks, with a {type}, not with {found}.",
    "questionnaire-option": "Choose one of the options of the question; {found} isn't one.",
    "attachment-size": "Correct the size: it says {size} bytes, the data has {real}.",
    "element-id": "Give each element of the record its own id; “{id}” is used twice.",
    "expression": "Correct the expression: {detail}",
}
"""English sentences (message ids) by rule. The Chinese stands in the catalogue."""


_ISSUES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("json", "type", "array", "not-array", "empty", "null", "choice"), "structure"),
    **dict.fromkeys(("resource-type", "unknown-element", "depth", "slice", "element-id"), "structure"),
    "consent-unclear": "not-supported",
    **dict.fromkeys(("cardinality-min", "slice-min", "contained-id", "questionnaire-required"), "required"),
    **dict.fromkeys(
        ("cardinality-max", "questionnaire-repeats", "bundle-full-url", "bundle-first"), "structure"
    ),
    **dict.fromkeys(
        ("format", "range", "length", "fixed", "pattern", "attachment-size", "canonical"), "value"
    ),
    **dict.fromkeys(
        ("identifier-uri", "narrative", "txt-1", "txt-2", "expression", "questionnaire"), "value"
    ),
    **dict.fromkeys(("binding", "code", "system", "unit"), "code-invalid"),
    **dict.fromkeys(("reference-target", "reference-type", "reference-format", "reference-empty"), "value"),
    **dict.fromkeys(("reference-contained", "reference-bundle"), "not-found"),
    **dict.fromkeys(("contained-duplicate",), "duplicate"),
    **dict.fromkeys(("extension", "profile"), "extension"),
    "bundle": "value",
    "profile-type": "invalid",
}
"""FHIR IssueType by rule or by the first word of a rule; invariants are "invariant"."""


class Draft:
    """A finding in the making; `location` is relative to the element checked: "" or ".name[0].given"."""

    __slots__ = ("location", "message", "params", "rule", "severity")

    def __init__(
        self,
        severity: Severity,
        rule: str,
        *,
        location: str = "",
        message: str | None = None,
        params: Mapping[str, object] | None = None,
    ) -> None:
        """Note a breach of `rule`; `message` is the key of MESSAGES where that isn't the rule itself."""
        self.severity: Severity = severity
        self.rule = rule
        self.location = location
        self.message = message or rule
        self.params: Mapping[str, object] = params or {}


Drafts = list[Draft]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found in a record.

    `location` is a FHIRPath ("Patient.name[0].given[1]"; the resource type alone for the whole record).
    `rule` is a stable id ("cardinality-min", or an invariant's key such as "pat-1"). `message` and `params`
    make the sentence.
    """

    severity: Severity
    location: str
    rule: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict[str, object])

    @property
    def issue(self) -> str:
        """The FHIR IssueType code (http://hl7.org/fhir/R4/valueset-issue-type.html)."""
        if self.severity == "information":
            return "informational"
        return _ISSUES.get(self.rule) or _ISSUES.get(self.rule.partition("-")[0], "invariant")

    def text(self, language: str = "en") -> str:
        """Say what to do, in `language` ("en" or "zh")."""
        return translate(self.message, language).format_map(translated(self.params, language))


def error(rule: str, /, **params: object) -> Draft:
    """Note an error: the record can't be accepted."""
    return Draft("error", rule, params=params)


def warning(rule: str, /, **params: object) -> Draft:
    """Note a warning: acceptable, but worth correcting."""
    return Draft("warning", rule, params=params)


def information(rule: str, /, **params: object) -> Draft:
    """Note something that couldn't be decided here."""
    return Draft("information", rule, params=params)


def at(prefix: str, drafts: Drafts) -> Drafts:
    """Move `drafts` below `prefix` (".name", "[2]"); the same list."""
    for draft in drafts:
        draft.location = prefix + draft.location
    return drafts


def excerpt(value: object) -> str:
    """Show a value in a message without repeating a whole document."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def settle(root: str, drafts: Drafts) -> list[Finding]:
    """Turn `drafts` about a `root` ("Patient") into findings, each once, in the order found."""
    seen: set[tuple[str, str, str]] = set()
    found: list[Finding] = []
    for draft in drafts:
        location = root + draft.location
        key = (location, draft.rule, repr(draft.params) if draft.params else "")
        if key not in seen:
            seen.add(key)
            found.append(Finding(draft.severity, location, draft.rule, MESSAGES[draft.message], draft.params))
    return found
