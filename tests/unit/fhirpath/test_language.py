"""FHIRPath by example: expression in, items out. Each row is a reading of N1 or of FHIR's additions."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from xinglin.core.exact_json import loads
from xinglin.standards.fhirpath import compile_expression
from xinglin.standards.fhirpath.errors import (
    EvaluationError,
    SemanticProblem,
    SyntaxProblem,
    TooComplex,
    UnknownName,
)
from xinglin.standards.fhirpath.quantity import Quantity
from xinglin.standards.fhirpath.temporal import Temporal

NOW = datetime(2024, 2, 29, 8, 30, 15, 250_000, tzinfo=UTC)
PATIENT: dict[str, Any] = loads(
    """{
    "resourceType": "Patient", "id": "p", "active": true, "gender": "female", "birthDate": "1970-03",
    "_birthDate": {"extension": [{"url": "http://x/time", "valueDateTime": "1970-03-05T04:05:06+08:00"}]},
    "name": [
        {"use": "official", "family": "王", "given": ["小", "明"], "_given": [null, {"id": "g"}]},
        {"use": "usual", "given": [null, "杏"], "_given": [{"extension": [{"url": "u", "valueString": "?"}]}]}
    ],
    "multipleBirthInteger": 2,
    "contact": [{"period": {"start": "2020"}}],
    "contained": [{"resourceType": "Organization", "id": "o", "name": "卫生院"}],
    "managingOrganization": {"reference": "#o"},
    "generalPractitioner": [{"reference": "Practitioner/1"}, {"reference": "http://h/fhir/Organization/2/_history/1"}]
    }""".encode()
)
OBSERVATION: dict[str, Any] = loads(
    b"""{"resourceType": "Observation", "status": "final", "code": {"coding": [{"code": "a", "system": "s"}]},
    "valueQuantity": {"value": 1.50, "unit": "g", "system": "http://unitsofmeasure.org", "code": "g"},
    "component": [{"code": {"text": "x"}, "valueString": "a"}, {"code": {"text": "y"}, "valueInteger": 3}]}"""
)


def plain(value: Any) -> Any:
    return value.text() if isinstance(value, (Temporal, Quantity)) else value


def found(expression: str, record: Any = PATIENT, **options: Any) -> list[Any]:
    return [plain(item.value) for item in compile_expression(expression).evaluate(record, now=NOW, **options)]


ROWS: list[tuple[str, list[Any]]] = [
    # Paths, extensions of primitives
    ("Patient.name.family", ["王"]),
    ("Observation.status", []),
    ("name.given", ["小", "明", None, "杏"]),
    ("name.given.count()", [4]),
    ("name.given.where(hasValue()).count()", [3]),
    ("name.given.extension.value", ["?"]),
    ("name.given.id", ["g"]),
    ("birthDate.extension('http://x/time').value.ofType(dateTime) > @1970-03-05", []),
    ("multipleBirth", [2]),
    ("multipleBirth is integer", [True]),
    ("contained.name", ["卫生院"]),
    ("contained.ofType(Organization).id", ["o"]),
    ("children().ofType(HumanName).count()", [2]),
    # Types
    ("Patient is DomainResource", [True]),
    ("name.first() is Element", [True]),
    ("active is System.Boolean", [False]),
    ("gender.type().name", ["code"]),
    ("contact.type().name", ["BackboneElement"]),
    ("1 'mg' is Quantity", [True]),
    # Logic on nothing
    ("{} and false", [False]),
    ("{} or true", [True]),
    ("{} xor true", []),
    ("{} implies true", [True]),
    ("name and active", EvaluationError),
    # Iteration
    ("name.select($index)", [0, 1]),
    ("name.where($index = 1).use", ["usual"]),
    ("name.select(given.where($index = 0))", ["小", None]),
    ("(1 | 2 | 3).aggregate($this + $total, 0)", [6]),
    ("(1 | 2 | 3).all($this > 0)", [True]),
    ("(3 | 1 | 2).sort()", [1, 2, 3]),
    ("(3 | 1 | 2).sort($this desc)", [3, 2, 1]),
    ("name.sort(-use).use", ["usual", "official"]),
    ("1.repeat(iif($this < 4, $this + 1))", [2, 3, 4]),
    ("name.defineVariable('n', count()).use.select(%n)", [2, 2]),
    ("name.defineVariable('l', skip(1).use).select(%l & use)", ["usualofficial", "usualusual"]),
    # Sets
    ("(1 | 1.0 | 2)", [1, 2]),
    ("(1 | 2).combine(2).distinct().count()", [2]),
    ("(1 | 2 | 3).intersect(2 | 3 | 4)", [2, 3]),
    ("(1 | 2 | 3).exclude(2)", [1, 3]),
    ("(1 | 2).subsetOf(1 | 2 | 3)", [True]),
    # Numbers
    ("7 div 2", [3]),
    ("-7 div 2", [-3]),
    ("-7 mod 2", [-1]),
    ("0.1 + 0.2 = 0.3", [True]),
    ("1 / 4", [Decimal("0.25")]),
    ("1 / 0", []),
    ("2147483647 + 1", []),
    ("2.power(10)", [1024]),
    ("2.power(1000)", []),
    ("(-4).sqrt()", []),
    ("1000.log(10)", [3]),
    ("(-2.5).round()", [-3]),
    ("1.24.round(1)", [Decimal("1.2")]),
    # Strings
    ("'a' & {} & 'b'", ["ab"]),
    ("'abc'.substring(1)", ["bc"]),
    ("'abc'.substring(3)", []),
    (r"'\u674f\'\p'", ["杏'p"]),
    ("'a.b'.split('.')", ["a", "b"]),
    ("'x'.encode('hex').decode('hex')", ["x"]),
    (r"'<\'&>'.escape('html')", ["&lt;&#x27;&amp;&gt;"]),
    ("'ab'.replaceMatches('(a)(b)', '$2$1')", ["ba"]),
    ("'A\nB'.matches('A.B')", [True]),
    ("'true'.toBoolean() and '1'.toInteger() = 1", [True]),
    # Dates
    ("@2024-01-31 + 1 month", ["2024-02-29"]),
    ("@2024-02-29 - 1 year", ["2023-02-28"]),
    ("@2024 + 13 months", ["2025"]),
    ("@T23:30 + 45 minutes", ["00:15"]),
    ("@2024-01-01T00:00:00Z + 1.9 'h'", ["2024-01-01T01:00:00Z"]),
    ("today()", ["2024-02-29"]),
    ("now()", ["2024-02-29T08:30:15.250Z"]),
    ("timeOfDay()", ["08:30:15.250"]),
    ("birthDate < today()", [True]),
    ("birthDate = @1970-03-01", []),
    ("@2024-01-01T10:00:00+08:00 = @2024-01-01T02:00:00Z", [True]),
    ("@2024-01-01T10:00:00 < @2024-01-05T02:00:00Z", [True]),
    ("@2024-01-01T10:00:00 < @2024-01-02T02:00:00Z", []),
    ("@2024-02.highBoundary()", ["2024-02-29"]),
    ("@2024-02-29T10:20:30.5+08:00.hourOf()", [10]),
    # Quantities
    ("1 'g' = 1000 'mg'", [True]),
    ("1 'g' = 1 'm'", []),
    ("37 'Cel' = 98.6 '[degF]'", [True]),
    ("4.5 'mmol/L' > 4000 'umol/L'", [True]),
    ("1 'kg' / 2 'm2'", ["0.5 'kg/m2'"]),
    ("1 'm' + 50 'cm'", ["1.5 'm'"]),
    ("1 year = 12 months", [True]),
    ("1 year = 1 'a'", []),
    ("1 year ~ 1 'a'", [True]),
    ("2 weeks = 14 'd'", [True]),
    ("'4 days'.toQuantity()", ["4 days"]),
    ("'5 \\'g\\''.toQuantity('mg')", ["5000 'mg'"]),
    # FHIR
    ("managingOrganization.resolve().name", ["卫生院"]),
    ("generalPractitioner.where(resolve() is Practitioner).reference", ["Practitioner/1"]),
    ("generalPractitioner.where(resolve() is Organization).count()", [1]),
    ("%resource.id = %context.id and %rootResource.id = 'p'", [True]),
    ("%`ext-a` & %`vs-b`", ["http://hl7.org/fhir/StructureDefinition/ahttp://hl7.org/fhir/ValueSet/b"]),
    ("gender.memberOf('http://x')", []),
    # Errors
    ("Patient.multipleBirthInteger", SemanticProblem),
    ("$total", SemanticProblem),
    ("name.single()", EvaluationError),
    ("1 + 'a'", EvaluationError),
    ("1 < 'a'", EvaluationError),
    ("name.as(HumanName)", EvaluationError),
    ("name.ofType(Nothing)", UnknownName),
    ("%nothing", UnknownName),
    ("nothing()", UnknownName),
    ("first(1)", SemanticProblem),
    ("a.", SyntaxProblem),
    ("@2024-13-01", SyntaxProblem),
    ("name where given", SyntaxProblem),
]


@pytest.mark.parametrize(("expression", "expected"), ROWS)
def test_language(expression: str, expected: Any) -> None:
    if isinstance(expected, list):
        assert found(expression) == expected
    else:
        with pytest.raises(expected):
            found(expression)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (
            "value",
            [{"value": Decimal("1.50"), "unit": "g", "system": "http://unitsofmeasure.org", "code": "g"}],
        ),
        ("value.value", [Decimal("1.50")]),
        ("value > 1499 'mg'", [True]),
        ("value.ofType(string)", []),
        ("(value as Quantity).unit", ["g"]),
        ("component.value", ["a", 3]),
        ("component.value.ofType(integer)", [3]),
        ("component.where(value is string).code.text", ["x"]),
        ("component.code.where(text = 'y').exists() and value.exists()", [True]),
        ("code.coding = %resource.code.coding", [True]),
        ("code ~ code", [True]),
    ],
)
def test_choice_elements(expression: str, expected: list[Any]) -> None:
    assert found(expression, OBSERVATION) == expected


def test_decimals_keep_their_digits() -> None:
    assert str(found("value.value", OBSERVATION)[0]) == "1.50"
    assert found("value.value.toString()", OBSERVATION) == ["1.50"]


@pytest.mark.parametrize(
    "expression",
    ["Patient.nothing", "Observation.status", "name.given.nothing", "name.as(Period).start.x",
     "active.length()",
     "children().first()", "iif('a', 1)", "gender < 1", "birthDate.startsWith(1)"],
)  # fmt: skip
def test_strict_mode_refuses_before_evaluating(expression: str) -> None:
    with pytest.raises(SemanticProblem):
        compile_expression(expression, type_name="Patient", strict=True)


def test_locations_and_places() -> None:
    compiled = compile_expression("name.given")
    located = compiled.evaluate(PATIENT, located=True)
    assert [item.location for item in located][:2] == ["Patient.name[0].given[0]", "Patient.name[0].given[1]"]
    node = compiled.nodes(PATIENT)[1]
    assert node.parent is not None
    assert (node.parent.value, node.key, node.index) == (PATIENT["name"][0], "given", 1)
    assert compile_expression("multipleBirth").nodes(PATIENT)[0].location == "Patient.multipleBirth"


def test_invariants_on_elements() -> None:
    rule = compile_expression(
        "start.hasValue().not() or end.hasValue().not() or (start <= end)", type_name="Period"
    )
    assert rule.truth({"start": "2020"})
    assert rule.truth({"start": "2020-01-01", "end": "2020-01-02"})
    assert not rule.truth({"start": "2020-01-02", "end": "2020-01-01"})
    held = compile_expression("%resource.id = 'p' and reference.exists()", type_name="Reference")
    assert held.truth(PATIENT["managingOrganization"], resource=PATIENT)


def test_a_node_can_be_the_focus() -> None:
    node = compile_expression("name").nodes(PATIENT)[0]
    assert compile_expression("use = 'official'", type_name="HumanName").truth(node)
    assert compile_expression("given.first()").evaluate(node)[0].value == "小"
    assert (
        compile_expression("given[1]").evaluate(node, located=True)[0].location == "Patient.name[0].given[1]"
    )


def test_values_and_extractor_for_search() -> None:
    expression = (
        "(Observation.component.value as string) | (Observation.value as Quantity) | Patient.name.given"
    )
    compiled = compile_expression(expression)
    assert compiled.values(PATIENT) == ["小", "明", "杏"]
    assert compiled.values(OBSERVATION) == ["a", OBSERVATION["valueQuantity"]]
    extract, types = compile_expression("Patient.birthDate").extractor("Patient")
    assert (extract(PATIENT), types) == (["1970-03"], ("date",))


def test_what_is_passed_in() -> None:
    other = {"resourceType": "Practitioner", "id": "1", "active": True}
    resolved = found("generalPractitioner.first().resolve().active", resolve=lambda r: other)
    assert resolved == [True]
    assert found("gender.memberOf('v')", terminology=lambda url, code: (url, code) == ("v", "female")) == [
        True
    ]
    assert found("conformsTo('http://p')", conforms=lambda item, url: url == "http://p") == [True]
    assert found("%a.given | %b", variables={"a": PATIENT["name"][0], "b": ["x", 1]}) == ["小", "明", "x", 1]
    seen: list[tuple[str, int]] = []
    found("name.trace('n', given).use", trace=lambda name, items: seen.append((name, len(items))))
    assert seen == [("n", 4)]
    bundle = {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:1", "resource": other}]}
    assert found("generalPractitioner.select(resolve())", {**PATIENT, "generalPractitioner": []}) == []
    assert found("entry.resource.ofType(Practitioner).id", bundle) == ["1"]


TEN = "(1|2|3|4|5|6|7|8|9|10)"


def nested(template: str, depth: int, seed: str = "1") -> str:
    for _ in range(depth):
        seed = template.replace("@", seed)
    return seed


@pytest.mark.parametrize(
    "expression",
    [
        "(1|2).repeat($this + 1)",
        "1.repeatAll($this)",
        f"'{'a' * 40}!'.matches('^(a|a)*$')",
        nested(f"{TEN}.select(@)", 12),
        nested(f"{TEN}.where(@ = 1)", 12),
        nested("not(@)", 200),
        nested("-@", 2000),
        "a" + ".a" * 500,
        "1" + " + 1" * 500,
        "'aaaaaaaaaa'" + ".select($this & $this)" * 30,
        "(1 | 2)" + ".select($this.combine($this))" * 30,
    ],
)
def test_what_would_never_end_is_refused(expression: str) -> None:
    with pytest.raises((TooComplex, EvaluationError)):
        found(expression)


@pytest.mark.parametrize(
    "template",
    ["(@ = 1)", "(@ as boolean)", "(@ in (true | name))", "(@ ~ @)", "iif(@, 1, 2)", "@.is(boolean)"],
)
def test_depth_costs_no_more_than_length(template: str) -> None:
    depth = 8 if template.count("@") > 1 else 100
    found(nested(template, depth, "active"))


def test_a_number_too_large_to_compute_with_is_refused() -> None:
    record = loads(b'{"resourceType": "Observation", "valueQuantity": {"value": 1e999999, "code": "g"}}')
    for expression in ("value.value + 1", "value.value.toString()", "value = 1 'mg'", "value.value.floor()"):
        with pytest.raises(EvaluationError):
            found(expression, record)
