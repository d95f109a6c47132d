"""Why a clinical document can't be taken."""

from xinglin.core.errors import IntakeError


class DocumentTooLarge(IntakeError):
    """A file larger than any clinical document."""

    code = "XL7300"
    message = "The file is larger than the {limit} MB that a clinical document may have."
    remedy = "Send images and other attachments by themselves, and the document without them."
    issue = "too-long"


class MalformedDocument(IntakeError):
    """Text that isn't well-formed XML."""

    code = "XL7301"
    message = "The document isn't well-formed XML at line {line}, column {column}: {detail}."
    remedy = "Send the whole file as the system wrote it; it may have been cut off or changed on the way."
    issue = "structure"


class DoctypeRefused(IntakeError):
    """A document type declaration, by which a file can call in others or grow without bound."""

    code = "XL7302"
    message = "The document declares a document type (DTD), which is refused for safety."
    remedy = "Write the document without <!DOCTYPE …> and without entities of its own."
    issue = "security"


class TooManyElements(IntakeError):
    """More elements than any clinical document has."""

    code = "XL7303"
    message = "The document has more than {limit} elements."
    remedy = "Send each clinical document as a file of its own."
    issue = "too-costly"


class NotOneDocument(IntakeError):
    """An envelope, or another kind of XML."""

    code = "XL7304"
    message = "The file holds {root}, not one ClinicalDocument (urn:hl7-org:v3)."
    remedy = "Send each clinical document as a file of its own, without an envelope around it."
    issue = "structure"


class DocumentWithoutId(IntakeError):
    """A document that can't be told from another, nor recognised when it comes again."""

    code = "XL7305"
    message = "The document has no id."
    remedy = "Give each document its serial number in ClinicalDocument/id (@root and @extension)."
    issue = "required"


class NotOnePatient(IntakeError):
    """A document about nobody, or about several."""

    code = "XL7306"
    message = "The document is about {count} patients; it must be about one."
    remedy = "Give exactly one recordTarget with the patient's numbers and name."
    issue = "required"


class VersionBelowZero(IntakeError):
    """A version number by which some systems withdraw a document, without a rule that says so."""

    code = "XL7307"
    message = "The document's version number is {version}; what a number below zero means isn't agreed."
    remedy = "To withdraw a document, send one that replaces it (relatedDocument, typeCode RPLC)."
    issue = "business-rule"
