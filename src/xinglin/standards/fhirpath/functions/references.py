"""`resolve()` and questions about what a reference points to (http://hl7.org/fhir/R4/fhirpath.html#functions)."""

import re
from typing import TYPE_CHECKING, Any

from xinglin.standards.definitions import type_model
from xinglin.standards.fhirpath import tree
from xinglin.standards.fhirpath.adapt import single
from xinglin.standards.fhirpath.code import Code, Env, Need, Scope, from_test
from xinglin.standards.fhirpath.functions.registry import special
from xinglin.standards.fhirpath.types import static_is
from xinglin.standards.fhirpath.values import Node, guess_type, is_array, is_object, resource_node

if TYPE_CHECKING:
    from xinglin.standards.fhirpath.compiler import Compiler

_TYPED = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?$")


@special("resolve")
def resolve(c: "Compiler", call: tree.Call, scope: Scope, _need: Need) -> Code:
    """Give the resources that references, canonicals and URLs name; those not found are left out."""
    c.uses_env = True
    source = c.input(call, scope, Need.VALUES).run

    def run(this: Any, env: Env) -> list[Any]:
        found: list[Any] = []
        for item in source(this, env):
            resource = find(reference_of(item), env)
            if resource is not None:
                found.append(resource_node(resource))
        return found

    return Code(run, (), nodes=True)


def reference_of(item: Any) -> str:
    """Give the text of a Reference or of a primitive that names a resource; "" where there is none."""
    value = item.value if type(item) is Node else item
    if is_object(value):
        value = value.get("reference")
    return value if isinstance(value, str) else ""


def find(reference: str, env: Env) -> Any:
    """Find a resource: contained, in the same Bundle, or by the resolver passed in; None where nowhere."""
    if not reference:
        return None
    if reference.startswith("#"):
        return _contained(reference[1:], env)
    inside = _in_bundle(reference, env.root)
    if inside is not None or env.resolve is None:
        return inside
    return env.resolve(reference)


def _contained(identifier: str, env: Env) -> Any:
    for holder in (env.resource, env.root):
        record = holder.value if type(holder) is Node else holder
        if not is_object(record):
            continue
        if not identifier:
            return record
        contained = record.get("contained")
        for one in contained if is_array(contained) else ():
            if is_object(one) and one.get("id") == identifier:
                return one
    return None


def _in_bundle(reference: str, root: Any) -> Any:
    record = root.value if type(root) is Node else root
    if not is_object(record) or record.get("resourceType") != "Bundle":
        return None
    entries = record.get("entry")
    for entry in entries if is_array(entries) else ():
        if is_object(entry):
            url = entry.get("fullUrl")
            if isinstance(url, str) and (url == reference or url.endswith("/" + reference)):
                return entry.get("resource")
    return None


def compile_reference_test(c: "Compiler", call: tree.Call, wanted: tree.TypeName, scope: Scope) -> Code:
    """Compile `reference.resolve() is Type`: the reference tells its type, so nothing needs to be fetched."""
    c.uses_env = True
    source = c.input(call, scope, Need.VALUES).run
    name = wanted.name

    def test(this: Any, env: Env) -> bool | None:
        item = single(source(this, env), "is")
        if item is None:
            return None
        kind = target_type(item, env)
        return None if kind is None else kind == name or static_is(kind, wanted)

    return from_test(test)


def target_type(item: Any, env: Env | None) -> str | None:
    """Name the type of what a Reference points to; None where it doesn't tell and can't be found."""
    value = item.value if type(item) is Node else item
    text = reference_of(item)
    match = _TYPED.search(text)
    if match is not None and match[1] in type_model():
        return match[1]
    if is_object(value):
        kind = value.get("type")
        if isinstance(kind, str) and kind in type_model():
            return kind
    resource = find(text, env) if env is not None else None
    return None if resource is None else guess_type(resource)
