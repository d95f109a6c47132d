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
