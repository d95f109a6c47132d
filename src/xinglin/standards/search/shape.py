"""Parameters that shape the answer: order, size, what comes along (http://hl7.org/fhir/R4/search.html#return)."""

from collections.abc import Mapping, Sequence

from xinglin.core.i18n import Phrase
from xinglin.standards.search.errors import (
    BadInclude,
    BadSort,
    BadValue,
    Repeated,
    SearchError,
    TooMuch,
    UnknownModifier,
    UnknownParameter,
    UnknownType,
)
from xinglin.standards.search.parameters import Registry, nearest
from xinglin.standards.search.query import Branch, Include, Query, Sort

SHAPING = ("_sort", "_count", "_total", "_summary", "_elements", "_include", "_revinclude")
SORTABLE = frozenset({"string", "date", "number", "quantity", "token", "uri", "reference"})
ITERATE = frozenset({"iterate", "recurse"})
"""`:recurse` is the older name (http://hl7.org/fhir/STU3/search.html#revinclude)."""

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "_total": ("none", "estimate", "accurate"),
    "_summary": ("true", "text", "data", "count", "false"),
}
MAX_COUNT = 1_000_000_000
_SHAPING_KIND = Phrase("result")


class Shape:
    """Collects the shaping parameters of one request."""

    def __init__(
        self, registry: Registry, types: Sequence[str], *, strict: bool, includes: int, sorts: int
    ) -> None:
        """Take what the search looks among, and the most includes and sort keys allowed."""
        self.registry = registry
        self.types = types
        self.strict = strict
        self.most_includes = includes
        self.most_sorts = sorts
        self.ignored: list[str] = []
        self.given: dict[str, str] = {}
        self.sort: list[Sort] = []
        self.includes: list[Include] = []
        self.elements: list[str] = []

    def take(self, name: str, modifier: str, value: str) -> None:
        """Take one parameter. Raises SearchError."""
        if name in {"_include", "_revinclude"}:
            self._include(name, modifier, value)
            return
        if modifier:
            raise UnknownModifier(modifier=modifier, name=name, kind=_SHAPING_KIND, allowed="-")
        if name == "_elements":
            self.elements += [one.strip() for one in value.split(",") if one.strip()]
            return
        if name in self.given:
            raise Repeated(name=name)
        self.given[name] = value
        if name == "_sort":
            self._sort(value)
        elif name == "_count":
            if not (value.isascii() and value.isdigit() and int(value) <= MAX_COUNT):
                raise BadValue(value=value, name=name, kind=Phrase("whole number"), example="20")
        elif value not in _CHOICES[name]:
            choices = ", ".join(_CHOICES[name])
            raise BadValue(value=value, name=name, kind=Phrase("known choice"), example=choices)

    def query(self, branches: tuple[Branch, ...], ignored: Sequence[str]) -> Query:
        """Give the whole search."""
        count = self.given.get("_count")
        return Query(
            branches=branches,
            sort=tuple(self.sort),
            includes=tuple(dict.fromkeys(self.includes)),
            count=None if count is None else int(count),
            total=self.given.get("_total", ""),
            summary=self.given.get("_summary", ""),
            elements=tuple(dict.fromkeys(self.elements)),
            ignored=tuple(ignored),
        )

    def _leave_out(self, error: SearchError, name: str) -> None:
        if self.strict:
            raise error
        self.ignored.append(name)

    def _sort(self, value: str) -> None:
        for one in value.split(","):
            code = one.strip().removeprefix("-")
            parameters = [self.registry.get(resource_type, code) for resource_type in self.types]
            kinds = [parameter.kind if parameter else "" for parameter in parameters]
            if not all(kinds):
                near = self.registry.nearest(self.types[0], code)
                self._leave_out(UnknownParameter(type=self.types[0], name=code, nearest=near), f"_sort={one}")
                continue
            bad = next((kind for kind in kinds if kind not in SORTABLE), None)
            if bad is not None or code in {"_text", "_content"}:
                allowed = ", ".join(sorted(SORTABLE))
                raise BadSort(name=code, kind=bad or Phrase("full text"), allowed=allowed)
            self.sort.append(Sort(code, one.strip().startswith("-")))
        if len(self.sort) > self.most_sorts:
            raise TooMuch(count=len(self.sort), what=Phrase("sort keys"), limit=self.most_sorts)

    def _include(self, name: str, modifier: str, value: str) -> None:
        if modifier and modifier not in ITERATE:
            raise UnknownModifier(modifier=modifier, name=name, kind=_SHAPING_KIND, allowed=":iterate")
        for one in value.split(","):
            source, _, rest = one.partition(":")
            code, _, target = rest.partition(":")
            include = Include(name == "_revinclude", source, code or "*", target, bool(modifier))
            try:
                self._check_include(include, name, one)
            except (UnknownParameter, UnknownType) as error:
                self._leave_out(error, f"{name}={one}")
                continue
            self.includes.append(include)
        if len(self.includes) > self.most_includes:
            raise TooMuch(count=len(self.includes), what=Phrase("includes"), limit=self.most_includes)

    def _check_include(self, include: Include, name: str, value: str) -> None:
        if include.source == "*":
            if include.code != "*":
                raise BadInclude(value=value, name=name)
            return
        for one in (include.source, *([include.target] if include.target else [])):
            if one not in self.registry.types:
                raise UnknownType(type=one, name=name, nearest=nearest(one, self.registry.types))
        if ":" not in value:
            raise BadInclude(value=value, name=name)
        if include.code == "*":
            return
        parameter = self.registry.get(include.source, include.code)
        if parameter is None:
            near = self.registry.nearest(include.source, include.code)
            raise UnknownParameter(type=include.source, name=include.code, nearest=near)
        if parameter.kind != "reference":
            raise BadInclude(value=value, name=name)
