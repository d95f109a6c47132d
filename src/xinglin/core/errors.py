"""Every error a person can meet: one tree, stable codes, a message and a remedy in both languages.

    XinglinError
    ├── SettingError       XL1xxx  the hub is set up wrongly                       exit 10
    ├── DatabaseError      XL2xxx  the database can't be reached, used or trusted  exit 11
    ├── RequestError       XL3xxx  a request the hub can't carry out               exit 12
    ├── FhirPathError      XL4xxx  an expression that can't be read or evaluated   exit 12
    ├── ValidationError    XL5xxx  definitions, profiles and packages              exit 12
    ├── SearchError        XL6xxx  a search that can't be understood or afforded   exit 12
    ├── IntakeError        XL7xxx  what a source delivered can't be taken as it is exit 12
    ├── TerminologyError   XL8xxx  codes, value sets and maps that can't be used   exit 12
    └── TrustError         XL9xxx  who may use what: login, tokens, policy, proof  exit 13

A code never changes its meaning and is never used again. Leaves live beside the code that raises them;
`docs/errors.md` lists them all and a test keeps it true. English texts are the message ids; the Chinese
stands in `locale/zh.po`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import ClassVar

from xinglin.core.i18n import Phrase, translate, translated


class XinglinError(Exception):
    """Something went wrong that a person can act on.

    `message` and `remedy` are templates for `str.format` with the keyword arguments of the raise.
    `status` is the HTTP status, `issue` the FHIR IssueType code
    (http://hl7.org/fhir/R4/valueset-issue-type.html), `exit_code` what the command line returns.
    `expression` is the FHIRPath of the element at fault, where known (IntakeError: see there).
    """

    code: ClassVar[str] = "XL0001"
    message: ClassVar[str] = "Something unexpected went wrong inside Xinglin."
    remedy: ClassVar[str] = (
        "Try again; if it happens again, send the log line with this code to the operator."
    )
    status: ClassVar[int] = 500
    issue: ClassVar[str] = "exception"
    exit_code: ClassVar[int] = 70

    def __init__(self, *, expression: str | None = None, **params: object) -> None:
        self.params = params
        self.expression = expression
        super().__init__(self.text())

    def __reduce__(self) -> "tuple[Callable[..., XinglinError], tuple[object, ...]]":
        """Let it pass from one process to another: exceptions would be made again from `args` alone."""
        return _again, (type(self), self.args, self.__dict__)

    def text(self, language: str = "en") -> str:
        """Say what happened, in `language` ("en" or "zh")."""
        return translate(self.message, language).format(**translated(self.params, language))

    def advice(self, language: str = "en") -> str:
        """Say what to do about it, in `language`."""
        return translate(self.remedy, language).format(**translated(self.params, language))

    def phrase(self) -> Phrase:
        """Give what happened as part of another error's text."""
        return Phrase(self.message, **self.params)


def _again(kind: type[XinglinError], args: tuple[object, ...], values: Mapping[str, object]) -> XinglinError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(values)
    return error


class SettingError(XinglinError):
    """The hub is set up wrongly."""

    code = "XL1000"
    message = "The settings can't be used."
    remedy = "Run `xinglin settings` and correct what it names."
    exit_code = 10


class DatabaseError(XinglinError):
    """The database can't be reached, used or trusted."""

    code = "XL2000"
    message = "The database can't be used."
    remedy = "Run `xinglin db status` to see what it says."
    status = 503
    issue = "transient"
    exit_code = 11


class RequestError(XinglinError):
    """A request the hub can't carry out."""

    code = "XL3000"
    message = "The request can't be carried out."
    remedy = "Correct the request and send it again."
    status = 400
    issue = "invalid"
    exit_code = 12


class FhirPathError(XinglinError):
    """A FHIRPath expression that can't be read or evaluated."""

    code = "XL4000"
    message = "The FHIRPath expression can't be used."
    remedy = "Correct the expression."
    status = 400
    issue = "invalid"
    exit_code = 12


class ValidationError(XinglinError):
    """Definitions, profiles and packages that can't be used."""

    code = "XL5000"
    message = "The record can't be checked."
    remedy = "Correct the record or the profile it names."
    status = 422
    issue = "processing"
    exit_code = 12


class SearchError(XinglinError):
    """A search that can't be understood or afforded."""

    code = "XL6000"
    message = "The search can't be carried out."
    remedy = "Correct the search parameters."
    status = 400
    issue = "invalid"
    exit_code = 12


class IntakeError(XinglinError):
    """What a source delivered can't be taken as it is.

    `expression` names the place in the words of the format: `PID-3`, a column, an XPath, a FHIRPath.
    """

    code = "XL7000"
    message = "What was delivered can't be taken as it is."
    remedy = "Correct it at its source, or here in the refused queue, and send it again."
    status = 422
    issue = "processing"
    exit_code = 12


class TerminologyError(XinglinError):
    """Codes, value sets and maps that can't be used."""

    code = "XL8000"
    message = "The code system, value set or map can't be used."
    remedy = "Check its address and its content."
    status = 422
    issue = "processing"
    exit_code = 12


class TrustError(XinglinError):
    """Something that whoever asks may not do, or trust that can't be established."""

    code = "XL9000"
    message = "That isn't allowed."
    remedy = "Ask the security administrator who may do it."
    status = 403
    issue = "forbidden"
    exit_code = 13


def all_errors(root: type[XinglinError] = XinglinError) -> Iterator[type[XinglinError]]:
    """Every error class known so far, parents first."""
    yield root
    for child in root.__subclasses__():
        yield from all_errors(child)
