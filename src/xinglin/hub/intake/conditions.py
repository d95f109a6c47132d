"""Conditions of a bundle's entries (`ifNoneExist`, `Patient?identifier=…`), resolved by what the hub holds.

http://hl7.org/fhir/R4/http.html#transaction. What an entry says becomes facts as any other's, so the same
bundle changes nothing when it comes again, and the source's time decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from xinglin.core.errors import IntakeError
from xinglin.core.exact_json import Json
from xinglin.hub.changes import Delete, Matcher, SameRecordTwice, resolve
from xinglin.hub.database import Connection
from xinglin.hub.intake.fhir import bundle_facts, entries_of, request_of
from xinglin.hub.interactions.entries import at
from xinglin.hub.outline import admit_type
from xinglin.hub.references import Names, Unresolved, conditional_references, rewrite
from xinglin.standards.conversion import Fact, Origin

_POST, _PUT, _DELETE = "POST", "PUT", "DELETE"
_KNOWN = frozenset({"method", "url", "ifNoneExist"})


class NotByIntake(IntakeError):
    """An entry that only makes sense as a request to the hub."""

    code = "XL7042"
    message = "{method} {url} isn't possible in a delivery."
    remedy = "Post the bundle to /fhir, where every interaction is carried out."
    issue = "not-supported"


async def bundle_facts_resolved(
    connection: Connection, match: Matcher, bundle: Json, origin: Origin
) -> list[Fact]:
    """Give what a bundle's entries say, conditions resolved in the caller's transaction."""
    entries = entries_of(bundle)
    wanted: list[str | None] = []
    for place, entry in enumerate(entries):
        with at(f"Bundle.entry[{place}]"):
            wanted.append(_condition(entry))
    references = {one for entry in entries for one in conditional_references(entry.get("resource"))}
    found = await _find(connection, match, {one for one in wanted if one} | references)
    for reference in sorted(references):
        if found[reference] is None:
            raise Unresolved(reference=reference, count=0)
    _refuse_made_twice(wanted, found)
    known = {name: place for name, place in found.items() if place is not None}
    plain = [_plain(entry, one, known) for entry, one in zip(entries, wanted, strict=True)]
    stood = {
        str(entry["fullUrl"]): known[one]
        for entry, one in zip(entries, wanted, strict=True)
        if one in known and isinstance(entry.get("fullUrl"), str)
    }
    facts = bundle_facts([entry for entry in plain if entry is not None], bundle, origin, stood)
    names = Names({name: known[name] for name in references})
    return [replace(f, resource=rewrite(f.resource, names)) for f in facts]


def _condition(entry: Json) -> str | None:
    """Give the search by which an entry names its record, as `Type?criteria`; None where it has none."""
    request = request_of(entry)
    method, url = str(request.get("method")), str(request.get("url"))
    if method not in (_POST, _PUT, _DELETE) or not request.keys() <= _KNOWN:
        raise NotByIntake(method=method, url=url)
    kind, mark, criteria = url.strip("/").partition("?")
    if method == _POST:
        criteria = str(request.get("ifNoneExist", "")).removeprefix("?")
        return f"{admit_type(kind)}?{criteria}" if criteria else None
    return f"{admit_type(kind)}?{criteria}" if mark else None


async def _find(connection: Connection, match: Matcher, conditions: set[str]) -> Mapping[str, str | None]:
    """Give what each condition finds. Raises SeveralMatches."""
    asked = sorted(conditions)
    parts = [one.partition("?") for one in asked]
    # Of all changes, only a deletion may find nothing and isn't given a new record for that.
    changes = [Delete(admit_type(kind), criteria=criteria) for kind, _, criteria in parts]
    done = await resolve(connection, changes, match)
    return {
        one: None if change.key is None else str(change.key) for one, change in zip(asked, done, strict=True)
    }


def _refuse_made_twice(wanted: Sequence[str | None], found: Mapping[str, str | None]) -> None:
    missing = [one for one in wanted if one is not None and found[one] is None]
    for one in missing:
        if missing.count(one) > 1:
            raise SameRecordTwice(key=one)


def _plain(entry: Json, condition: str | None, known: Mapping[str, str]) -> Json | None:
    """Give the entry as it would be without its condition; None where nothing is left to do."""
    if condition is None:
        return entry
    method, place = cast("Json", entry["request"])["method"], known.get(condition)
    if method == _POST:
        request = {"method": _POST, "url": condition.partition("?")[0]}
        return None if place is not None else entry | {"request": request}
    if place is None:
        return (
            None
            if method == _DELETE
            else entry | {"request": {"method": _POST, "url": condition.partition("?")[0]}}
        )
    return entry | {"request": {"method": method, "url": place}}
