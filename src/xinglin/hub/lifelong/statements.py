"""Statements: what single records say about a person, in the form that is compared and shown."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, cast

import msgspec

from xinglin.core.exact_json import Json
from xinglin.hub.lifelong.aspects import Aspects, aspects
from xinglin.hub.lifelong.concepts import codes_of
from xinglin.hub.lifelong.elements import member, name_of_concept, objects
from xinglin.hub.lifelong.places import Place, Places, Sender
from xinglin.hub.lifelong.standing import Standing, standing
from xinglin.hub.lifelong.tables import Path, Shape, shapes
from xinglin.hub.lifelong.values import Value, fold, value_of
from xinglin.hub.records import Key
from xinglin.standards.search.dates import Range, date_range

VOID: Final = frozenset({"entered-in-error", "cancelled", "nullified"})
"""Statuses of records that say nothing any more; `refuted` diagnoses stay and are shown so."""
SETTLED: Final = frozenset({"final", "amended", "corrected", "completed", "finished", "current"})
"""Statuses of records that nothing more is expected of."""


class Part(msgspec.Struct, frozen=True):
    """A component of an Observation."""

    codes: frozenset[str]
    words: str
    title: str
    value: Value | None


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What one record says.

    `codes` are `system|code`; `when` is the time its start covers (None: unknown), `start` and `end` as
    written; `numbers` are identifiers as `system|value`; `sender` is who delivered it, `place` where it was
    done. `standing`: is it so, done, over; `aspects`:
    on which side, by which way. `detail` counts the members it has.
    """

    key: Key
    version: int
    kind: str
    status: str
    class_: str
    codes: frozenset[str]
    words: str
    title: str
    when: Range | None
    start: str
    end: str
    value: Value | None
    parts: tuple[Part, ...]
    standing: Standing
    aspects: Aspects
    dose: str
    department: str
    numbers: frozenset[str]
    sender: Sender
    place: Place
    detail: int
    content: Json

    @property
    def type(self) -> str:
        """The resource type."""
        return self.key.type


def statement(content: Json, version: int, places: Places, zone: str) -> Statement | None:
    """Give what a record says; None for a record that was taken back."""
    verified = _verified(content)
    if str(content.get("status") or verified) in VOID or verified in VOID:
        return None
    return read(content, version, places, zone)


def cancelled(content: Json, version: int, places: Places, zone: str) -> Statement | None:
    """Give what a cancelled order of a medicine says; None for every other record."""
    kind = content["resourceType"]
    if content.get("status") != "cancelled" or shapes()[kind].kind != "medicine":
        return None
    return read(content, version, places, zone)


def read(content: Json, version: int, places: Places, zone: str) -> Statement:
    """Give what a record says, taken back or not."""
    kind: str = content["resourceType"]
    shape = shapes()[kind]
    status = str(content.get("status") or _verified(content))
    sender = places.sender(content)
    start, end = _first(content, shape.starts), _first(content, shape.ends)
    concept = _concept(content, shape)
    codes = codes_of(concept)
    title = _title(concept) if kind != "Encounter" else ""
    return Statement(
        key=Key(kind, content["id"]),
        version=version,
        kind=shape.kind,
        status=status,
        class_=_class(content) if kind == "Encounter" else "",
        codes=codes,
        words=_folded(title),
        title=title,
        when=_range(start, zone) if start else None,
        start=start,
        end=end,
        value=value_of(content) if kind == "Observation" else None,
        parts=tuple(_parts(content)) if "component" in content else (),
        standing=standing(content),
        aspects=aspects(content),
        dose=_dose(content) if shape.kind == "medicine" else "",
        department=_folded(_title(member(content.get("serviceType")))) if kind == "Encounter" else "",
        numbers=_numbers(content),
        sender=sender,
        place=places.place(content, sender),
        detail=len(content),
        content=content,
    )


@lru_cache(maxsize=16_384)
def _folded(text: str) -> str:
    return fold(text)


@lru_cache(maxsize=16_384)
def _range(text: str, zone: str) -> Range | None:
    try:
        return date_range(text, zone)
    except ValueError:
        return None


def _first(content: Json, paths: Sequence[Path]) -> str:
    for path in paths:
        value: Any = content.get(path[0])
        for name in path[1:]:
            value = cast("Json", value).get(name) if isinstance(value, dict) else None
        if isinstance(value, str):
            return value
    return ""


def _concept(content: Json, shape: Shape) -> Json:
    if shape.type == "Encounter":
        return {}
    value: Any = content.get(shape.code)
    if value is None and shape.kind == "medicine":
        return _medicine(content)
    found = objects(value)
    return found[0] if found else {}


def _medicine(content: Json) -> Json:
    """Give what a reference to a medicine says by itself: a contained record, else its name."""
    reference = member(content.get("medicationReference"))
    target = str(reference.get("reference") or "")
    for one in objects(content.get("contained")):
        if target == f"#{one.get('id')}":
            return member(one.get("code"))
    return {"text": reference["display"]} if reference.get("display") else {}


def _title(concept: Json) -> str:
    """Give a concept's words, or its first code."""
    codings = objects(concept.get("coding"))
    return name_of_concept(concept) or (str(codings[0].get("code") or "") if codings else "")


def _parts(content: Json) -> Iterator[Part]:
    for one in objects(content.get("component")):
        concept = member(one.get("code"))
        title = _title(concept)
        yield Part(codes_of(concept), _folded(title), title, value_of(one))


def _class(content: Json) -> str:
    return str(member(content.get("class")).get("code") or "")


def _dose(content: Json) -> str:
    """Give how a medicine is taken, as text to compare; empty where nothing is said."""
    doses = objects(content.get("dosageInstruction") or content.get("dosage"))
    amounts = [amount for dose in doses for amount in _amounts(dose)]
    if amounts:
        return fold(";".join(f"{a.get('value')}{a.get('unit') or a.get('code') or ''}" for a in amounts))
    return fold(";".join(str(dose["text"]) for dose in doses if dose.get("text")))


def _amounts(dose: Json) -> Iterator[Json]:
    for rate in objects(dose.get("doseAndRate")):
        yield from objects(rate.get("doseQuantity"))
    yield from objects(dose.get("dose"))


def _numbers(content: Json) -> frozenset[str]:
    if "identifier" not in content and "masterIdentifier" not in content:
        return frozenset()
    every = [*objects(content.get("identifier")), *objects(content.get("masterIdentifier"))]
    return frozenset(f"{one.get('system', '')}|{one['value']}" for one in every if one.get("value"))


def _verified(content: Json) -> str:
    return _first_code(content["verificationStatus"]) if "verificationStatus" in content else ""


def _first_code(concept: Any) -> str:
    codings = objects(member(concept).get("coding"))
    return str(codings[0].get("code") or "") if codings else ""
