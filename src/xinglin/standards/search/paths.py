"""Search expressions that are plain paths, found out by the type model, so that they become walks over dicts.

Anything else (`resolve()` apart, which a reference's text answers) is left to FHIRPath.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from xinglin.standards.definitions import TypeInfo

_STEP = re.compile(
    r"""(?:^|\.)(?:
        ofType\((?P<type>\w+)\)
      | where\(\s*resolve\(\)\s+is\s+(?P<target>\w+)\s*\)
      | where\(\s*(?P<name>\w+)\s*=\s*'(?P<value>[^'\\]*)'\s*\)
      | extension\('(?P<url>[^'\\]*)'\)
      | (?P<element>[A-Za-z]\w*)
    )(?=\.|$)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Step:
    """Go to the JSON member `key`; where `name` is given, only to items whose member `name` is `value`."""

    key: str
    name: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Leaf:
    """Where values of a search parameter stand: the way, their type, and the type a reference must have."""

    steps: tuple[Step, ...]
    type: str
    target: str = ""
    element: str = ""
    """Path of the element in the type model ("Patient.gender"), for its binding."""
    path: str = ""
    """The way in FHIRPath names ("Patient.telecom[system=email]"), which names the place."""


def leaves(
    expression: str, start: str, types: Mapping[str, TypeInfo], root: str = ""
) -> tuple[Leaf, ...] | None:
    """Give where the values of an `expression` (no union) on `start` stand; None where FHIRPath must say.

    A choice element gives a leaf for each of its types. `root` is what paths begin with (else `start`).
    """
    places = [Leaf((), start, path=root or start)]
    position = 0
    while position < len(expression):
        match = _STEP.match(expression, position)
        if match is None:
            return None
        if position or match["element"] not in {start, "Resource", "DomainResource"}:
            found = [leaf for place in places for leaf in _follow(place, match, types)]
            if not found:
                return None
            places = found
        position = match.end()
    return tuple(places)


def _follow(place: Leaf, match: re.Match[str], types: Mapping[str, TypeInfo]) -> Iterator[Leaf]:
    if match["type"]:
        if place.type == match["type"]:
            yield place
    elif match["target"]:
        if place.type == "Reference":
            yield replace(place, target=match["target"])
    elif match["name"]:
        last = place.steps[-1]
        if not last.name:
            step = Step(last.key, match["name"], match["value"])
            path = f"{place.path}[{step.name}={step.value}]"
            yield replace(place, steps=(*place.steps[:-1], step), path=path)
    elif match["url"]:
        step = Step("extension", "url", match["url"])
        yield Leaf((*place.steps, step), "Extension", path=f"{place.path}.extension[{step.value}]")
    elif not place.target:
        yield from _member(place, match["element"], types)


def _member(place: Leaf, name: str, types: Mapping[str, TypeInfo]) -> Iterator[Leaf]:
    info = types.get(place.type)
    element = info.elements.get(name) if info else None
    if element is None or info is None:
        return
    for code in element.types:
        key = name + code[:1].upper() + code[1:] if element.choice else name
        yield Leaf((*place.steps, Step(key)), code, "", f"{info.name}.{name}", f"{place.path}.{name}")
