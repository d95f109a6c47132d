"""The values that expressions work on.

A *system value* is a Python bool, int, Decimal, str, Date, DateTime, Time or Quantity. An element of a
record is either *raw*, the plain JSON value whose type the compiler knows, or a `Node`, which carries its
type along.
Source of the types: the R4 definitions (`standards.definitions`).
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Final, TypeGuard

from xinglin.core.i18n import Phrase
from xinglin.standards.definitions import Element, is_subtype, type_model
from xinglin.standards.fhirpath.errors import EvaluationError
from xinglin.standards.fhirpath.quantity import Quantity
from xinglin.standards.fhirpath.temporal import Date, DateTime, Time

MAX_ADJUSTED: Final = 400
"""Numbers of 10 to this power or more (or as small) aren't computed with: they would fill the memory."""

STRING_TYPES: Final = frozenset(
    {
        "string", "code", "id", "uri", "url", "canonical", "markdown", "oid", "uuid", "base64Binary", "xhtml",
        "System.String",
    }
)  # fmt: skip
INTEGER_TYPES: Final = frozenset({"integer", "positiveInt", "unsignedInt", "integer64", "System.Integer"})
DECIMAL_TYPES: Final = frozenset({"decimal", "System.Decimal"})
BOOLEAN_TYPES: Final = frozenset({"boolean", "System.Boolean"})
TEMPORAL_TYPES: Final[Mapping[str, type[Date] | type[DateTime] | type[Time]]] = {
    "date": Date,
    "dateTime": DateTime,
    "instant": DateTime,
    "time": Time,
}
UNKNOWN: Final = "?"
"""The type of a value that the definitions don't know, such as a made-up element."""


class Node:
    """An element with its type and place.

    `value` is the JSON value (None for a primitive that has only extensions), `extras` the JSON object beside
    a primitive (`_name`), `parent`, `key` and `index` where it stands (`index` None outside arrays).
    """

    __slots__ = ("extras", "index", "key", "parent", "type", "value")

    def __init__(
        self,
        value: Any,
        type_: str,
        parent: "Node | None" = None,
        key: str = "",
    ) -> None:
        self.value = value
        self.type = type_
        self.parent = parent
        self.key = key
        self.index: int | None = None
        self.extras: Any = None

    @property
    def location(self) -> str:
        """The path from the root, such as `Patient.name[0].given[1]`; choice elements without their type."""
        steps: list[str] = []
        node: Node | None = self
        while node.parent is not None:
            element = child_elements(node.parent.type).get(node.key)
            name = element[0].name if element else node.key
            steps.append(name if node.index is None else f"{name}[{node.index}]")
            node = node.parent
        return ".".join([node.type, *reversed(steps)])


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Say whether `value` is a JSON object."""
    return isinstance(value, dict)


def is_array(value: Any) -> TypeGuard[list[Any]]:
    """Say whether `value` is a JSON array."""
    return isinstance(value, list)


def is_primitive(type_: str) -> bool:
    """Say whether `type_` is a FHIR primitive type."""
    return type_[:1].islower() and type_ != UNKNOWN


@cache
def public_type(type_: str) -> str:
    """Name a type for people: nested elements are BackboneElement or Element, the unknown has no name."""
    info = type_model().get(type_)
    if info is not None and info.kind == "backbone":
        return info.base or "BackboneElement"
    return "Element" if type_ == UNKNOWN else type_


@cache
def child_elements(type_: str) -> Mapping[str, tuple[Element, str]]:
    """Give for each JSON key of a `type_` (`valueQuantity` …) the element and the type it then has."""
    info = type_model().get(type_)
    if info is None:
        return {}
    found: dict[str, tuple[Element, str]] = {}
    for element in info.elements.values():
        for one in element.types:
            key = element.name + one[0].upper() + one[1:] if element.choice else element.name
            found[key] = (element, one)
    return found


@cache
def keys_of(type_: str, name: str) -> tuple[tuple[str, str], ...]:
    """Give the JSON keys under which element `name` of `type_` may stand, each with its type."""
    return tuple((key, one) for key, (element, one) in child_elements(type_).items() if element.name == name)


def guess_type(value: Any) -> str:
    """Name the type of a value of which only the JSON is known."""
    if is_object(value):
        named = value.get("resourceType")
        return named if isinstance(named, str) and named in type_model() else UNKNOWN
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    return "decimal" if isinstance(value, Decimal) else "string"


def resource_node(value: Any) -> Node:
    """Make the node of a whole resource, whose type is what it says of itself."""
    return Node(value, guess_type(value))


def make_nodes(value: Any, extras: Any, type_: str, parent: Node | None, key: str) -> Iterator[Node]:
    """Give the nodes of one JSON property, which may be an array, with the extensions beside it."""
    if not is_array(value) and not (value is None and is_array(extras)):
        if value is not None or extras is not None:
            yield _make(value, extras, type_, parent, key)
        return
    values = value if is_array(value) else []
    beside = extras if is_array(extras) else []
    for index in range(max(len(values), len(beside))):
        one = values[index] if index < len(values) else None
        extra = beside[index] if index < len(beside) else None
        if one is not None or extra is not None:
            node = _make(one, extra, type_, parent, key)
            node.index = index
            yield node


def _make(value: Any, extras: Any, type_: str, parent: Node | None, key: str) -> Node:
    if type_ in {"Resource", "DomainResource", UNKNOWN}:
        type_ = guess_type(value)
    node = Node(value, type_, parent, key)
    node.extras = extras
    return node


def children_named(node: Any, name: str) -> list[Any]:
    """Give the child elements `name` of `node` (a Node or system value) as nodes."""
    if type(node) is not Node:
        return _quantity_child(node, name) if type(node) is Quantity else []
    value, extras = node.value, node.extras
    if not is_object(value):
        if name not in {"extension", "id"} or not is_object(extras):
            return []
        kind = "Extension" if name == "extension" else "string"
        return list(make_nodes(extras.get(name), None, kind, node, name))
    keys = keys_of(node.type, name)
    if not keys and node.type not in type_model():
        keys = ((name, UNKNOWN),)
    found: list[Any] = []
    for key, kind in keys:
        here = value.get(key)
        beside = value.get("_" + key) if is_primitive(kind) else None
        if here is not None or beside is not None:
            found.extend(make_nodes(here, beside, kind, node, key))
    return found


def _quantity_child(quantity: Quantity, name: str) -> list[Any]:
    return [quantity.value] if name == "value" else [quantity.unit] if name in {"unit", "code"} else []


def children(node: Any) -> list[Node]:
    """Give all child elements of `node` as nodes, in the order of the record."""
    if type(node) is not Node:
        return []
    value: Any = node.value
    if not is_object(value):
        return [*children_named(node, "id"), *children_named(node, "extension")]
    known = child_elements(node.type)
    found: list[Node] = []
    for written, here in value.items():
        key = written[1:] if written[:1] == "_" else written
        if key == "resourceType" or (written != key and key in value):
            continue
        kind = known[key][1] if key in known else UNKNOWN
        if written == key:
            found.extend(make_nodes(here, value.get("_" + key), kind, node, key))
        else:
            found.extend(make_nodes(None, here, kind, node, key))
    return found


def descendants(node: Any, limit: Callable[[int], None]) -> list[Node]:
    """Give all elements below `node`, parents before children; `limit` is told how many were added."""
    found: list[Node] = []
    waiting = children(node)
    while waiting:
        limit(len(waiting))
        found.extend(waiting)
        waiting = [child for one in waiting for child in children(one)]
    return found


def to_system(item: Any) -> Any:
    """Give the system value of `item`, the Node itself where it is complex; None where it has no value."""
    if type(item) is not Node:
        return item
    return raw_to_system(item.value, item.type, item)


def raw_to_system(value: Any, type_: str, whole: Any) -> Any:
    """Give the system value of JSON `value` of FHIR `type_`, `whole` where it is complex; None for none."""
    if isinstance(value, str):
        kind = TEMPORAL_TYPES.get(type_)
        if kind is not None:
            parsed = kind.parse(value)
            return value if parsed is None else parsed
        return value
    if is_object(value):
        return to_quantity(value, whole) if is_quantity_type(type_) else whole
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Decimal):
        return sane(value)
    if isinstance(value, int):
        return sane(Decimal(value)) if type_ == "decimal" else value
    return whole


@cache
def is_quantity_type(type_: str) -> bool:
    """Say whether `type_` is Quantity or one of its kinds."""
    return type_ in {"Quantity", "Age", "Count", "Distance", "Duration", "SimpleQuantity", "MoneyQuantity"}


def to_quantity(value: Mapping[str, Any], otherwise: Any) -> Any:
    """Give the system Quantity of a FHIR one; `otherwise` where it has no number or a comparator."""
    number = value.get("value")
    if isinstance(number, bool) or not isinstance(number, (int, Decimal)) or "comparator" in value:
        return otherwise
    code, unit = value.get("code"), value.get("unit")
    name = code if isinstance(code, str) else unit if isinstance(unit, str) else "1"
    return Quantity(sane(Decimal(number)), name)


def sane(number: Decimal) -> Decimal:
    """Give `number` back. Raises EvaluationError where computing with it would fill the memory."""
    if (
        not number.is_finite()
        or abs(number.adjusted()) >= MAX_ADJUSTED
        or len(number.as_tuple().digits) > MAX_ADJUSTED
    ):
        raise EvaluationError(detail=Phrase("a number is too large, too small or too long to compute with"))
    return number


def system_name(value: Any) -> str:
    """Name the System type of a system value."""
    for kind, name in (
        (bool, "Boolean"), (int, "Integer"), (Decimal, "Decimal"), (str, "String"),
        (Date, "Date"), (DateTime, "DateTime"), (Time, "Time"), (Quantity, "Quantity"),
    ):  # fmt: skip
        if isinstance(value, kind):
            return name
    return "Any"


def is_of_type(item: Any, namespace: str | None, name: str) -> bool:
    """Say whether `item` is of the type or one below it. A bare name is looked for in both name spaces."""
    if type(item) is not Node:
        return namespace != "FHIR" and system_name(item) == name
    if namespace == "System":
        return False
    return item.type == name or (item.type in type_model() and is_subtype(item.type, name))


def is_exactly(item: Any, namespace: str | None, name: str) -> bool:
    """Say whether `as` and `ofType` let `item` through: primitives of the very type only."""
    if type(item) is Node and is_primitive(item.type):
        return namespace != "System" and item.type == name
    return is_of_type(item, namespace, name)


def describe(item: Any) -> str:
    """Name an item's type for an error text, without its content (which may be a patient's)."""
    return item.type if type(item) is Node else system_name(item)
