"""Keys of codes and identifiers (http://hl7.org/fhir/R4/search.html#token)."""

from collections.abc import Iterable

from xinglin.standards.search import keys
from xinglin.standards.search.convert.place import MEMORY, Emit, Json, Place, salted
from xinglin.standards.search.parts import CODES
from xinglin.standards.search.sinks import Sink
from xinglin.standards.search.text import fold

Found = tuple[tuple[int, ...], dict[int, str]]
"""Keys, and display texts by hash."""


def token_hashes(system: str | None, code: str | None) -> list[int]:
    """Give the value hashes of a code in a system: by code, by both, by system."""
    found: list[int] = []
    if code:
        folded = code.casefold()
        found += [keys.token_code(folded), keys.token(system or "", folded)]
    if system:
        found.append(keys.token_system(system))
    return found


def token_converter(type_name: str, place: Place) -> Emit | None:
    """Make the closure of a token parameter; None where `type_name` has no code."""
    if type_name == "CodeableConcept":
        return _codeable_concept(place)
    if type_name == "Coding":
        return _coding(place)
    if type_name == "Identifier":
        return _identifier(place)
    if type_name == "ContactPoint":
        plain = _code(place)
        return lambda value, sink: plain(value.get("value"), sink)
    if type_name == "boolean":
        plain = _code(place)
        return lambda value, sink: plain("true" if value else "false", sink)
    return _code(place) if type_name in CODES else None


def _texts(*texts: str | None) -> dict[int, str]:
    folded = [fold(text) for text in texts if text]
    return {keys.token_text(text): text for text in folded if text}


def _shown(place: Place, texts: Iterable[int]) -> Iterable[int]:
    """Give the keys of display texts: they are looked up in a dictionary, so they are never hidden."""
    salt = place.salt
    return [one ^ salt for one in texts]


def _code(place: Place) -> Emit:
    memory: dict[str | None, tuple[int, ...]] = {}
    systems = sorted(place.systems)

    def learn(code: str | None) -> tuple[int, ...]:
        hashes = token_hashes(None, code)
        for system in systems if code else ():
            hashes += [keys.token(system, (code or "").casefold()), keys.token_system(system)]
        if len(memory) >= MEMORY:
            memory.clear()
        found = memory[code] = salted(place, hashes)
        return found

    def emit(value: str | None, sink: Sink) -> None:
        sink.keys.update(memory.get(value) or learn(value))

    return emit


def _coding(place: Place) -> Emit:
    memory: dict[tuple[str | None, str | None, str | None], Found] = {}

    def learn(one: tuple[str | None, str | None, str | None]) -> Found:
        system, code, display = one
        texts = _texts(display)
        if len(memory) >= MEMORY:
            memory.clear()
        found = memory[one] = ((*salted(place, token_hashes(system, code)), *_shown(place, texts)), texts)
        return found

    def emit(value: Json, sink: Sink) -> None:
        one = (value.get("system"), value.get("code"), value.get("display"))
        found, texts = memory.get(one) or learn(one)
        sink.keys.update(found)
        if texts:
            sink.texts.update(texts)

    return emit


def _codeable_concept(place: Place) -> Emit:
    coding = _coding(place)
    present = place.present

    def emit(value: Json, sink: Sink) -> None:
        codings = value.get("coding")
        text = value.get("text")
        for one in codings or ():
            coding(one, sink)
        if text:
            coding({"display": text}, sink)
        elif not codings:
            sink.keys.add(present)

    return emit


def _identifier(place: Place) -> Emit:
    def emit(value: Json, sink: Sink) -> None:
        hashes = token_hashes(value.get("system"), value.get("value"))
        kind: Json | None = value.get("type")
        if kind:
            texts = _texts(kind.get("text"), *(one.get("display") for one in kind.get("coding") or ()))
            sink.texts.update(texts)
            sink.keys.update(_shown(place, texts))
            hashes += _of_type(kind, value.get("value"))
        sink.keys.update(salted(place, hashes))

    return emit


def _of_type(kind: Json, value: str | None) -> Iterable[int]:
    for one in (kind.get("coding") or ()) if value else ():
        if one.get("code"):
            yield keys.of_type(one.get("system") or "", one["code"].casefold(), (value or "").casefold())
