"""Make the snapshot of a profile that came with a differential only.

Source: http://hl7.org/fhir/R4/profiling.html#snapshot. The snapshot serves validation: constraints, types,
bindings, slices and cardinalities are merged; prose isn't kept.
"""

from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]
Find = Callable[[str], Json | None]

_BY_URL: Json = {"discriminator": [{"type": "value", "path": "url"}], "ordered": False, "rules": "open"}
"""How extensions are sliced where a differential doesn't say it."""
_APPENDED = ("constraint",)
_KEPT_OF_BASE = ("id", "path", "sliceName", "base")


def with_snapshot(structure: Json, find: Find) -> Json | None:
    """Give `structure` with a snapshot; None where its base isn't known. `find` gives definitions."""
    base = find(structure.get("baseDefinition", ""))
    elements = structure.get("differential", {}).get("element")
    if base is None or "snapshot" not in base or not elements:
        return None
    growing = _Snapshot(base, structure["type"], find)
    for element in elements:
        growing.apply(element)
    return {**structure, "snapshot": {"element": growing.elements}}


class _Snapshot:
    """A copy of the base's elements on which differential elements are laid one after the other."""

    def __init__(self, base: Json, type_name: str, find: Find) -> None:
        self._find = find
        self._aliases: dict[str, str] = {}
        root: str = base["snapshot"]["element"][0]["path"]
        self.elements = [_moved(one, root, type_name) for one in base["snapshot"]["element"]]

    def apply(self, change: Json) -> None:
        identity = self._plain(_identity(change))
        place = self._place(identity)
        place = self._make(identity) if place is None else place
        if place is None:
            return
        merged = {**self.elements[place]}
        for key, value in change.items():
            if key in _APPENDED:
                merged[key] = [*merged.get(key, ()), *value]
            elif key not in _KEPT_OF_BASE:
                merged[key] = value
        self.elements[place] = merged

    def _plain(self, identity: str) -> str:
        """Give the id that `Observation.valueQuantity.unit` stands for, once valueQuantity is a slice."""
        for short, full in self._aliases.items():
            if identity == short or identity.startswith(short + "."):
                return full + identity[len(short) :]
        return identity

    def _place(self, identity: str) -> int | None:
        return next((i for i, one in enumerate(self.elements) if one["id"] == identity), None)

    def _make(self, identity: str) -> int | None:
        """Add the element `identity`, a slice or part of a type not yet spelt out; give its place."""
        parent, _, last = identity.rpartition(".")
        name, _, slice_name = last.partition(":")
        if slice_name:
            base = self._ensure(f"{parent}.{name}" if parent else name)
            return None if base is None else self._add_slice(base, identity, slice_name)
        holder = self._ensure(parent) if parent else None
        if holder is None:
            return None
        self._spell_out(holder)
        found = self._place(self._plain(identity))
        return self._choice(parent, last) if found is None else found

    def _ensure(self, identity: str) -> int | None:
        found = self._place(identity)
        return self._make(identity) if found is None else found

    def _choice(self, parent: str, key: str) -> int | None:
        """Read `valueQuantity` as the slice of `value[x]` that it stands for."""
        for place, one in enumerate(self.elements):
            stem = one["id"].removesuffix("[x]")
            if not one["id"].endswith("[x]") or stem.rpartition(".")[0] != parent:
                continue
            for kind in one.get("type", ()):
                code: str = kind["code"]
                if stem.rpartition(".")[2] + code[0].upper() + code[1:] == key:
                    identity = self._aliases[f"{parent}.{key}"] = f"{one['id']}:{key}"
                    # The short form also rules out the other types.
                    self.elements[place] = {**one, "type": [kind]}
                    return self._add_slice(place, identity, key)
        return None

    def _add_slice(self, base: int, identity: str, slice_name: str) -> int:
        """Copy an element and what is below it as a slice behind the slices already there."""
        source = self.elements[base]
        if "slicing" not in source and source["path"].endswith(("extension", "modifierExtension")):
            source = self.elements[base] = {**source, "slicing": _BY_URL}
        below = [one for one in self.elements if one["id"].startswith(source["id"] + ".")]
        end, inside = base + 1, (source["id"] + ".", source["id"] + ":")
        while end < len(self.elements) and self.elements[end]["id"].startswith(inside):
            end += 1
        first = {key: value for key, value in source.items() if key != "slicing"}
        first = {**first, "id": identity, "sliceName": slice_name, "min": 0}
        copies = [{**one, "id": identity + one["id"][len(source["id"]) :]} for one in below]
        self.elements[end:end] = [first, *copies]
        return end

    def _spell_out(self, holder: int) -> None:
        """Add the elements of the type of `holder` below it, unless they are there."""
        element = self.elements[holder]
        if any(one["id"].startswith(element["id"] + ".") for one in self.elements):
            return
        self.elements[holder + 1 : holder + 1] = list(self._children(element))

    def _children(self, element: Json) -> Iterator[Json]:
        if "contentReference" in element:
            target: str = element["contentReference"].partition("#")[2]
            children = [one for one in self.elements if one["id"].startswith(target + ".")]
            root = target
        else:
            types: list[Json] = element.get("type") or [{"code": "Element"}]
            profiles: list[str] = types[0].get("profile", [])
            structure = self._find(profiles[0] if len(profiles) == 1 else types[0]["code"])
            spelt: list[Json] = (structure or {}).get("snapshot", {}).get("element", [])
            children, root = spelt[1:], spelt[0]["id"] if spelt else ""
        for one in children:
            rest = one["id"][len(root) :]
            path = element["path"] + one["path"][len(root.partition(":")[0]) :]
            yield {**one, "id": element["id"] + rest, "path": path}


def _moved(element: Json, root: str, name: str) -> Json:
    """Rename the root of an element's id and path to the name of the type that is profiled."""
    rest: str = element.get("id", element["path"])[len(root) :]
    return {**element, "id": name + rest, "path": name + element["path"][len(root) :]}


def _identity(element: Json) -> str:
    known = element.get("id")
    if known:
        return known
    name = element.get("sliceName")
    return f"{element['path']}:{name}" if name else element["path"]
