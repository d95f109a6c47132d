"""The formats that deliveries come in, told by content."""

from collections.abc import Iterable
from functools import cache

from xinglin.core.errors import IntakeError
from xinglin.hub.intake.fhir import FhirJson
from xinglin.standards.conversion import Format


class UnknownFormat(IntakeError):
    """A file in none of the formats."""

    code = "XL7003"
    message = "The file {name} is in none of the formats that are taken here: {known}."
    remedy = "Look at the guides 'Connect your system' in the documentation, and send one of these formats."
    issue = "not-supported"


class FormatNotAllowed(IntakeError):
    """A format that the source doesn't send, as it was registered."""

    code = "XL7004"
    message = "The file {name} is {found}; the source was registered for {allowed}."
    remedy = "Send what was agreed, or change the source with `xinglin source set --format`."
    issue = "not-supported"


@cache
def formats() -> dict[str, Format]:
    """Give every format by name."""
    known: tuple[Format, ...] = (FhirJson(),)
    return {one.name: one for one in known}


def recognise(start: bytes, name: str, allowed: Iterable[str]) -> Format:
    """Give the format of a file by its first bytes. Raises UnknownFormat or FormatNotAllowed."""
    allowed = tuple(allowed)
    for one in formats().values():
        if one.recognises(start):
            if allowed and one.name not in allowed:
                raise FormatNotAllowed(name=name, found=one.name, allowed=", ".join(allowed))
            return one
    raise UnknownFormat(name=name, known=", ".join(formats()))
