"""References inside a transaction: placeholders become the ids given, conditional ones the records found.

http://hl7.org/fhir/R4/http.html#trules
"""

import re
from collections.abc import Generator, Mapping
from typing import Any, cast

from xinglin.core.errors import RequestError
from xinglin.core.exact_json import Json

CONDITIONAL = re.compile(r"([A-Z][A-Za-z]+)\?(.+)", re.DOTALL)
_PLACEHOLDER = re.compile(r"urn:(?:uuid:[0-9a-fA-F-]{36}|oid:[0-9.]+)")


class Unresolved(RequestError):
    """A conditional reference finds no record, or several."""

    code = "XL3026"
    message = "The reference {reference} finds {count} records; it must find exactly one."
    remedy = "Make the condition of the reference find one record, or send the literal reference."
    status = 412
    issue = "not-found"


def conditional_references(node: Any) -> Generator[str]:
    """Find every reference of the form `Patient?identifier=…` in a record."""
    if isinstance(node, dict):
        for name, value in cast("Json", node).items():
            if name == "reference" and isinstance(value, str) and CONDITIONAL.fullmatch(value):
                yield value
            elif isinstance(value, dict | list):
                yield from conditional_references(value)
    elif isinstance(node, list):
        for value in cast("list[Any]", node):
            yield from conditional_references(value)


def rewrite(node: Any, names: Mapping[str, str]) -> Any:
    """Give a copy of a record in which `names` (a `fullUrl` or conditional reference → `Type/id`) are put in.

    References are replaced wherever they stand; in other strings only placeholders are (`urn:uuid:…`,
    `urn:oid:…`), whole or within a narrative.
    """
    if isinstance(node, dict):
        members = cast("Json", node)
        return {name: _rewrite_member(name, value, names) for name, value in members.items()}
    if isinstance(node, list):
        return [_rewrite_member("", value, names) for value in cast("list[Any]", node)]
    return node


def _rewrite_member(name: str, value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, dict | list):
        return rewrite(value, names)
    if not isinstance(value, str):
        return value
    if name == "reference":
        target, hash_, fragment = value.partition("#")
        return names.get(value) or (names.get(target, target) + hash_ + fragment)
    if "urn:" in value:
        return _PLACEHOLDER.sub(lambda m: names.get(m[0], m[0]), value)
    return value
