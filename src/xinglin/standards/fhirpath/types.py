"""Types as they are written in expressions, found in the FHIR and System name spaces."""

from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.standards.definitions import is_subtype, type_model
from xinglin.standards.fhirpath import tree
from xinglin.standards.fhirpath.errors import UnknownName
from xinglin.standards.fhirpath.values import is_primitive

SYSTEM_TYPES: Final = frozenset(
    {"Any", "Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity", "Long"}
)
_INFO_TYPES: Final = frozenset({"SimpleTypeInfo", "ClassInfo"})
ABSTRACT: Final = frozenset({"Resource", "DomainResource", "Element", "BackboneElement"})


def type_argument(node: tree.Node) -> tree.TypeName | None:
    """Read the argument of `is()`, `as()` and `ofType()` as a type; None where it isn't one."""
    match node:
        case tree.Member(None, name):
            return tree.TypeName(None, name)
        case tree.Member(tree.Member(None, namespace), name):
            return tree.TypeName(namespace, name)
        case _:
            return None


def check_type(type_: tree.TypeName) -> tree.TypeName:
    """Give `type_` back where it may exist. Raises UnknownName."""
    namespace, name = type_.namespace, type_.name
    known_fhir = name in type_model() or name in {"SimpleQuantity", "MoneyQuantity"}
    if namespace == "System" or (namespace == "FHIR" and known_fhir):
        return type_
    if namespace is None and (known_fhir or name in SYSTEM_TYPES or name in _INFO_TYPES):
        return type_
    raise UnknownName(kind=Phrase("the type"), name=str(type_))


def static_is(actual: str, wanted: tree.TypeName) -> bool:
    """Say whether an item of concrete type `actual` is of type `wanted` or one below it."""
    if actual.startswith("System."):
        return wanted.namespace != "FHIR" and actual == "System." + wanted.name
    if wanted.namespace == "System":
        return False
    return actual == wanted.name or (actual in type_model() and is_subtype(actual, wanted.name))


def static_exactly(actual: str, wanted: tree.TypeName) -> bool:
    """Say whether `as` and `ofType` let an item of concrete type `actual` through."""
    if not actual.startswith("System.") and is_primitive(actual):
        return wanted.namespace != "System" and actual == wanted.name
    return static_is(actual, wanted)
