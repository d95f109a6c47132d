"""The closures that walk JSON: objects, their keys, single values and arrays.

They are the hot path. A faultless value returns None at once; everything about messages happens on the way
out. `__class__` is asked in place of `type()`: it is quicker, and values stay `Any` for the type checker.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from xinglin.core.i18n import Phrase
from xinglin.standards.validation.context import Check, Context, Field, Json
from xinglin.standards.validation.findings import Drafts, at, error, excerpt
from xinglin.standards.validation.primitives import Primitive, json_kind

AN_OBJECT: Final = Phrase("an object")
SHAPE_RULES: Final = frozenset({"type", "array", "not-array", "null", "empty", "resource-type"})
"""Rules whose breach means that a value isn't of the JSON type it should be."""


class Required(NamedTuple):
    """Keys of which one must be there, and how the message names them."""

    keys: frozenset[str]
    name: str
    least: int


class Choice(NamedTuple):
    """Keys of which only one may be there."""

    keys: frozenset[str]
    name: str


class Shape:
    """What a JSON object may hold. Filled while compiling, so that types can refer to themselves."""

    __slots__ = ("choices", "fields", "invariants", "labels", "required", "type_name")

    def __init__(self, type_name: str) -> None:
        """Make the empty shape of `type_name`."""
        self.type_name = type_name
        self.fields: dict[str, Field] = {}
        self.labels: dict[str, str] = {}
        self.required: list[Required] = []
        self.choices: list[Choice] = []
        self.invariants: list[Check] = []

    def add(self, key: str, label: str, check: Field) -> None:
        """Say how the value of `key` is checked and what a location calls it."""
        self.fields[key] = check
        self.labels[key] = label


def object_check(shape: Shape) -> Check:
    """Make the check of objects of `shape`, which may be filled afterwards."""
    find = shape.fields.get
    required, choices, invariants = shape.required, shape.choices, shape.invariants

    def check(value: Any, context: Context) -> Drafts | None:
        if value.__class__ is not dict:
            return not_an_object(value)
        drafts: Drafts | None = None
        for key, item in value.items():
            field = find(key)
            found = unknown(shape, value, key) if field is None else field(item, value, context)
            if found is not None:
                at(shape.labels.get(key) or f".{key}", found)
                drafts = found if drafts is None else drafts + found
        for keys, _, _ in required:
            if keys.isdisjoint(value):
                drafts = missing(shape, value, drafts)
                break
        for keys, name in choices:
            if len(keys & value.keys()) > 1:
                drafts = [*(drafts or ()), *several(keys, name, value)]
        if len(value) < 2 and is_hollow(shape, value):
            return [*(drafts or ()), error("empty", name=shape.type_name)]
        return drafts if drafts and misshapen(drafts) else all_of(invariants, value, context, drafts)

    return check


def all_of(checks: Sequence[Check], value: Any, context: Context, drafts: Drafts | None) -> Drafts | None:
    """Run `checks`; give what they find after `drafts`."""
    for one in checks:
        found = one(value, context)
        if found is not None:
            drafts = found if drafts is None else drafts + found
    return drafts


def misshapen(drafts: Drafts) -> bool:
    """Whether some value isn't of the JSON type it should be, on which expressions may rely."""
    return any(one.rule in SHAPE_RULES for one in drafts)


def missing(shape: Shape, value: Json, drafts: Drafts | None) -> Drafts:
    """Say which required elements aren't there."""
    return [
        *(drafts or ()),
        *(
            error("cardinality-min", name=name, min=least, count=0)
            for keys, name, least in shape.required
            if keys.isdisjoint(value)
        ),
    ]


def not_an_object(value: Any) -> Drafts:
    """Say that an object is needed."""
    if value.__class__ is list:
        return [error("not-array", name="…")]
    return [error("type", expected=AN_OBJECT, found=json_kind(value))]


def is_hollow(shape: Shape, value: Json) -> bool:
    """Whether an object has nothing but an id (ele-1); a resource may be as bare as that."""
    return not value.keys() - {"id"} and "resourceType" not in shape.fields


def unknown(shape: Shape, value: Json, key: str) -> Drafts:
    """Say that the type has no such element."""
    return [error("unknown-element", name=key, type=value.get("resourceType", shape.type_name))]


def several(keys: frozenset[str], name: str, value: Json) -> Drafts:
    """Say that only one of a choice's types may be given; `_valueX` beside `valueX` is no second value."""
    given = sorted({key.removeprefix("_") for key in keys & value.keys()})
    return [error("choice", names=", ".join(given), name=name)] if len(given) > 1 else []


def single(check: Check, extras: Sequence[Check], name: str) -> Field:
    """Make the check of a key with one value of a complex type."""
    if not extras:

        def field(value: Any, _parent: Json, context: Context) -> Drafts | None:
            return check(value, context) if value.__class__ is dict else wrong_shape(value, name)

        return field

    def field_with_extras(value: Any, _parent: Json, context: Context) -> Drafts | None:
        if value.__class__ is not dict:
            return wrong_shape(value, name)
        return all_of(extras, value, context, check(value, context))

    return field_with_extras


def wrong_shape(value: Any, name: str, expected: Phrase = AN_OBJECT) -> Drafts:
    """Say what JSON was needed."""
    if value is None:
        return [error("null", name=name)]
    if value.__class__ is list:
        return [error("not-array", name=name)]
    return [error("type", expected=expected, found=json_kind(value))]


class Count(NamedTuple):
    """How many values an array may have; `most` None: no limit."""

    name: str
    least: int
    most: int | None


def array(check: Check, extras: Sequence[Check], count: Count, whole: Sequence[Check]) -> Field:
    """Make the check of a key with an array of complex values; `whole` look at the array itself (slices)."""
    least, most = count.least, count.most

    def field(value: Any, _parent: Json, context: Context) -> Drafts | None:
        if value.__class__ is not list or not value:
            return not_an_array(value, count.name)
        drafts: Drafts | None = None
        for index, item in enumerate(value):
            if item.__class__ is dict:
                found = check(item, context)
                if extras:
                    found = all_of(extras, item, context, found)
            else:
                found = wrong_shape(item, count.name)
            if found is not None:
                at(f"[{index}]", found)
                drafts = found if drafts is None else drafts + found
        if len(value) < least or (most is not None and len(value) > most):
            drafts = (drafts or []) + out_of_bounds(len(value), count)
        return all_of(whole, value, context, drafts)

    return field


def out_of_bounds(given: int, count: Count) -> Drafts:
    """Say that an array has too few or too many values."""
    if given < count.least:
        return [error("cardinality-min", name=count.name, min=count.least, count=given)]
    return [error("cardinality-max", name=count.name, max=count.most, count=given)]


def not_an_array(value: Any, name: str) -> Drafts:
    """Say that a non-empty array is needed."""
    if value is None:
        return [error("null", name=name)]
    return [error("empty", name=name) if value.__class__ is list else error("array", name=name)]


def forbidden(name: str) -> Field:
    """Make the check of a key that a profile rules out."""

    def field(value: Any, _parent: Json, _context: Context) -> Drafts | None:
        count = len(value) if value.__class__ is list else 1
        return [error("cardinality-max", name=name, max=0, count=count)]

    return field


def primitive(kind: str, rule: Primitive, extras: Sequence[Check], name: str, known: frozenset[str]) -> Field:
    """Make the check of a key with one primitive value; values in `known` are right without a look."""
    accepts: Callable[[Any], bool] = rule.accepts

    def judge(value: Any, context: Context) -> Drafts | None:
        if not accepts(value):
            return wrong_primitive(value, kind, rule, name)
        return all_of(extras, value, context, None)

    if known:
        return lambda value, _parent, context: (
            None if type(value) is str and value in known else judge(value, context)
        )
    if extras:
        return lambda value, _parent, context: judge(value, context)
    return lambda value, _parent, _context: (
        None if accepts(value) else wrong_primitive(value, kind, rule, name)
    )


def wrong_primitive(value: Any, kind: str, rule: Primitive, name: str) -> Drafts:
    """Say how the value should have been written."""
    if value is None or type(value) in {list, dict} or json_kind(value) != rule.json:
        return wrong_shape(value, name, rule.json)
    if value == "":
        return [error("empty", name=name)]
    return [error("format", type=kind, value=excerpt(value), hint=rule.hint)]


def primitive_array(one: Field, count: Count, whole: Sequence[Check]) -> Field:
    """Make the check of a key with an array of primitive values, each checked by `one`."""
    least, most, name = count.least, count.most, count.name

    def field(value: Any, parent: Json, context: Context) -> Drafts | None:
        if value.__class__ is not list or not value:
            return not_an_array(value, name)
        drafts: Drafts | None = None
        for index, item in enumerate(value):
            if item is None and _has_extension(parent.get("_" + name), index):
                continue
            found = one(item, parent, context)
            if found is not None:
                at(f"[{index}]", found)
                drafts = found if drafts is None else drafts + found
        if len(value) < least or (most is not None and len(value) > most):
            drafts = (drafts or []) + out_of_bounds(len(value), count)
        return all_of(whole, value, context, drafts)

    return field


def _has_extension(beside: Any, index: int) -> bool:
    return beside.__class__ is list and index < len(beside) and beside[index].__class__ is dict


def primitive_extension(check: Check, name: str) -> Field:
    """Make the check of `_name`: the id and extensions of a single primitive."""

    def field(value: Any, parent: Json, context: Context) -> Drafts | None:
        if value.__class__ is not dict:
            return wrong_shape(value, "_" + name)
        return _beside(check(value, context), value, has_value=parent.get(name) is not None)

    return field


def _beside(found: Drafts | None, value: Json, *, has_value: bool) -> Drafts | None:
    """Take back that an element is hollow when all it lacks is the value it stands beside."""
    if found and value and has_value:
        return [one for one in found if one.rule != "empty" or one.location] or None
    return found


def primitive_extensions(check: Check, name: str) -> Field:
    """Make the check of `_name` for an array of primitives: objects, and nulls beside bare values."""

    def field(value: Any, parent: Json, context: Context) -> Drafts | None:
        if value.__class__ is not list or not value:
            return not_an_array(value, "_" + name)
        values = parent.get(name)
        drafts: Drafts = []
        for index, item in enumerate(value):
            if item is None:
                if not _has_value(values, index):
                    drafts += at(f"[{index}]", [error("null", name=name)])
                continue
            if item.__class__ is dict:
                found = _beside(check(item, context), item, has_value=_has_value(values, index))
            else:
                found = wrong_shape(item, "_" + name)
            if found is not None:
                drafts += at(f"[{index}]", found)
        return drafts or None

    return field


def _has_value(values: Any, index: int) -> bool:
    return values.__class__ is list and index < len(values) and values[index] is not None
