"""Trees and texts nobody thought of: printing and reading agree, and nothing crashes or hangs."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xinglin.core.errors import FhirPathError
from xinglin.standards.fhirpath import Compiled, compile_expression, parse, print_tree, tree
from xinglin.standards.fhirpath.errors import TooComplex
from xinglin.standards.fhirpath.functions import FUNCTIONS
from xinglin.standards.fhirpath.parser import PRECEDENCE
from xinglin.standards.fhirpath.quantity import CALENDAR_UNITS, Quantity
from xinglin.standards.fhirpath.temporal import Date, DateTime, Time

NOW = datetime(2024, 2, 29, 12, tzinfo=UTC)
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "a",
    "active": True,
    "_birthDate": {"extension": [{"url": "u", "valueDateTime": "1974-12-25T14:35:45-05:00"}]},
    "name": [
        {"use": "official", "family": "杏", "given": ["Peter", None], "_given": [None, {"id": "x"}]},
        {"given": ["James"], "period": {"start": "2001-02", "end": "2001-02-03T04:05:06.7+08:00"}},
    ],
    "multipleBirthInteger": 2,
    "contained": [{"resourceType": "Observation", "valueQuantity": {"value": Decimal("1.10"), "code": "mg"}}],
    "managingOrganization": {"reference": "#b"},
    "telecom": "not a list",
    "gender": {"not": ["a", {"code": 1}]},
}
BROKEN: list[Any] = [
    {},
    {"resourceType": 5},
    {"resourceType": "Patient", "name": [[1]], "birthDate": {"a": None}},
    {"resourceType": "Patient", "name": 3, "birthDate": "1e5", "multipleBirthInteger": Decimal("1E+999999")},
]

names = st.sampled_from(
    ["name", "given", "family", "Patient", "use", "value", "contained", "extension", "birthDate",
     "div", "is", "as",
     "contains", "in", "x y", "a`b\\", "杏林", "id", "gender", "telecom", "multipleBirth", "reference", "asc"]
)  # fmt: skip
texts = st.text(max_size=8) | st.sampled_from(["a", "official", "(a+)+$", "mg", "\\", "'", "2001-02", "1"])
numbers = st.decimals(0, 10**9, places=3) | st.decimals(0, 9, places=0)
literals = st.one_of(
    st.booleans(),
    texts,
    st.integers(0, 2**31),
    st.decimals(0, 10**6, places=2),
    st.dates().map(lambda d: Date((d.year, d.month, d.day))),
    st.dates().map(lambda d: DateTime((d.year, d.month))),
    st.datetimes().map(lambda d: DateTime((d.year, d.month, d.day, d.hour, d.minute, Decimal(d.second)), 60)),
    st.times().map(lambda t: Time((t.hour, t.minute))),
    st.builds(Quantity, numbers, texts),
    st.builds(Quantity, numbers, st.sampled_from(CALENDAR_UNITS), st.just(True)),
).map(tree.Literal)
leaves = st.one_of(
    literals,
    st.just(tree.Empty()),
    st.sampled_from(["this", "index", "total"]).map(tree.Special),  # type: ignore[arg-type]
    st.sampled_from(["resource", "context", "ucum", "vs-x", "ext-a b", "v"]).map(tree.Variable),
    names.map(lambda n: tree.Member(None, n)),
)
types = st.builds(
    tree.TypeName,
    st.sampled_from([None, "FHIR", "System"]),
    st.sampled_from(["Quantity", "string", "Patient"]),
)


def calls(inner: st.SearchStrategy[tree.Node]) -> st.SearchStrategy[tree.Node]:
    """Calls with as many arguments as the function takes."""

    def build(name: str) -> st.SearchStrategy[tree.Node]:
        function = FUNCTIONS[name]
        arguments = st.lists(inner, min_size=function.least, max_size=min(function.most, 3)).map(tuple)
        if name in {"is", "as", "ofType"}:
            arguments = st.sampled_from(["Quantity", "string", "HumanName"]).map(
                lambda t: (tree.Member(None, t),)
            )
        if name == "defineVariable":
            arguments = st.sampled_from("vw").map(lambda v: (tree.Literal(v),))
        return st.builds(tree.Call, st.none() | inner, st.just(name), arguments)

    return st.sampled_from(sorted(FUNCTIONS)).flatmap(build)


def grow(inner: st.SearchStrategy[tree.Node]) -> st.SearchStrategy[tree.Node]:
    operators = st.sampled_from([o for o in PRECEDENCE if o not in {"is", "as"}])
    return st.one_of(
        st.builds(tree.Member, inner, names),
        calls(inner),
        calls(inner),
        st.builds(tree.Indexer, inner, inner),
        st.builds(tree.Polarity, st.sampled_from(["+", "-"]), inner),
        st.builds(tree.Binary, operators, inner, inner),
        st.builds(tree.TypeOperation, st.sampled_from(["is", "as"]), inner, types),
    )


trees = st.recursive(leaves, grow, max_leaves=25)


@given(trees)
@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_printed_reads_back_as_the_same_tree(node: tree.Node) -> None:
    text = print_tree(node)
    again = parse(text)
    assert again == node
    assert print_tree(again) == text


USES: list[Callable[[Compiled, Any], object]] = [
    lambda c, r: c.evaluate(r, now=NOW, variables={"v": [1, "a"]}),
    lambda c, r: c.evaluate(r, now=NOW, located=True),
    lambda c, r: c.truth(r),
    lambda c, r: c.values(r),
    lambda c, r: c.nodes(r),
]


def evaluate_everywhere(node: "tree.Node | str") -> None:
    for strict in (False, True):
        compiled = compile_expression(node, strict=strict)
        for record in (PATIENT, *BROKEN):
            for use in USES:
                with suppress(FhirPathError):
                    use(compiled, record)


@given(trees)
@settings(max_examples=400, deadline=20_000, suppress_health_check=[HealthCheck.too_slow])
def test_no_tree_crashes_or_hangs(node: tree.Node) -> None:
    evaluate_everywhere(node)


def outcome(compiled: Compiled, *, located: bool) -> Any:
    try:
        found = compiled.evaluate(PATIENT, now=NOW, variables={"v": [1, "a"]}, located=located)
    except TooComplex:
        return "too complex"
    except FhirPathError as error:
        return type(error)
    return [(item.type, item.value) for item in found]


@given(trees)
@settings(max_examples=400, deadline=20_000, suppress_health_check=[HealthCheck.too_slow])
def test_quick_and_thorough_closures_agree(node: tree.Node) -> None:
    compiled = compile_expression(node)
    assert outcome(compiled, located=False) == outcome(compiled, located=True)


FRAGMENTS = [
    "Patient", ".", "name", "(", ")", "[", "]", "'", "`", "\\u00", "@2015", "T", "10:", "%", "$this", "1",
    "-",
    "|", " and ", " is ", "where", "select", "repeat", "{}", ",", "//", "/*", "1e5", " days",
    "99999999999", "\x00", "杏",
]  # fmt: skip
fragments = st.lists(st.sampled_from(FRAGMENTS), max_size=20).map("".join)


@given(st.text(max_size=40) | fragments)
@settings(max_examples=600, deadline=20_000)
def test_no_text_crashes_or_hangs(text: str) -> None:
    try:
        node = parse(text)
    except FhirPathError:
        return
    assert parse(print_tree(node)) == node
    evaluate_everywhere(text)
