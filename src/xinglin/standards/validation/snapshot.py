"""A snapshot as a tree of elements and slices (http://hl7.org/fhir/R4/elementdefinition.html)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(slots=True)
class Node:
    """One element of a snapshot; `name` is the last part of its path, `slices` are in the profile's order."""

    element: Json
    name: str
    children: dict[str, "Node"] = field(default_factory=dict[str, "Node"])
    slices: dict[str, "Node"] = field(default_factory=dict[str, "Node"])

    @property
    def path(self) -> str:
        """The element's path, without slice names."""
        return self.element["path"]

    @property
    def many(self) -> bool:
        """Whether JSON writes the element as an array, whatever a profile narrows it to."""
        return self.element.get("base", self.element)["max"] not in {"0", "1"}

    @property
    def max(self) -> int | None:
        """The most values allowed; None where there is no limit."""
        most = self.element["max"]
        return None if most == "*" else int(most)

    @property
    def types(self) -> list[Json]:
        """What the element may be of."""
        return self.element.get("type", [])

    def find(self, path: str) -> "Node | None":
        """Give the node at `path` ("coding.code", "$this") below; None where the snapshot stops short."""
        node: Node | None = self
        for step in path.split("."):
            if step != "$this":
                node = node.children.get(step) or node.children.get(step + "[x]") if node else None
        return node


class Tree:
    """The nodes of a structure by element id."""

    def __init__(self, structure: Json) -> None:
        """Read the snapshot of `structure`."""
        self.nodes: dict[str, Node] = {}
        for element in structure["snapshot"]["element"]:
            self._add(element)
        self.root = next(iter(self.nodes.values()))

    def _add(self, element: Json) -> None:
        identity: str = element.get("id") or _make_id(element)
        node = Node(element, element["path"].rpartition(".")[2])
        self.nodes[identity] = node
        parent, _, last = identity.rpartition(".")
        owner, is_slice, slice_name = last.partition(":")
        if is_slice:
            base = self.nodes.get(f"{parent}.{owner}" if parent else owner)
            if base is not None:
                base.slices[slice_name] = node
        elif parent in self.nodes:
            self.nodes[parent].children[node.name] = node

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes.values())


def _make_id(element: Json) -> str:
    name = element.get("sliceName")
    return f"{element['path']}:{name}" if name else element["path"]


def choice_key(stem: str, type_name: str) -> str:
    """Name the JSON key of a choice element: "value" and "Quantity" make "valueQuantity"."""
    return stem + type_name[0].upper() + type_name[1:]
