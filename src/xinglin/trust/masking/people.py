"""Masking of records about people themselves: Patient, RelatedPerson and Person."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

from xinglin.core.exact_json import Json
from xinglin.trust.masking import styles
from xinglin.trust.masking.tables import Masks, Shown

TYPES: Final = frozenset({"Patient", "RelatedPerson", "Person"})

_COUNTY: Final = ("use", "type", "country", "state", "city", "district")
"""What is left of an address that is shown in part."""
_STRUCTURE: Final = frozenset(
    {"resourceType", "id", "meta", "system", "url", "reference", "use", "gender", "type", "rank", "mode"}
)
"""Members that hold no value somebody chose for a person."""
_VALUES: Final[Mapping[str, str]] = {
    "valueHumanName": "name",
    "valueString": "name",
    "valueMarkdown": "name",
    "valueIdentifier": "number",
    "valueContactPoint": "phone",
    "valueAddress": "address",
    "valueDate": "birth_date",
    "valueDateTime": "birth_date",
    "valueAttachment": "photo",
}
"""Extensions of people, by the type of their value; a text may say anything, so it counts as a name."""

_ELEMENTS: Final[Mapping[str, str]] = {
    "name": "name",
    "identifier": "number",
    "telecom": "phone",
    "address": "address",
    "birthDate": "birth_date",
    "photo": "photo",
    "contact": "contact",
    "text": "text",
}


def person(content: Json, masks: Masks) -> Json:
    """Give a person's record with what `masks` hide taken out, wherever in it it stands again."""
    made: Json = {}
    for name, value in content.items():
        group = _ELEMENTS.get(name.removeprefix("_"))
        shown = Shown.shown if group is None else getattr(masks, group)
        if shown is Shown.shown:
            made[name] = value
        elif shown is Shown.partly and not name.startswith("_"):
            left = _PARTLY[name](value, masks)
            if left:
                made[name] = left
    made = _extensions(made, masks)
    return _cleaned(made, _gone(content, masks, made))


def contacts(value: Any, masks: Masks) -> list[Json]:
    """Give the people to turn to, each masked as a person is."""
    return [person(one, masks) for one in _objects(value)]


def names(value: Any, masks: Masks | None = None) -> Any:
    """Give names of which the first letter is left."""
    del masks
    if isinstance(value, dict):  # of a contact, there is one only
        found = names([value])
        return found[0] if found else None
    made: list[Json] = []
    for one in _objects(value):
        whole = one.get("text") or one.get("family") or next(_texts(one.get("given")), "")
        left: Json = {"use": one["use"]} if "use" in one else {}
        left["text"] = styles.name(str(whole)) if whole else styles.STARS
        if left not in made:
            made.append(left)
    return made


def identifiers(value: Any, masks: Masks | None = None) -> list[Json]:
    """Give numbers of which the ends are left."""
    del masks
    return [
        _with_value(one, styles.number, ("use", "type", "system", "period", "assigner"))
        for one in _objects(value)
    ]


def _phones(value: Any, masks: Masks) -> list[Json]:
    del masks
    return [_with_value(one, styles.phone, ("system", "use", "rank", "period")) for one in _objects(value)]


def _with_value(one: Json, style: Callable[[str], str], kept: tuple[str, ...]) -> Json:
    left = {name: one[name] for name in kept if name in one}
    return left | {"value": style(one["value"])} if isinstance(one.get("value"), str) else left


def _addresses(value: Any, masks: Masks) -> Any:
    del masks
    if isinstance(value, dict):
        return _county(cast("Json", value))
    return [left for one in _objects(value) if (left := _county(one))]


def _county(one: Json) -> Json:
    return {name: one[name] for name in _COUNTY if name in one}


def _year(value: Any, masks: Masks) -> str | None:
    del masks
    return styles.year(value) if isinstance(value, str) else None


def _nothing(value: Any, masks: Masks) -> None:
    del value, masks


_PARTLY: Final[Mapping[str, Callable[[Any, Masks], Any]]] = {
    "name": names,
    "identifier": identifiers,
    "telecom": _phones,
    "address": _addresses,
    "birthDate": _year,
    "photo": _nothing,
    "contact": contacts,
    "text": _nothing,
}


def _extensions(node: Any, masks: Masks) -> Any:
    """Give a record without extensions whose values are of a group that isn't shown whole."""
    if isinstance(node, list):
        return [_extensions(one, masks) for one in cast("list[Any]", node) if not _is_masked(one, masks)]
    if not isinstance(node, dict):
        return node
    made = {name: _extensions(value, masks) for name, value in cast("Json", node).items()}
    return {name: value for name, value in made.items() if value not in ([], {})}


def _is_masked(one: Any, masks: Masks) -> bool:
    if not isinstance(one, dict) or "url" not in one:
        return False
    return any(getattr(masks, group) is not Shown.shown for name, group in _VALUES.items() if name in one)


def _gone(content: Json, masks: Masks, made: Json) -> frozenset[str]:
    """Give the values of at least two letters that masking takes out of a record."""
    found: set[str] = set()
    for name, group in _ELEMENTS.items():
        if name != "text" and name in content and getattr(masks, group) is not Shown.shown:
            found.update(_texts(content[name]))
    left = set(_texts({name: made[name] for name in _ELEMENTS if name in made}))
    return frozenset(one for one in found - left if len(one) > 1)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for one in cast("list[Any]", node):
            yield from _texts(one)
    elif isinstance(node, dict):
        for name, value in cast("Json", node).items():
            if name not in _STRUCTURE and name not in ("period", "assigner"):
                yield from _texts(value)


def _cleaned(node: Any, gone: frozenset[str]) -> Any:
    """Give a record with stars for texts that hold a value that was taken out elsewhere."""
    if not gone:
        return node
    if isinstance(node, str):
        return styles.STARS if any(one in node for one in gone) else node
    if isinstance(node, list):
        return [_cleaned(one, gone) for one in cast("list[Any]", node)]
    if isinstance(node, dict):
        return {
            name: value if name in _STRUCTURE else _cleaned(value, gone)
            for name, value in cast("Json", node).items()
        }
    return node


def _objects(value: Any) -> list[Json]:
    """Give an array's objects; where records aren't checked, anything may stand in its place."""
    return (
        [one for one in cast("list[Any]", value) if isinstance(one, dict)] if isinstance(value, list) else []
    )
