"""From a value in a record to its keys and rows: a small closure for each place.

Each closure takes a value of one FHIR type and a `Sink`. Values repeat (codes, systems, the patient of a
thousand observations), so hashes are remembered, boundedly.
"""

from xinglin.standards.search.convert.dates import date_converter
from xinglin.standards.search.convert.links import reference_converter, uri_converter
from xinglin.standards.search.convert.place import Context, Emit, Json, Place
from xinglin.standards.search.convert.quantities import number_converter
from xinglin.standards.search.convert.strings import string_converter
from xinglin.standards.search.convert.tokens import token_converter
from xinglin.standards.search.parts import URIS, extension_value
from xinglin.standards.search.sinks import Sink

__all__ = ["Context", "Emit", "Json", "Place", "converter"]


def converter(kind: str, type_name: str, place: Place, context: Context) -> Emit | None:
    """Make the closure for values of `type_name` behind a `kind` parameter; None where they don't count."""
    if type_name == "Extension":
        return _extension(kind, place, context)
    if kind == "token":
        return token_converter(type_name, place)
    if kind == "reference":
        return reference_converter(type_name, place, context)
    if kind == "uri":
        return uri_converter(place) if type_name in URIS else None
    if kind == "string":
        return string_converter(type_name, place)
    if kind == "date":
        return date_converter(type_name, place, context.zone)
    return number_converter(type_name, place)


def _extension(kind: str, place: Place, context: Context) -> Emit:
    known: dict[str, Emit | None] = {}

    def emit(value: Json, sink: Sink) -> None:
        type_name, inner = extension_value(value)
        if type_name == "Extension" or inner is None:
            return
        if type_name not in known:
            known[type_name] = converter(kind, type_name, place, context)
        found = known[type_name]
        if found is not None:
            found(inner, sink)

    return emit
