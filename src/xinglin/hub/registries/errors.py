"""What can be wrong with the registries (XL7750 to XL7769)."""

from xinglin.core.errors import IntakeError


class UnusableRegister(IntakeError):
    """A table for the registries that can't be read at all."""

    code = "XL7750"
    message = "The table {file} can't be used: {detail}."
    remedy = "Correct it and load it again; docs/registries.md lists the columns. Nothing was stored."


class WrongRow(IntakeError):
    """A row that can't be registered."""

    code = "XL7751"
    message = "Line {line}, {column}: {detail}"
    remedy = "Correct the row and load the table again; the other rows aren't touched by it."
    issue = "value"


class DoubtfulRow(IntakeError):
    """A row that is registered, with something in it to look at."""

    code = "XL7752"
    message = "Line {line}, {column}, registered all the same: {detail}"
    remedy = "Look at the row; correct it and load the table again if it is wrong."
    issue = "incomplete"


class UnknownInstitution(IntakeError):
    """No institution with this code is registered."""

    code = "XL7753"
    message = "No institution with the code {code} is registered."
    remedy = "Register it with `xinglin registry institutions load`, or list those there are."
    status = 404
    issue = "not-found"


class UnknownPlace(IntakeError):
    """No place has this code."""

    code = "XL7754"
    message = "No place has the code {code}."
    remedy = "Give six digits for a county and above, nine for a township, twelve for a village."
    status = 404
    issue = "not-found"


class SpeaksForAnother(IntakeError):
    """A source sends records in the name of an institution that isn't its own."""

    code = "XL7755"
    message = "{record} is in the name of {name} ({code}), for which this source may not speak."
    remedy = (
        "If it may, say so with `xinglin source set SOURCE --declare speaks-for={code}` and replay this; "
        "else have the record sent by its own institution."
    )
    status = 403
    issue = "forbidden"
