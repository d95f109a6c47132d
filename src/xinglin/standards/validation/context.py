"""What a check may know beside the value it looks at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from xinglin.standards.validation.findings import Drafts

Json = dict[str, Any]


def is_object(value: object) -> TypeGuard[Json]:
    """Whether `value` is a JSON object."""
    return type(value) is dict


def is_array(value: object) -> TypeGuard[list[Any]]:
    """Whether `value` is a JSON array."""
    return type(value) is list


@dataclass(frozen=True, slots=True)
class BundleIndex:
    """The entries of a Bundle by fullUrl and by Type/id."""

    type: str
    by_url: Mapping[str, Json]
    by_name: Mapping[str, Json]

    def find(self, reference: str) -> Json | None:
        """Give the resource that `reference` names; None where the Bundle doesn't have it."""
        plain = reference.partition("#")[0].partition("/_history/")[0]
        found = self.by_url.get(plain)
        return found if found is not None else self.by_name.get(plain)


class Context:
    """Where in a record the check is: `resource` holds the element, `root` holds a contained `resource`."""

    __slots__ = ("_contained", "bundle", "depth", "element_ids", "resource", "root")

    def __init__(self, root: Json, bundle: BundleIndex | None = None) -> None:
        """Start at `root`, an entry of `bundle` where that is given."""
        self.root = root
        self.resource = root
        self.bundle = bundle
        self.depth = 0
        self.element_ids: dict[tuple[int, str], int] = {}
        self._contained: dict[str, Json] | None = None

    @property
    def contained(self) -> dict[str, Json]:
        """The contained resources of `root` by id; read once."""
        if self._contained is None:
            found = self.root.get("contained")
            self._contained = {}
            for one in found if is_array(found) else ():
                if is_object(one) and type(one.get("id")) is str:
                    self._contained.setdefault(one["id"], one)
        return self._contained

    def resolve(self, reference: str) -> Json | None:
        """Give the contained resource or Bundle entry that `reference` names; None where it is elsewhere."""
        if reference.startswith("#"):
            if reference == "#":
                return self.root
            return self.contained.get(reference[1:])
        return self.bundle.find(reference) if self.bundle else None


Check = Callable[[Any, Context], "Drafts | None"]
"""Check a value: None where nothing was found (the usual case, which must cost little)."""
Field = Callable[[Any, Json, Context], "Drafts | None"]
"""Check the value of one JSON key; the object that holds it is given too."""
