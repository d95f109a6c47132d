"""What can be wrong with the tables of confidentiality."""

from xinglin.core.errors import TrustError


class FaultyLabelTable(TrustError):
    """A table of labels that can't be used."""

    code = "XL9401"
    message = "The table {file} can't be used: row {row}, column {column}: {detail}."
    remedy = "Correct the row and check it with `xinglin label check FILE` (docs/confidentiality.md)."
    status = 500
    issue = "invalid"
    exit_code = 12
