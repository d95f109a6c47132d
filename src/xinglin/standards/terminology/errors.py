"""What can be wrong with a question about codes: codes XL8001 to XL8019."""

from xinglin.core.errors import TerminologyError


class UnknownSystem(TerminologyError):
    """The code system isn't known, or not in that version."""

    code = "XL8001"
    message = "The code system {url} isn't known here."
    remedy = "Check its address and version, or load it: `xinglin terminology load`."
    status = 404
    issue = "not-found"


class UnknownCode(TerminologyError):
    """The code system has no such code."""

    code = "XL8002"
    message = 'The code system {url} has no code "{value}".'
    remedy = "Check the code; codes are case-sensitive in most systems."
    status = 404
    issue = "not-found"


class UnknownValueSet(TerminologyError):
    """The value set isn't known, or not in that version."""

    code = "XL8003"
    message = "The value set {url} isn't known here."
    remedy = "Check its address and version, or store the ValueSet first."
    status = 404
    issue = "not-found"


class UnknownMap(TerminologyError):
    """The concept map isn't known, or not in that version."""

    code = "XL8004"
    message = "The concept map {url} isn't known here."
    remedy = "Check its address and version, or store the ConceptMap first."
    status = 404
    issue = "not-found"


class CircularValueSet(TerminologyError):
    """A value set imports itself, directly or through others."""

    code = "XL8005"
    message = "The value set {url} imports itself: {chain}."
    remedy = "Take the import that closes the circle out of one of these value sets."


class TooCostly(TerminologyError):
    """The expansion would be too large to be given or worked with at once."""

    code = "XL8006"
    message = "The value set holds more than {limit} codes."
    remedy = "Ask for a page with `count` (and `offset`), or narrow it with `filter`."
    issue = "too-costly"


class NotListable(TerminologyError):
    """The codes of a grammar can't be listed."""

    code = "XL8007"
    message = "The codes of {url} follow a grammar and can't be listed."
    remedy = "Ask with $validate-code whether a code is good."
    issue = "too-costly"


class BadFilter(TerminologyError):
    """A filter of a value set can't be applied."""

    code = "XL8008"
    message = "The filter {property} {op} {value} can't be applied to {url}."
    remedy = (
        "Use concept, code, display, parent, child or a property of the system, with =, is-a, descendent-of, "
        "is-not-a, generalizes, in, not-in, exists or regex."
    )
    issue = "not-supported"


class MissingParameter(TerminologyError):
    """The request lacks what the operation needs."""

    code = "XL8009"
    message = "The operation needs the parameter {names}."
    remedy = "Add it to the address or to the Parameters that you send."
    status = 400
    issue = "required"


class BadParameterValue(TerminologyError):
    """A parameter's value can't be used."""

    code = "XL8010"
    message = 'The parameter {name} can\'t be "{value}".'
    remedy = "See http://hl7.org/fhir/R4/terminology-service.html for what it may be."
    status = 400
    issue = "value"


class NotOffered(TerminologyError):
    """A parameter that would change the answer isn't understood here."""

    code = "XL8011"
    message = "The parameter {name} isn't offered here."
    remedy = "Ask without it."
    status = 400
    issue = "not-supported"


class NoSubsumption(TerminologyError):
    """The hierarchy of the system doesn't say what is a kind of what."""

    code = "XL8012"
    message = "The hierarchy of {url} is {meaning}; it says nothing about what is a kind of what."
    remedy = "Ask about a system whose hierarchy means is-a."
    issue = "not-supported"


class BadResource(TerminologyError):
    """A CodeSystem, ValueSet or ConceptMap that can't be read."""

    code = "XL8013"
    message = "The {kind} can't be read: {detail}."
    remedy = "Correct it; $validate names what is wrong."
    status = 400
    issue = "invalid"


class NotComplete(TerminologyError):
    """Only some of the system's concepts are known here, so its codes can't be listed."""

    code = "XL8014"
    message = "Of the code system {url} not all concepts are known here."
    remedy = "Load it: `xinglin terminology load`."
    status = 404
    issue = "not-found"
