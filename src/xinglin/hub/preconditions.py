"""Versions as requests name them (http://hl7.org/fhir/R4/http.html#concurrency)."""

import re

from xinglin.core.errors import RequestError

ANY_VERSION = -1
"""Stands for whatever version there is."""

_ETAG = re.compile(r'(?:W/)?"?([0-9]{1,9})"?')


class BadVersion(RequestError):
    """A version in a form that isn't one of ours."""

    code = "XL3027"
    message = "{found} doesn't name a version."
    remedy = 'Send the ETag that the hub gave with the record, such as W/"3".'
    issue = "value"


def version_of(etag: str | None) -> int | None:
    """Read the version out of an ETag such as `W/"3"`; `*` is ANY_VERSION. Raises BadVersion."""
    if etag is None:
        return None
    if etag.strip() == "*":
        return ANY_VERSION
    match = _ETAG.fullmatch(etag.strip())
    if match is None:
        raise BadVersion(found=etag)
    return int(match[1])
