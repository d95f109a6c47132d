"""What can be wrong with policies, their tables, relations and grants."""

from xinglin.core.errors import TrustError


class FaultyPolicy(TrustError):
    """A policy file can't be used."""

    code = "XL9301"
    message = "The policy file {file} can't be used: {detail}."
    remedy = "Correct it and run `xinglin policy check`; until then the policies before it stay in force."
    status = 500
    issue = "exception"


class FaultyPolicyTable(TrustError):
    """A table beside the policies can't be used."""

    code = "XL9302"
    message = "The policy table {file} can't be used: row {row}, column {column}: {detail}."
    remedy = "Correct the cell and run `xinglin policy check`; until then the tables before it stay in force."
    status = 500
    issue = "exception"


class NoSuchWord(TrustError):
    """A question about policies names what no table has."""

    code = "XL9303"
    message = 'In {kind}, "{word}" isn\'t known.'
    remedy = "Use one of: {known}."
    status = 400
    issue = "code-invalid"


class UnknownGrant(TrustError):
    """There is no such grant."""

    code = "XL9304"
    message = "There is no grant {number}."
    remedy = "List them with `xinglin policy grant list` or `xinglin policy emergency list`."
    status = 404
    issue = "not-found"


class ReasonTooShort(TrustError):
    """Emergency access was asked for without saying enough why."""

    code = "XL9305"
    message = "Emergency access needs a reason: {detail}."
    remedy = "Say which emergency it is ({known}), and in {least} characters or more what has happened."
    status = 422
    issue = "required"


class MayNotAsk(TrustError):
    """Who asks for emergency access may never have it."""

    code = "XL9306"
    message = "You can't be given emergency access."
    remedy = "What you can do: {remedy}."


class NoReview(TrustError):
    """A review that can't be made."""

    code = "XL9307"
    message = "Grant {number} can't be reviewed: {detail}."
    remedy = "List what waits for a review with `xinglin policy emergency list`."
    status = 409
    issue = "conflict"


class WrongGrant(TrustError):
    """A grant that can't be given as it was asked for."""

    code = "XL9308"
    message = "{name} of the grant can't be {value}: {detail}."
    remedy = "Correct it; `xinglin policy grant add --help` tells what each means."
    status = 422
    issue = "value"


class FaultyCases(TrustError):
    """A table of cases can't be read."""

    code = "XL9309"
    message = "The table of cases {file} can't be used, row {row}: {detail}."
    remedy = "Correct the row; docs/policies.md tells what each column holds."
    status = 422
    issue = "value"
