"""The interpreter of `data/fields.csv`: which field of a segment becomes which element of a resource.

A row says: `map` (segment and resource, as the V2-to-FHIR guide names its tables), `field`, `target` (an
element's path, `[]` appends, `[0]` is the first of a list; `-` where a module here reads the field,
or it says nothing of its own), `type` (a converter) and `arg` (its vocabulary table or other argument).
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from xinglin.core.exact_json import Json
from xinglin.standards.hl7v2 import datatypes, people
from xinglin.standards.hl7v2.context import Context
from xinglin.standards.hl7v2.datatypes import Converter
from xinglin.standards.hl7v2.message import Segment
from xinglin.standards.hl7v2.tables import rows

Rule = Callable[[str, Json, Context], bool]
Place = Callable[[Json, Any], bool]

CONVERTERS: Final[Mapping[str, Converter]] = {
    "string": datatypes.string,
    "first": datatypes.first,
    "text": datatypes.second,
    "date": datatypes.date,
    "dateTime": datatypes.date_time,
    "instant": datatypes.instant,
    "decimal": datatypes.decimal,
    "positiveInt": datatypes.positive,
    "boolean": datatypes.boolean,
    "CodeableConcept": datatypes.concept,
    "code": datatypes.mapped,
    "mapped": datatypes.mapped_concept,
    "Coding": datatypes.mapped_coding,
    "Quantity": datatypes.quantity,
    "Money": datatypes.money,
    "CX": datatypes.cx,
    "EI": datatypes.ei,
    "number": datatypes.plain_number,
    "Period": datatypes.period_range,
    "Annotation": datatypes.annotation,
    "words": datatypes.wrapped,
    "language": datatypes.language,
    "mother": datatypes.mothers_name,
    "count": datatypes.count,
    "contact-work": people.work_contact,
    "scheduled": people.scheduled,
    "place-booked": people.place_booked,
    "resource": people.resource_booked,
    "HumanName": people.human_name,
    "Address": people.address,
    "ContactPoint": people.contact_point,
    "Practitioner": people.practitioner,
    "NDL": people.ndl_practitioner,
    "actor": people.actor,
    "participant": people.participant,
    "performer": people.function_performer,
    "Organization": people.organization,
    "organization-name": people.named_organization,
    "Location": people.location,
    "visit-location": people.visit_location,
}


def _place(target: str) -> Place:
    """Compile a target into what puts a value there; it tells whether there was room."""
    *path, last = target.split(".")

    def holder(resource: Json) -> Json:
        for step in path:
            if step.endswith("[0]"):
                held: list[Json] = resource.setdefault(step[:-3], [])
                if not held:
                    held.append({})
                resource = held[0]
            else:
                resource = resource.setdefault(step, {})
        return resource

    if last.endswith("[]"):
        name = last[:-2]

        def append(resource: Json, value: Any) -> bool:
            known = holder(resource).setdefault(name, [])
            if value not in known:
                known.append(value)
            return True

        return append

    def put(resource: Json, value: Any) -> bool:
        held = holder(resource)
        if last in held:
            return held[last] == value
        held[last] = value
        return True

    return put


def _rule(row: Mapping[str, str]) -> Rule | None:
    if row["target"] == "-":
        return None
    convert, place, arg = CONVERTERS[row["type"]], _place(row["target"]), row["arg"]

    def rule(value: str, resource: Json, ctx: Context) -> bool:
        complete = True
        for rep in value.split("~") if "~" in value else (value,):
            if not rep or rep == '""':
                continue
            found = convert(rep, ctx, arg)
            if found is None:
                complete = complete and not rep.strip("^& ")
            elif not place(resource, found):
                complete = False
        return complete

    return rule


@cache
def _maps() -> Mapping[str, Mapping[int, Sequence[Rule]]]:
    found: defaultdict[str, dict[int, list[Rule]]] = defaultdict(dict)
    for row in rows("fields"):
        rules = found[row["map"]].setdefault(int(row["field"]), [])
        rule = _rule(row)
        if rule:
            rules.append(rule)
    return found


@cache
def _removable() -> Mapping[str, Mapping[int, str]]:
    """Give the element that each field alone fills, by map and field."""
    fields: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for row in rows("fields"):
        if row["target"] != "-" and "[0]" not in row["target"]:
            fields[row["map"], row["target"].removesuffix("[]")].add(int(row["field"]))
    found: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for (name, target), numbers in fields.items():
        if len(numbers) == 1:
            found[name][next(iter(numbers))] = target
    return found


def _delete(name: str, segment: Segment, number: int, resource: Json, ctx: Context) -> None:
    """Take away what `""` deletes; where other fields fill the same element, it is only listed."""
    if ctx.part(resource) is None:
        return
    target = _removable().get(name, {}).get(number)
    if target:
        ctx.remove(resource, target)
    else:
        ctx.keep_field(resource, f"{segment.name}-{number}", '""')


def apply(name: str, segment: Segment, resource: Json, ctx: Context) -> None:
    """Put the fields of `segment` into `resource` by the map `name`, such as `PID[Patient]`.

    Fields without a row, and values that aren't understood, are kept on the resource as they were written.
    """
    rules = _maps()[name]
    for number, value in enumerate(segment.fields):
        if not number or not value:
            continue
        if value == '""':
            _delete(name, segment, number, resource, ctx)
            continue
        own = rules.get(number)
        understood = own is not None
        for rule in own or ():
            understood = rule(value, resource, ctx) and understood
        if not understood:
            ctx.keep_field(resource, f"{segment.name}-{number}", value)
