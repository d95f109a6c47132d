"""What can be wrong with a patch."""

from xinglin.core.errors import RequestError


class MalformedPatch(RequestError):
    """The patch isn't written as its format asks."""

    code = "XL3055"
    message = "Operation {number} of the patch can't be read: {detail}."
    remedy = "Write the patch as RFC 6902 (JSON Patch) or http://hl7.org/fhir/R4/fhirpatch.html asks."
    issue = "structure"


class PatchTargetMissing(RequestError):
    """An operation points at nothing, or at more than it can change."""

    code = "XL3056"
    message = "Operation {number} of the patch can't be carried out at {path}: {detail}."
    remedy = "Read the record again and make the patch for what it holds now."
    status = 422
    issue = "processing"


class PatchTestFailed(RequestError):
    """A `test` operation found another value."""

    code = "XL3057"
    message = "The record doesn't hold at {path} what operation {number} of the patch expects."
    remedy = "Read the record again and make the patch for what it holds now."
    status = 422
    issue = "conflict"


class PatchTooLarge(RequestError):
    """The patch would do more, or make more, than any honest one."""

    code = "XL3058"
    message = "The patch goes over a limit: {detail}."
    remedy = "Split the patch into smaller ones."
    status = 422
    issue = "too-costly"
