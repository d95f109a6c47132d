"""Entries of a batch or transaction, read into what they ask for.

http://hl7.org/fhir/R4/bundle.html#bundle-request
"""

import base64
import binascii
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, cast

from xinglin.core.errors import DatabaseError, RequestError, XinglinError
from xinglin.core.exact_json import Json, loads
from xinglin.core.i18n import Phrase
from xinglin.hub.changes import Change, Create, Delete, Patch, Update
from xinglin.hub.outline import admit, admit_type
from xinglin.hub.preconditions import version_of
from xinglin.hub.records import Key
from xinglin.standards.patch import fhirpath_patch, json_patch

METHODS = ("DELETE", "POST", "PUT", "PATCH", "GET", "HEAD")
"""The methods in the order in which FHIR has them processed (PUT and PATCH are one step)."""

_MEMBERS = ("method", "url", "ifNoneMatch", "ifModifiedSince", "ifMatch", "ifNoneExist")


class BadEntry(RequestError):
    """An entry that can't be carried out as it is."""

    code = "XL3030"
    message = "The entry can't be carried out: {detail}."
    remedy = "Give every entry a request with method and url (http://hl7.org/fhir/R4/http.html#transaction)."
    issue = "structure"


class TooManyEntries(RequestError):
    """A bundle beyond the limit."""

    code = "XL3031"
    message = "The bundle has {count} entries; at most {limit} are taken at once."
    remedy = "Send it in parts, or ask the operator to raise the setting max_bundle_entries."
    status = 413
    issue = "too-long"


class NotABundle(RequestError):
    """Something else than a batch or a transaction."""

    code = "XL3032"
    message = "Only a Bundle of type batch or transaction can be posted here, not {found}."
    remedy = "Set Bundle.type, or post a single record to its type's address."
    issue = "value"


class SameFullUrl(RequestError):
    """Two entries of a transaction have one name."""

    code = "XL3034"
    message = "{first} and {second} have the same fullUrl."
    remedy = "Give every entry of a transaction a fullUrl of its own, so that references have one meaning."
    issue = "duplicate"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: what it asks, and the `fullUrl` by which others may refer to it."""

    place: str
    method: str
    url: str
    """Relative to the hub's own address."""
    full_url: str | None
    change: Change | None
    """None for GET and HEAD."""


@contextmanager
def at(place: str) -> Generator[None]:
    """Have errors tell the place of the entry that they are about."""
    try:
        yield
    except DatabaseError:  # about no entry, and others may be told the very same one
        raise
    except XinglinError as error:
        error.expression = _within(place, error.expression)
        raise


def _within(place: str, expression: str | None) -> str:
    if expression is None or expression == place:
        return place
    return expression if expression.startswith(f"{place}.") else f"{place}.{expression}"


def read_entries(content: Json, most: int) -> tuple[str, list[Json]]:
    """Give the bundle's type and its raw entries. Raises NotABundle or TooManyEntries."""
    kind = content.get("type")
    if content.get("resourceType") != "Bundle" or kind not in ("batch", "transaction"):
        raise NotABundle(found=f"{content.get('resourceType')} ({kind})", expression="Bundle.type")
    raw = content.get("entry", [])
    if not isinstance(raw, list) or not all(isinstance(e, dict) for e in cast("list[Any]", raw)):
        raise BadEntry(detail=Phrase("it must be an array of objects"), expression="Bundle.entry")
    entries = cast("list[Json]", raw)
    if len(entries) > most:
        raise TooManyEntries(count=len(entries), limit=most, expression="Bundle.entry")
    return cast("str", kind), entries


def read_entry(raw: Json, number: int, base: str) -> Entry:
    """Read entry `number`, whose url may stand under `base`; errors name the place."""
    place = f"Bundle.entry[{number}]"
    with at(place):
        request = _request(raw)
        method, url, full_url = request.get("method"), request.get("url"), raw.get("fullUrl")
        if method not in METHODS or url is None:
            raise BadEntry(detail=Phrase("request.method or request.url is missing or unknown"))
        url = _relative(method, url, base)
        change = None if method in ("GET", "HEAD") else _change(method, url, raw, request)
        if isinstance(change, Patch):
            change = replace(change, modify=_placed(change.modify, f"{place}.resource"))
    return Entry(place, method, url, full_url, change)


def _placed(modify: Callable[[Json], Json], place: str) -> Callable[[Json], Json]:
    """Have a patch's errors tell where the patch stands; the element it is about is in their texts."""

    def placed(content: Json) -> Json:
        try:
            return modify(content)
        except XinglinError as error:
            error.expression = place
            raise

    return placed


def _request(raw: Json) -> dict[str, str]:
    """Give the members of `request` that are known here, all of them strings."""
    request = raw.get("request")
    if not isinstance(request, dict):
        raise BadEntry(detail=Phrase('"{name}" is missing', name="request"))
    members = cast("Json", request)
    found = {name: _text(members[name], f"request.{name}") for name in _MEMBERS if name in members}
    if "fullUrl" in raw:
        _text(raw["fullUrl"], "fullUrl")
    return found


def _text(value: Any, place: str) -> str:
    if isinstance(value, str) and value:
        return value
    name = place.rpartition(".")[2]
    detail = Phrase('"{name}" must be {kind}', name=name, kind=Phrase("a string that isn't empty"))
    raise BadEntry(detail=detail, expression=place)


def _relative(method: str, url: str, base: str) -> str:
    """Give a url without the hub's own address. Raises BadEntry where it leads to another server."""
    relative = url.removeprefix(base) if url[len(base) :][:1] in ("", "/", "?") else url
    if "://" in relative.partition("?")[0]:
        raise BadEntry(detail=_impossible(method, url), expression="request.url")
    return relative


def _impossible(method: str, url: str) -> Phrase:
    return Phrase("{method} {url} isn't possible in a bundle", method=method, url=url)


def _change(method: str, url: str, raw: Json, request: dict[str, str]) -> Change:
    path, _, criteria = url.partition("?")
    kind, _, id_ = path.strip("/").partition("/")
    admit_type(kind)
    if "/" in id_ or id_.startswith("$") or (method == "POST" and id_) or (id_ and criteria):
        raise BadEntry(detail=_impossible(method, url), expression="request.url")
    if method != "POST" and not id_ and not criteria:
        detail = Phrase("{method} needs an id or a condition", method=method)
        raise BadEntry(detail=detail, expression="request.url")
    condition = request.get("ifNoneExist", "") if method == "POST" else criteria
    make = {"POST": _create, "PUT": _update, "PATCH": _patch, "DELETE": _delete}[method]
    return make(
        raw,
        type=kind,
        key=Key(kind, id_) if id_ else None,
        criteria=condition.removeprefix("?") if condition else None,
        if_match=version_of(request.get("ifMatch")),
        if_absent=method == "PUT" and request.get("ifNoneMatch") == "*",
    )


def _create(raw: Json, **target: Any) -> Change:
    return Create(**target, content=admit(raw.get("resource"), target["type"]))


def _update(raw: Json, **target: Any) -> Change:
    return Update(**target, content=admit(raw.get("resource"), target["type"]))


def _delete(_: Json, **target: Any) -> Change:
    return Delete(**target)


def _patch(raw: Json, **target: Any) -> Change:
    return Patch(**target, modify=patch_from(admit(raw.get("resource"))))


def patch_from(resource: Json) -> Callable[[Json], Json]:
    """Read a patch carried as a resource: Parameters (FHIRPath Patch) or a Binary holding a JSON Patch."""
    if resource["resourceType"] == "Parameters":
        return lambda content: fhirpath_patch.apply(content, resource)
    if resource["resourceType"] != "Binary":
        raise BadEntry(detail=Phrase("a PATCH carries a Binary or Parameters"), expression="resource")
    try:
        operations: Sequence[Any] = loads(base64.b64decode(resource.get("data", ""), validate=True))
    except (binascii.Error, TypeError, ValueError):
        raise BadEntry(detail=Phrase("the Binary's data isn't base64"), expression="resource.data") from None
    return lambda content: json_patch.apply(content, operations)
