"""What can be wrong with a question about a person's record."""

from xinglin.core.errors import IntakeError


class WrongFilter(IntakeError):
    """A parameter of a question about a person can't be read."""

    code = "XL7770"
    message = "{name} can't be {value}: {detail}."
    remedy = "Correct it; docs/lifelong-record.md tells what each parameter means."
    status = 400
    issue = "value"


class TooManyRecords(IntakeError):
    """A person has more records than one answer reads."""

    code = "XL7771"
    message = "{person} has more than {most} records of these kinds."
    remedy = "Ask for fewer kinds at once."
    status = 422
    issue = "too-costly"


class WrongSummary(IntakeError):
    """A parameter of $summary that can't be fulfilled."""

    code = "XL7772"
    message = "$summary can't take the parameter {name} as it was given."
    remedy = "Ask for the International Patient Summary of one Patient: Patient/1/$summary."
    status = 400
    issue = "not-supported"
