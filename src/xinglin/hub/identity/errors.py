"""What can be wrong with questions and decisions about identity: codes XL7700 to XL7719."""

from xinglin.core.errors import IntakeError


class UnknownPerson(IntakeError):
    """No source Patient and no golden Patient has this id."""

    code = "XL7700"
    message = "No person is known by {id}."
    remedy = "Give the id of a Patient; one that has just come is matched within seconds."
    status = 404
    issue = "not-found"


class UnknownPair(IntakeError):
    """No such pair waits or was decided."""

    code = "XL7701"
    message = "{first} and {second} are no pair that was compared."
    remedy = "Look at the pairs that wait with `xinglin identity review list`."
    status = 404
    issue = "not-found"


class DecidedBefore(IntakeError):
    """Somebody else decided on the pair first."""

    code = "XL7702"
    message = "{first} and {second} were decided on before, by {who} (decision {id})."
    remedy = "Look at the decision with `xinglin identity history`, and undo it first if it is wrong."
    status = 409
    issue = "conflict"


class OtherwiseNow(IntakeError):
    """The person isn't any more what whoever decided had seen."""

    code = "XL7703"
    message = "{id} doesn't belong to {golden} any more, or never did."
    remedy = "Look at the person as it is now with `xinglin identity person`, and decide again."
    status = 409
    issue = "conflict"


class AgainstDecisions(IntakeError):
    """A decision would contradict others that are in force."""

    code = "XL7704"
    message = "{first} and {second} would be held together and apart at once, by decisions {ids}."
    remedy = "Undo one of these decisions first, or split the person."
    status = 409
    issue = "conflict"


class UnknownDecision(IntakeError):
    """There is no decision of this number."""

    code = "XL7705"
    message = "There is no decision {id}."
    remedy = "List the decisions with `xinglin identity history`."
    status = 404
    issue = "not-found"


class UndoneBefore(IntakeError):
    """The decision isn't in force."""

    code = "XL7706"
    message = "Decision {id} was undone before, by decision {by}."
    remedy = "To bring it back, undo decision {by}."
    status = 409
    issue = "conflict"


class NoReasonGiven(IntakeError):
    """A decision without who or why."""

    code = "XL7707"
    message = "A decision on identity needs a reason and the name of whoever decides."
    remedy = "Give both; they are kept with the decision."
    issue = "required"


class WrongDecision(IntakeError):
    """A decision that can't be: too few or the wrong ids."""

    code = "XL7708"
    message = "{action} can't be done with these ids: {detail}."
    remedy = "Look at docs/identity.md for what each decision takes."
    issue = "value"


class FaultyIdentityTable(IntakeError):
    """A table of identity can't be used."""

    code = "XL7709"
    message = "The table {file} can't be used: row {row}: {detail}."
    remedy = "Correct the row, or install Xinglin anew."


class UnknownDomain(IntakeError):
    """PIXm: the hub knows no identifiers of this system."""

    code = "XL7711"
    message = "{parameter}: no identifiers of the system {system} are known here."
    remedy = "Give the system of an identifier that the sources' Patients carry."
    status = 404
    issue = "code-invalid"


class UnknownSourceIdentifier(IntakeError):
    """PIXm: no Patient has the identifier."""

    code = "XL7712"
    message = "sourceIdentifier: no Patient has this identifier."
    remedy = "Check its system and its value."
    status = 404
    issue = "not-found"
