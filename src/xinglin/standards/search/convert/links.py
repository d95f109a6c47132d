"""Keys of references and URIs (http://hl7.org/fhir/R4/search.html#reference, #uri)."""

from collections.abc import Iterable
from dataclasses import replace

from xinglin.standards.search import keys
from xinglin.standards.search.convert.place import MEMORY, Context, Emit, Json, Place, salted
from xinglin.standards.search.parts import URIS
from xinglin.standards.search.references import read_reference
from xinglin.standards.search.sinks import Sink


def reference_converter(type_name: str, place: Place, context: Context) -> Emit | None:
    """Make the closure of a reference parameter; None where `type_name` refers to nothing."""
    if type_name in URIS:
        return _canonical(place, context)
    if type_name == "Reference":
        return _literal(place, context)
    if type_name != "Resource":
        return None

    literal = _literal(place, context)

    def emit(value: Json, sink: Sink) -> None:
        # A record inside another (the first entry of a document Bundle) counts as a reference to it.
        if value.get("id"):
            literal({"reference": f"{value.get('resourceType')}/{value['id']}"}, sink)

    return emit


def _literal(place: Place, context: Context) -> Emit:
    memory: dict[tuple[str | None, str | None], tuple[tuple[int, ...], int | None]] = {}
    numbers = replace(place, blind=context.blind)

    def presence(kind: str) -> list[int]:
        return [keys.PRESENT ^ keys.salt(f"{place.name}:{one}") for one in place.targets if one == kind]

    def learn(one: tuple[str | None, str | None]) -> tuple[tuple[int, ...], int | None]:
        text, kind = one
        target = read_reference(text or "", context.base_url)
        hashes = [keys.reference(target.address)] if target.address else []
        if hashes and target.version:
            hashes.append(keys.reference(f"{target.address}/_history/{target.version}"))
        if len(memory) >= MEMORY:
            memory.clear()
        found = memory[one] = (
            (*salted(place, hashes), *presence(target.type or kind or "")),
            hashes[0] if hashes else None,
        )
        return found

    def emit(value: Json, sink: Sink) -> None:
        one = (value.get("reference"), value.get("type"))
        found, target = memory.get(one) or learn(one)
        sink.keys.update(found)
        if target is not None:
            sink.references.add(target)
        elif sink.contained and one[0] and not one[1]:
            sink.keys.update(presence(sink.contained.get(one[0][1:], "")))
        identifier = value.get("identifier")
        if identifier:
            sink.keys.update(salted(numbers, _identifier_hashes(identifier)))

    return emit


def _identifier_hashes(identifier: Json) -> Iterable[int]:
    system, value = identifier.get("system"), identifier.get("value")
    if value:
        yield keys.reference_identifier(None, value.casefold())
        yield keys.reference_identifier(system or "", value.casefold())
    if system:
        yield keys.reference_identifier_system(system)


def _canonical(place: Place, context: Context) -> Emit:
    def emit(value: str, sink: Sink) -> None:
        addresses = {canonical_address(one, context.base_url) for one in (value, value.partition("|")[0])}
        sink.keys.update(salted(place, [keys.reference(one) for one in addresses if one]))

    return emit


def canonical_address(text: str, base_url: str) -> str:
    """Give a canonical as the value of a reference search reads: "ValueSet/1" below the hub's own address."""
    return read_reference(text, base_url).address


def uri_prefixes(text: str) -> Iterable[str]:
    """Give every address that `text` (an http address) is at or below: itself, then up to its host."""
    scheme, mark, rest = text.partition("://")
    if not mark or scheme not in {"http", "https"}:
        return
    parts = rest.rstrip("/").split("/")
    for count in range(len(parts), 0, -1):
        yield f"{scheme}://{'/'.join(parts[:count])}"


def uri_converter(place: Place) -> Emit:
    """Make the closure of a uri parameter."""
    memory: dict[str, tuple[int, ...]] = {}

    def learn(value: str) -> tuple[int, ...]:
        plain = value.partition("|")[0]
        hashes = {keys.uri(value), keys.uri(plain), *map(keys.uri_below, uri_prefixes(plain))}
        if len(memory) >= MEMORY:
            memory.clear()
        found = memory[value] = salted(place, hashes)
        return found

    def emit(value: str, sink: Sink) -> None:
        sink.keys.update(memory.get(value) or learn(value))

    return emit
