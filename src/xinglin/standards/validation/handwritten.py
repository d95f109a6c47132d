"""Invariants that every record meets, by hand. Each is keyed by the FHIRPath text it stands for."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from xinglin.standards.validation.context import Context, Json, is_array, is_object
from xinglin.standards.validation.moments import may_precede

Holds = Callable[[Json, Context], bool]


def _contained(value: Json) -> list[Json]:
    found = value.get("contained")
    return [one for one in found if is_object(one)] if is_array(found) else []


def _no_nested(value: Json, _context: Context) -> bool:
    return "contained" not in value or all("contained" not in one for one in _contained(value))


def _all_referenced(value: Json, _context: Context) -> bool:
    if "contained" not in value:
        return True
    named = set(_fragments(value))
    for one in _contained(value):
        identity = one.get("id")
        if type(identity) is str and "#" + identity not in named and "#" not in set(_fragments(one)):
            return False
    return True


def _fragments(value: Any) -> Iterator[str]:
    """Give every string below `value` that starts with `#`."""
    pending: list[Any] = [value]
    while pending:
        one = pending.pop()
        if is_object(one):
            pending.extend(one.values())
        elif is_array(one):
            pending.extend(one)
        elif type(one) is str and one.startswith("#"):
            yield one


def _meta_keys(*keys: str) -> Holds:
    def holds(value: Json, _context: Context) -> bool:
        if "contained" not in value:
            return True
        for one in _contained(value):
            meta = one.get("meta")
            if is_object(meta) and any(key in meta or "_" + key in meta for key in keys):
                return False
        return True

    return holds


def _has_narrative(value: Json, context: Context) -> bool:
    if context.resource is not context.root:
        return True  # Contained resources aren't asked for a narrative (DomainResource.contained says so).
    text = value.get("text")
    return is_object(text) and "div" in text


def _extension_or_value(value: Json, _context: Context) -> bool:
    has_value = any(key.startswith(("value", "_value")) for key in value)
    return has_value != ("extension" in value)


def _period_in_order(value: Json, _context: Context) -> bool:
    start, end = value.get("start"), value.get("end")
    if type(start) is not str or type(end) is not str:
        return True
    if len(start) == len(end) and start[-6:] == end[-6:]:
        return start <= end
    return may_precede(start, end)


_DOM_3: Final = (
    "contained.where((('#'+id in (%resource.descendants().reference | %resource.descendants().as(canonical) "
    "| %resource.descendants().as(uri) | %resource.descendants().as(url))) or "
    "descendants().where(reference = '#').exists() or descendants().where(as(canonical) = '#').exists() or "
    "descendants().where(as(canonical) = '#').exists()).not()).trace('unmatched', id).empty()"
)

HANDWRITTEN: Final[Mapping[str, Holds]] = {
    "contained.contained.empty()": _no_nested,
    _DOM_3: _all_referenced,
    "contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()": _meta_keys(
        "versionId", "lastUpdated"
    ),
    "contained.meta.security.empty()": _meta_keys("security"),
    "text.`div`.exists()": _has_narrative,
    "extension.exists() != value.exists()": _extension_or_value,
    # By the text a start of 2012 and an end of 2012-05 can't be compared; that would refuse good records.
    "start.hasValue().not() or end.hasValue().not() or (start <= end)": _period_in_order,
}
