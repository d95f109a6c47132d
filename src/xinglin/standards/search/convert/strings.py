"""Rows of texts and words of narratives (http://hl7.org/fhir/R4/search.html#string)."""

import html
import re

from xinglin.standards.search import blind, keys
from xinglin.standards.search.convert.place import Emit, Json, Place, salted
from xinglin.standards.search.parts import STRINGS, joined_name
from xinglin.standards.search.sinks import Sink
from xinglin.standards.search.text import fold, has_han, pinyin_forms, words

MAX_WORDS = 1000
"""Narratives are found by their first so many distinct words."""

_TAG = re.compile(r"<[^>]*>")


def string_converter(type_name: str, place: Place) -> Emit | None:
    """Make the closure of a string parameter; None where `type_name` is no text."""
    if type_name == "xhtml":
        return _narrative(place)
    present = place.present
    if type_name == "Address":
        return lambda _, sink: sink.keys.add(present)
    if type_name == "HumanName":
        plain = _text(place)

        def emit(value: Json, sink: Sink) -> None:
            sink.keys.add(present)
            name = joined_name(value)
            if has_han(name):
                plain(name, sink)

        return emit
    return _text(place) if type_name in STRINGS else None


def _text(place: Place) -> Emit:
    if place.blind is not None:
        return _hidden(place, place.blind)
    place_id, pinyin_id, present = place.id, keys.pinyin_id(place.name), place.present

    def emit(value: str, sink: Sink) -> None:
        folded = fold(value)
        sink.keys.add(present)
        sink.strings.append((place_id, folded))
        if not folded.isascii() and has_han(folded):
            sink.strings.extend((pinyin_id, form) for form in pinyin_forms(folded))

    return emit


def _hidden(place: Place, hiding: blind.Blind) -> Emit:
    salt, present = place.salt, place.present
    pinyin_salt = keys.pinyin_salt(place.name)

    def emit(value: str, sink: Sink) -> None:
        folded = fold(value)
        sink.keys.add(present)
        sink.keys.update(hiding.value(one) ^ salt for one in blind.text_hashes(folded))
        if not folded.isascii() and has_han(folded):
            for form in pinyin_forms(folded):
                hashes = blind.text_hashes(form, searched_inside=False)
                sink.keys.update(hiding.value(one) ^ pinyin_salt for one in hashes)

    return emit


def narrative_text(div: str) -> str:
    """Give the folded text of a narrative's XHTML."""
    return fold(html.unescape(_TAG.sub(" ", div)))


def _narrative(place: Place) -> Emit:
    def emit(value: str, sink: Sink) -> None:
        found = words(narrative_text(value))[:MAX_WORDS]
        sink.keys.update(salted(place, map(keys.word, found)))

    return emit
