"""What can be wrong with rules of data quality and with questions about their results."""

from xinglin.core.errors import IntakeError


class FaultyTable(IntakeError):
    """A table of rules can't be used."""

    code = "XL7601"
    message = "The rule table {file} can't be used: row {row}, column {column}: {detail}."
    remedy = "Correct the row; `xinglin quality check FILE` checks a table before it is used."


class UnknownRule(IntakeError):
    """A rule that nobody defined."""

    code = "XL7602"
    message = "There is no quality rule {rule}."
    remedy = "List the rules with `xinglin quality rules`."
    status = 404
    issue = "not-found"


class WrongPeriod(IntakeError):
    """Days that can't be read, or stand in the wrong order."""

    code = "XL7603"
    message = "The days {first} to {last} are no period."
    remedy = "Write days as 2026-11-21, the first before the last, and no more than {most} days."
    status = 400


class WrongReport(IntakeError):
    """A report is asked for in a form that isn't made."""

    code = "XL7604"
    message = "No report is written as {file}."
    remedy = "Name a folder, or a file that ends in .html or .xlsx."
    status = 400
