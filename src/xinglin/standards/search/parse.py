"""Read a search request (http://hl7.org/fhir/R4/search.html)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from xinglin.core.i18n import Phrase
from xinglin.standards import definitions
from xinglin.standards.search.errors import (
    BadValue,
    EmptyValue,
    NoReference,
    NoTarget,
    NotSupported,
    TooMuch,
    UnknownModifier,
    UnknownParameter,
    UnknownType,
)
from xinglin.standards.search.parameters import Registry, SearchParameter, nearest
from xinglin.standards.search.query import Branch, Chain, Criterion, Has, Query, Test, Within
from xinglin.standards.search.shape import SHAPING, Shape
from xinglin.standards.search.values import Reading, Reference, Text, Value, read_value, split

MODIFIERS: Mapping[str, tuple[str, ...]] = {
    "string": ("contains", "exact", "missing", "pinyin"),
    "token": ("above", "below", "in", "missing", "not", "not-in", "of-type", "text"),
    "reference": ("above", "below", "identifier", "missing"),
    "uri": ("above", "below", "missing"),
    "date": ("missing",),
    "number": ("missing",),
    "quantity": ("missing",),
    "composite": (),
}
"""By parameter type; a reference may also name the type it points to."""

HANDLED_ELSEWHERE = frozenset({"_format", "_pretty"})
UNSUPPORTED: Mapping[str, Phrase] = {
    "_contained": Phrase("contained records are found through the record that contains them"),
    "_containedType": Phrase("contained records are found through the record that contains them"),
    "_query": Phrase("this hub has no named queries"),
    "_filter": Phrase("this hub takes plain search parameters only"),
}
_FULL_TEXT = frozenset({"_text", "_content"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most a request may ask for."""

    parameters: int = 100
    values: int = 1000
    depth: int = 10
    branches: int = 500
    includes: int = 50
    sorts: int = 8


@dataclass(frozen=True, slots=True)
class Compartment:
    """Whose records are looked among: those of `type`/`identity` (http://hl7.org/fhir/R4/compartmentdefinition.html)."""

    type: str
    identity: str


def parse_search(
    pairs: Iterable[tuple[str, str]],
    registry: Registry,
    resource_type: str | None = None,
    *,
    compartment: Compartment | None = None,
    strict: bool = True,
    reading: Reading | None = None,
    bounds: Bounds | None = None,
) -> Query:
    """Read a search for `resource_type` (None: all types, or those in `_type`) from decoded name-value pairs.

    Strict handling refuses unknown parameters; lenient leaves them out and names them in `Query.ignored`.
    Wrong modifiers and values are refused in either. Raises SearchError.
    """
    parser = _Parser(registry, reading or Reading(), bounds or Bounds(), strict=strict)
    return parser.parse(list(pairs), resource_type, compartment)


@dataclass
class _Parser:
    registry: Registry
    reading: Reading
    bounds: Bounds
    strict: bool
    ignored: list[str] = field(default_factory=list[str])
    values: int = 0
    nodes: int = 0

    def parse(
        self, pairs: Sequence[tuple[str, str]], resource_type: str | None, compartment: Compartment | None
    ) -> Query:
        if len(pairs) > self.bounds.parameters:
            raise TooMuch(count=len(pairs), what=Phrase("parameters"), limit=self.bounds.parameters)
        types, rest = self._types(pairs, resource_type, compartment)
        shape = Shape(
            self.registry, types, strict=self.strict, includes=self.bounds.includes, sorts=self.bounds.sorts
        )
        criteria: list[tuple[str, str]] = []
        for name, value in rest:
            base, _, modifier = name.partition(":")
            if name in HANDLED_ELSEWHERE or (name == "_contained" and value == "false"):
                continue
            if base in UNSUPPORTED:
                raise NotSupported(name=base, reason=UNSUPPORTED[base])
            if not value.strip():
                self._leave_out(EmptyValue(name=name), name)
            elif base in SHAPING:
                shape.take(base, modifier, value)
            else:
                criteria.append((name, value))
        branches = tuple(
            branch
            for one in types
            if (branch := self._branch(one, criteria, compartment, typed=resource_type is not None))
            is not None
        )
        return shape.query(branches, [*self.ignored, *shape.ignored])

    def _types(
        self, pairs: Sequence[tuple[str, str]], resource_type: str | None, compartment: Compartment | None
    ) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
        """Give the types looked among and the pairs that don't name types."""
        named = [one for name, value in pairs if name == "_type" for one in value.split(",")]
        rest = [(name, value) for name, value in pairs if name != "_type"]
        for one in [*named, *([resource_type] if resource_type else [])]:
            self._check_type(one, "_type")
        if resource_type:
            return (resource_type,), rest
        if named:
            return tuple(dict.fromkeys(named)), rest
        if compartment:
            return tuple(sorted(compartment_members(compartment.type))), rest
        return ("Resource",), rest

    def _check_type(self, name: str, where: str) -> None:
        if name not in self.registry.types:
            raise UnknownType(type=name, name=where, nearest=nearest(name, self.registry.types))

    def _branch(
        self,
        resource_type: str,
        criteria: Sequence[tuple[str, str]],
        compartment: Compartment | None,
        *,
        typed: bool,
    ) -> Branch | None:
        within = None
        if compartment:
            codes = compartment_members(compartment.type).get(resource_type)
            if codes is None and not typed:
                return None
            parameters = [self.registry.get(resource_type, code) for code in codes or ()]
            known = tuple(one for one in parameters if one is not None)
            within = Within(compartment.type, compartment.identity, known)
        found: list[Criterion] = []
        for name, value in criteria:
            try:
                found.append(self.criterion(resource_type, name, value, 0))
            except UnknownParameter as error:
                self._leave_out(error, name)
        return Branch(resource_type, tuple(dict.fromkeys(found)), within)

    def _leave_out(self, error: UnknownParameter | EmptyValue, name: str) -> None:
        if self.strict:
            raise error
        if name not in self.ignored:
            self.ignored.append(name)

    def criterion(self, resource_type: str, name: str, raw: str, depth: int) -> Criterion:
        """Read one parameter of `resource_type`. Raises SearchError."""
        self.nodes += 1
        if depth > self.bounds.depth:
            raise TooMuch(count=depth, what=Phrase("steps in a chain"), limit=self.bounds.depth)
        if self.nodes > self.bounds.branches:
            raise TooMuch(count=self.nodes, what=Phrase("ways to follow"), limit=self.bounds.branches)
        if name.startswith("_has:"):
            return self._has(resource_type, name, raw, depth)
        if name == "_list":
            return self._list(raw, depth)
        head, dot, rest = name.partition(".")
        code, _, modifier = head.partition(":")
        parameter = self._parameter(resource_type, code)
        if dot:
            return self._chain(parameter, modifier, rest, raw, depth)
        return self._test(parameter, modifier, raw)

    def _parameter(self, resource_type: str, code: str) -> SearchParameter:
        found = self.registry.get(resource_type, code)
        if found is None:
            known = [*self.registry.for_type(resource_type), *SHAPING, "_has", "_list", "_type"]
            raise UnknownParameter(type=resource_type, name=code, nearest=nearest(code, known))
        return found

    def _reference(self, resource_type: str, code: str) -> SearchParameter:
        parameter = self._parameter(resource_type, code)
        if parameter.kind != "reference":
            every = self.registry.for_type(resource_type).items()
            references = ", ".join(sorted(code for code, one in every if one.kind == "reference"))
            raise NoReference(name=code, kind=parameter.kind, references=references or "-")
        return parameter

    def _has(self, resource_type: str, name: str, raw: str, depth: int) -> Has:
        parts = name.split(":", 3)
        if len(parts) < 4:
            example = "_has:Observation:patient:code=1234-5"
            kind = Phrase("type, reference and parameter")
            raise BadValue(value=name, name="_has", kind=kind, example=example)
        _, source, code, rest = parts
        self._check_type(source, name)
        parameter = self._reference(source, code)
        if parameter.targets and resource_type not in {*parameter.targets, "Resource"}:
            raise NoTarget(name=f"{source}:{code}", targets=", ".join(parameter.targets), rest=resource_type)
        return Has(source, parameter, self.criterion(source, rest, raw, depth + 1))

    def _list(self, raw: str, depth: int) -> Has:
        if raw.startswith("$"):
            raise NotSupported(name="_list", reason=Phrase("lists are named by their id"))
        return Has("List", self._reference("List", "item"), self.criterion("List", "_id", raw, depth + 1))

    def _chain(self, parameter: SearchParameter, typed: str, rest: str, raw: str, depth: int) -> Chain:
        parameter = self._reference(parameter.base, parameter.code)
        if typed:
            self._check_type(typed, f"{parameter.code}:{typed}")
            self._check_target(parameter, typed)
        targets = (typed,) if typed else parameter.targets or tuple(sorted(self.registry.types))
        found: list[tuple[str, Criterion]] = []
        for target in targets:
            try:
                found.append((target, self.criterion(target, rest, raw, depth + 1)))
            except (UnknownParameter, NoReference, NoTarget):
                if typed:
                    raise
        if not found:
            raise NoTarget(name=parameter.code, targets=", ".join(targets[:20]), rest=rest)
        return Chain(parameter, tuple(found), bool(typed))

    def _check_target(self, parameter: SearchParameter, target: str) -> None:
        if parameter.targets and target not in parameter.targets:
            name = f"{parameter.code}:{target}"
            raise UnknownType(type=target, name=name, nearest=nearest(target, parameter.targets))

    def _test(self, parameter: SearchParameter, modifier: str, raw: str) -> Test:
        allowed = () if parameter.code in _FULL_TEXT else MODIFIERS[parameter.kind]
        target = ""
        if parameter.kind == "reference" and modifier in self.registry.types:
            self._check_target(parameter, modifier)
            target, modifier = modifier, ""
        elif modifier and modifier not in allowed:
            options = ", ".join(f":{one}" for one in allowed) or "-"
            name, kind = parameter.code, parameter.kind
            raise UnknownModifier(modifier=modifier, name=name, kind=kind, allowed=options)
        pieces = [raw] if parameter.code in _FULL_TEXT else split(raw, ",")
        self.values += len(pieces)
        if self.values > self.bounds.values:
            raise TooMuch(count=self.values, what=Phrase("values"), limit=self.bounds.values)
        if not all(pieces):
            raise EmptyValue(name=parameter.code)
        if parameter.code in _FULL_TEXT:
            return Test(parameter, "", (Text(raw),))
        values = [read_value(piece, parameter, modifier, self.reading) for piece in pieces]
        if target:
            values = [_pointed(value, target, parameter) for value in values]
        return Test(parameter, modifier, tuple(dict.fromkeys(values)))


def _pointed(value: Value, target: str, parameter: SearchParameter) -> Value:
    """Make a bare id in `subject:Patient=1` a whole reference. Raises BadValue where the types differ."""
    if isinstance(value, Reference):
        if value.identity:
            return Reference(f"{target}/{value.identity}")
        if value.address.split("/")[-2:-1] not in ([target], []):
            raise BadValue(
                value=value.write(),
                name=parameter.code,
                kind=Phrase("reference to {type}", type=target),
                example=f"{target}/123",
            )
    return value


def compartment_members(compartment: str) -> Mapping[str, Sequence[str]]:
    """Give by resource type the parameters that bring records into a compartment.

    The compartment's own record is in it too. Raises UnknownType.
    """
    try:
        rows: list[Mapping[str, object]] = definitions.compartment(compartment)["resource"]
    except KeyError:
        kinds = ("Patient", "Encounter", "RelatedPerson", "Practitioner", "Device")
        raise UnknownType(
            type=compartment, name=Phrase("compartment"), nearest=nearest(compartment, kinds)
        ) from None
    found: dict[str, Sequence[str]] = {
        str(row["code"]): [code for code in row["param"] if code != "{def}"]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        for row in rows
        if row.get("param")
    }
    found.setdefault(compartment, ())
    return found
