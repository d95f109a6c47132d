"""The elements of one StructureDefinition compiled to the shapes that walk JSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from xinglin.standards.validation.bindings import CODED, compile_bindings
from xinglin.standards.validation.context import Check, Context, Field, Json
from xinglin.standards.validation.findings import Drafts, error, excerpt
from xinglin.standards.validation.invariants import compile_constraints
from xinglin.standards.validation.matching import constant, contains, equals
from xinglin.standards.validation.narrative import check_div
from xinglin.standards.validation.primitives import PRIMITIVES, Primitive
from xinglin.standards.validation.references import compile_targets
from xinglin.standards.validation.shapes import (
    Choice,
    Count,
    Required,
    Shape,
    all_of,
    array,
    forbidden,
    object_check,
    primitive,
    primitive_array,
    primitive_extension,
    primitive_extensions,
    single,
)
from xinglin.standards.validation.slicing import compile_slices
from xinglin.standards.validation.snapshot import Node, Tree, choice_key
from xinglin.standards.validation.special import compile_canonical, unique_id

if TYPE_CHECKING:
    from xinglin.standards.validation.compiler import Compiler

_SYSTEM: Final = "http://hl7.org/fhirpath/"
_FHIR_TYPE: Final = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
_EMPTY: Final[frozenset[str]] = frozenset()


class StructureCompiler:
    """Compiles the elements of one structure."""

    def __init__(self, owner: "Compiler", structure: Json) -> None:
        self.owner = owner
        self.structure = structure
        self.tree = Tree(structure)
        self._shapes: dict[int, Check] = {}

    def fill(self, shape: Shape) -> None:
        """Fill the `shape` of the whole structure."""
        if self.structure["kind"] == "resource":
            shape.add("resourceType", ".resourceType", lambda _value, _parent, _context: None)
        self._fill(shape, self.tree.root, self.structure["type"])

    def _fill(self, shape: Shape, node: Node, type_name: str) -> None:
        for child in node.children.values():
            self._add_child(shape, child)
        shape.invariants += compile_constraints(node.element, type_name, self.owner)
        shape.invariants += self.owner.special.get(type_name, ())

    def _object(self, node: Node, type_name: str) -> Check:
        """Give the check of a node whose children stand in this snapshot."""
        found = self._shapes.get(id(node))
        if found is None:
            shape = Shape(type_name)
            found = object_check(shape)
            self._shapes[id(node)] = found
            self._fill(shape, node, type_name)
            if not type_name.startswith(self.structure["type"] + "."):
                # A walk into a data type: the snapshot doesn't repeat the type's own rules.
                shape.invariants += self._type_constraints(type_name)
        return found

    def _type_constraints(self, type_name: str) -> list[Check]:
        structure = self.owner.definitions.structure(type_name)
        root: Json = structure["snapshot"]["element"][0] if structure else {}
        return [*compile_constraints(root, type_name, self.owner), *self.owner.special.get(type_name, ())]

    def _add_child(self, shape: Shape, node: Node) -> None:
        if node.name.endswith("[x]"):
            self._add_choice(shape, node)
            return
        if "contentReference" in node.element:
            target = self.tree.nodes.get(node.element["contentReference"].partition("#")[2], node)
            check = self._object(target, target.path)
            shape.add(node.name, "." + node.name, self._field(node, check, node.name, []))
            keys = frozenset({node.name})
        else:
            types = node.types
            code = _type_code(node.element, types[0]) if types else "Element"
            keys = self._add_key(shape, node, node.name, "." + node.name, code)
        if node.element["min"] > 0:
            shape.required.append(Required(keys, node.name, node.element["min"]))
            return
        # Publishers leave the element optional though one of its slices is required.
        for name, one in node.slices.items():
            if one.element["min"] > 0 and node.max != 0:
                shape.required.append(Required(keys, f"{node.name}:{name}", one.element["min"]))

    def _add_choice(self, shape: Shape, node: Node) -> None:
        stem = node.name[:-3]
        by_type = {one.types[0]["code"]: one for one in node.slices.values() if len(one.types) == 1}
        every: set[str] = set()
        for one in node.types:
            code = _type_code(node.element, one)
            chosen = by_type.get(code, node)
            key = choice_key(stem, code)
            keys = self._add_key(shape, chosen, key, f".{stem}.ofType({code})", code)
            every |= keys
            if chosen is not node and chosen.element["min"] > 0:
                shape.required.append(Required(keys, key, 1))
        if node.element["min"] > 0:
            shape.required.append(Required(frozenset(every), node.name, 1))
        if len(node.types) > 1:
            shape.choices.append(Choice(frozenset(every), node.name))

    def _add_key(self, shape: Shape, node: Node, key: str, label: str, code: str) -> frozenset[str]:
        """Add the JSON keys of an element of type `code`; give them."""
        if node.max == 0:
            shape.add(key, label, forbidden(key))
            return frozenset({key})
        rule = PRIMITIVES.get(code)
        if rule is None:
            shape.add(key, label, self._complex_field(node, key, code, shape.type_name))
            return frozenset({key})
        field = self._primitive_field(node, key, code, rule)
        if key == "id" and node.path != "ElementDefinition.id" and not node.many:
            field = unique_id(field)
        shape.add(key, label, field)
        element = self.owner.type("Element")
        beside = primitive_extensions(element, key) if node.many else primitive_extension(element, key)
        shape.add("_" + key, label, beside)
        return frozenset({key, "_" + key})

    def _complex_field(self, node: Node, key: str, code: str, shape_name: str) -> Field:
        if code in {"Resource", "DomainResource"} or code in self.owner.definitions.resource_types:
            check: Check = self.owner.resource_in(key)
        elif node.children:
            backbone = code in {"BackboneElement", "Element"}
            check = self._object(node, node.path if backbone else code)
        else:
            check = self._by_profile(node, code) or self.owner.type(code)
        extras = self._extras(node, code)
        if code == "Reference":
            extras += compile_targets(node, code, self.owner)
        if code == "Extension":
            extras += self.owner.extensions.place(key, nested=shape_name == "Extension")
        return self._field(node, check, key, extras)

    def _by_profile(self, node: Node, code: str) -> Check | None:
        """Give the check of the only profile an element asks of its type; it includes the type's own."""
        urls = _profiles(node, code)
        return self.owner.profile(urls[0]) if len(urls) == 1 and code != "Extension" else None

    def _field(self, node: Node, check: Check, key: str, extras: Sequence[Check]) -> Field:
        if not node.many:
            return single(check, extras, key)
        count = Count(key, node.element["min"], node.max)
        return array(check, extras, count, self._slices(node))

    def _slices(self, node: Node) -> list[Check]:
        if not node.slices or "slicing" not in node.element:
            return []
        return compile_slices(node, self.owner, self._slice_check)

    def _slice_check(self, node: Node) -> Check:
        """Give the check of one value of a slice."""
        code = _type_code(node.element, node.types[0]) if node.types else "Element"
        rule = PRIMITIVES.get(code)
        if rule is not None:
            one = self._one_primitive(node, node.name, code, rule)
            return lambda value, context: one(value, {}, context)
        parts: list[Check] = []
        if node.children:
            backbone = code in {"BackboneElement", "Element"}
            parts.append(self._object(node, node.path if backbone else code))
        parts += self._extras(node, code)
        if code == "Reference":
            parts += compile_targets(node, code, self.owner)
        return together(parts)

    def _primitive_field(self, node: Node, key: str, code: str, rule: Primitive) -> Field:
        one = self._one_primitive(node, key, code, rule)
        if not node.many:
            return one
        return primitive_array(one, Count(key, node.element["min"], node.max), self._slices(node))

    def _one_primitive(self, node: Node, key: str, code: str, rule: Primitive) -> Field:
        extras = self._extras(node, code)
        if code == "xhtml":
            extras.append(lambda value, _context: check_div(value))
        if code == "canonical":
            urls = [url for one in node.types if one["code"] == code for url in one.get("targetProfile", ())]
            extras.append(compile_canonical(self.owner.definitions, urls))
        known = _EMPTY
        binding = node.element.get("binding", {})
        if len(extras) == 1 and binding.get("strength") == "required" and code == "code":
            known = self.owner.terminology.finite_codes(binding.get("valueSet", "")) or _EMPTY
        return primitive(code, rule, extras, key, known)

    def _extras(self, node: Node, code: str) -> list[Check]:
        """Give the checks that an element puts on its values beside their type."""
        element = node.element
        checks: list[Check] = []
        if "binding" in element and code in CODED:
            checks += compile_bindings(self.owner.terminology, code, element["binding"])
        fixed, pattern = constant(element, "fixed"), constant(element, "pattern")
        if fixed is not None:
            checks.append(_constant_check("fixed", fixed))
        if pattern is not None:
            checks.append(_constant_check("pattern", pattern))
        checks += _bounds(element)
        if not node.children:
            # With children, the constraints stand in the shape of the node.
            checks += compile_constraints(element, code, self.owner)
        profiles = _profiles(node, code)
        if len(profiles) > (0 if node.children else 1) and code != "Extension" and code not in PRIMITIVES:
            checks.append(self.owner.one_of(profiles))
        return checks


def _type_code(element: Json, one: Json) -> str:
    code: str = one["code"]
    if not code.startswith(_SYSTEM):
        return code
    if element.get("base", element)["path"] == "Resource.id":
        return "id"  # R4 says "string" here; the datatypes page and the schema say "id"
    for extension in one.get("extension", ()):
        if extension["url"] == _FHIR_TYPE:
            return extension.get("valueUrl") or extension.get("valueUri", "string")
    return code.removeprefix(_SYSTEM + "System.").lower()


def _profiles(node: Node, code: str) -> list[str]:
    return [url for one in node.types if one["code"] == code for url in one.get("profile", ())]


def _constant_check(rule: str, expected: Any) -> Check:
    compare = equals if rule == "fixed" else contains

    def check(value: Any, _context: Context) -> Drafts | None:
        return None if compare(value, expected) else [error(rule, expected=excerpt(expected))]

    return check


def _bounds(element: Json) -> list[Check]:
    checks: list[Check] = []
    longest = element.get("maxLength")
    if longest is not None:

        def check_length(value: Any, _context: Context) -> Drafts | None:
            if type(value) is str and len(value) > longest:
                return [error("length", max=longest, count=len(value))]
            return None

        checks.append(check_length)
    least, most = constant(element, "minValue"), constant(element, "maxValue")
    if isinstance(least or most, (int, str)) or least is not None or most is not None:

        def check_range(value: Any, _context: Context) -> Drafts | None:
            if type(value) is bool or isinstance(value, (dict, list)):
                return None
            low = least is not None and type(value) is type(least) and value < least
            high = most is not None and type(value) is type(most) and value > most
            if low or high:
                return [error("range", min=least, max=most, value=excerpt(value))]
            return None

        checks.append(check_range)
    return checks


def together(parts: Sequence[Check]) -> Check:
    """Make one check of several."""
    return parts[0] if len(parts) == 1 else lambda value, context: all_of(parts, value, context, None)
