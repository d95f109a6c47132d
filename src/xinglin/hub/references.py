"""References inside a transaction: placeholders become the ids given, conditional ones the records found.

Replaced are references, elements of the types uri, url, oid and uuid, and the links of narratives; never
text, codes, identifiers' values or canonicals (http://hl7.org/fhir/R4/http.html#trules). An entry that is a
Bundle itself is left alone: its references are to its own entries (http://hl7.org/fhir/R4/bundle.html#references).
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final, cast

from xinglin.core.errors import RequestError
from xinglin.core.exact_json import Json
from xinglin.standards.definitions import resource_types
from xinglin.standards.fhirpath.values import child_elements

CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?(.+)", re.DOTALL)
_PLACEHOLDER = re.compile(r"urn:(?:uuid|oid):", re.IGNORECASE)
_RELATIVE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}")
_ABSOLUTE = re.compile(rf"(https?://.+/){_RELATIVE.pattern}", re.IGNORECASE)
_LINK = re.compile(
    r"""(<(?:a|img)(?=\s)(?:[^<>"']|"[^"<]*"|'[^'<]*')*?\s(?:href|src)\s*=\s*["'])([^"'<]*)""",
)
"""The beginning of a link or an image in a narrative, and its address."""

_REFERENCE: Final = "Reference.reference"
_LEAVES = frozenset({_REFERENCE, "uri", "url", "oid", "uuid", "xhtml"})
Put = Callable[[str, str], str]
"""Gives what shall stand in place of a string, from what it is (one of `_LEAVES`) and the string."""


class Unresolved(RequestError):
    """A conditional reference finds no record, or several."""

    code = "XL3026"
    message = "The reference {reference} finds {count} records; it must find exactly one."
    remedy = "Make the condition of the reference find one record, or send the literal reference."
    status = 412
    issue = "not-found"


class Dangling(RequestError):
    """A placeholder that stands for nothing."""

    code = "XL3033"
    message = "No entry of the transaction stands for the reference {reference}."
    remedy = "Add the entry with this fullUrl, or send the literal reference (Type/id)."
    issue = "not-found"


class Names:
    """What a transaction's references become: `fullUrl` or conditional reference → `Type/id`."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = {normal(name): place for name, place in names.items()}

    def reference(self, value: str, root: str) -> str:
        """Give what `value` of Reference.reference becomes; relative ones stand under `root`.

        Raises Dangling where it is a placeholder that nothing is known for.
        """
        found = self.link(value, root)
        if found == value and _PLACEHOLDER.match(value):
            raise Dangling(reference=value)
        return found

    def link(self, value: str, root: str = "") -> str:
        """Give what a link becomes; what isn't known stays as it is."""
        whole = self._names.get(normal(value))
        if whole is not None:
            return whole
        target, mark, fragment = value.partition("#")
        if root and _RELATIVE.fullmatch(target):
            found = self._names.get(root + target)
        else:
            found = self._names.get(normal(target)) if mark else None
        return value if found is None else found + mark + fragment

    def narrative(self, value: str, root: str) -> str:
        """Give a narrative with its links replaced."""
        return _LINK.sub(lambda match: match[1] + self.link(match[2], root), value)


def normal(name: str) -> str:
    """Give the form in which names are compared: UUIDs don't tell capitals from small letters (RFC 4122)."""
    return name.lower() if _PLACEHOLDER.match(name) else name


def literal(url: str) -> str | None:
    """Give `Type/id` if the url of an interaction names one record so."""
    return url.strip("/") if _RELATIVE.fullmatch(url.strip("/")) else None


def conditional_references(record: Any) -> list[str]:
    """Find every reference of the form `Patient?identifier=…` in a record."""
    found: list[str] = []

    def note(kind: str, value: str) -> str:
        if kind == _REFERENCE and "?" in value and CONDITIONAL.fullmatch(value):
            found.append(value)
        return value

    _walk_record(record, note)
    return found


def rewrite(record: Json, names: Names, full_url: str | None = None) -> Json:
    """Give the record with `names` put in; what doesn't change is shared with `record`.

    `full_url` is the record's own: its relative references stand under the same address. Raises Dangling.
    """
    own = _ABSOLUTE.fullmatch(full_url or "")
    root = own[1] if own else ""

    def put(kind: str, value: str) -> str:
        if kind == _REFERENCE:
            return names.reference(value, root)
        if kind == "url":
            return names.link(value, root)
        if kind == "xhtml":
            return names.narrative(value, root)
        # An address here may be a system or the record's own name for the world, so only placeholders change.
        return names.link(value) if value[:1] in "uU" and _PLACEHOLDER.match(value) else value

    return _walk_record(record, put)


def _walk_record(record: Any, put: Put) -> Any:
    if not isinstance(record, dict):
        return record
    node = cast("Json", record)
    kind = node.get("resourceType")
    if not isinstance(kind, str) or kind == "Bundle" or kind not in resource_types():
        return node
    return _walk(node, kind, put)


def _walk(node: Json, kind: str, put: Put) -> Json:
    """Give `node`, which is of the FHIR type `kind`, as it becomes by `put`: itself if nothing changes."""
    routes = _routes(kind)
    made: Json | None = None
    for key, value in node.items():
        child = routes.get(key)
        if child is None:
            if key[:1] != "_":
                continue
            child = "Element"
        new = _walk_value(value, child, put)
        if new is not value:
            if made is None:
                made = dict(node)
            made[key] = new
    return node if made is None else made


def _walk_value(value: Any, kind: str, put: Put) -> Any:
    if type(value) is str:
        return put(kind, value) if kind in _LEAVES else value
    if type(value) is dict:
        node = cast("Json", value)
        return _walk_record(node, put) if kind == "Resource" else _walk(node, kind, put)
    if type(value) is list:
        old = cast("list[Any]", value)
        new = [_walk_value(one, kind, put) for one in old]
        # Lists compare their members by identity first, so what stayed costs next to nothing.
        return old if new == old else new
    return value


@cache
def _routes(kind: str) -> Mapping[str, str]:
    """Give the JSON members of a type that hold what may be replaced, or may lead there, with their types."""
    found = {
        key: type_
        for key, (_, type_) in child_elements(kind).items()
        if type_ in _LEAVES or not type_[:1].islower()
    }
    return found | {"reference": _REFERENCE} if kind == "Reference" else found
