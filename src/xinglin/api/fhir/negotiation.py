"""Which form of a record the client can take: JSON only (http://hl7.org/fhir/R4/http.html#mime-type)."""

import re

from starlette.requests import Request

from xinglin.core.errors import RequestError
from xinglin.web.weights import weighed

_VERSION = re.compile(r"fhirVersion\s*=\s*([0-9.]+)")

JSON = "application/fhir+json"
JSON_TYPES = frozenset({JSON, "application/json", "text/json", "application/*", "*/*"})
JSON_FORMATS = frozenset({"json", "application/json", JSON, "text/json"})


class WrongContentType(RequestError):
    """The body is in a form that the interaction doesn't read."""

    code = "XL3040"
    message = "The content type {found} isn't taken here; {wanted} is."
    remedy = "Send JSON and say so in the Content-Type header."
    status = 415
    issue = "not-supported"


class NotAcceptable(RequestError):
    """The client wants a form that the hub doesn't write."""

    code = "XL3041"
    message = "The hub answers in JSON only, not in {found}."
    remedy = "Ask with Accept: application/fhir+json or _format=json."
    status = 406
    issue = "not-supported"


def check_accept(request: Request) -> None:
    """Raise NotAcceptable where neither `_format` nor `Accept` allows JSON."""
    wanted = request.query_params.get("_format") if request.scope["query_string"] else None
    if wanted is not None:
        # "+" stands for a space in a query; application/fhir+json often comes unescaped
        if wanted.partition(";")[0].strip().replace(" ", "+").lower() not in JSON_FORMATS:
            raise NotAcceptable(found=wanted)
        return
    accept = request.headers.get("accept", "*/*")
    if accept == "*/*":
        return
    if not any(name in JSON_TYPES and weight > 0 for name, weight in weighed(accept)):
        raise NotAcceptable(found=accept)
    version = _VERSION.search(accept)
    if version is not None and not version[1].startswith("4.0"):
        raise NotAcceptable(found=accept)
