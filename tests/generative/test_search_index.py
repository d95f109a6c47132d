"""What an index finds is what FHIRPath finds in the records themselves, for any records and searches."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xinglin.core import exact_json
from xinglin.core.errors import SearchError
from xinglin.standards.search import conditions as c
from xinglin.standards.search import dates, keys, numbers
from xinglin.standards.search.blind import Blind
from xinglin.standards.search.extract import Extractor
from xinglin.standards.search.judge import Surroundings
from xinglin.standards.search.lower import Lowering
from xinglin.standards.search.matches import brute_force
from xinglin.standards.search.parameters import r4
from xinglin.standards.search.parse import Compartment, parse_search
from xinglin.standards.search.sinks import Index
from xinglin.standards.search.text import fold
from xinglin.standards.search.write import to_pairs

Json = dict[str, Any]

EXTRACTOR = Extractor(r4())
AROUND = Surroundings(now=1_700_000_000_000_000)
LOWERING = Lowering(EXTRACTOR, AROUND)
SECRET = b"a secret of thirty-two bytes, yes"[:32]
PEOPLE = Blind(SECRET, frozenset({"Patient", "Organization"}))
HIDING = Extractor(r4(), blind=PEOPLE)
WAYS = {
    "plain": (EXTRACTOR, LOWERING),
    "hidden": (HIDING, Lowering(HIDING, AROUND)),
    # While records are indexed anew, some stand in one way, some in the other.
    "was plain": (EXTRACTOR, Lowering(Extractor(r4(), blind=replace(PEOPLE, mixed=True)), AROUND)),
    "is hidden": (HIDING, Lowering(Extractor(r4(), blind=replace(PEOPLE, mixed=True)), AROUND)),
}

SYSTEMS = ("http://loinc.org", "http://snomed.info/sct", "urn:oid:2.16.156")
CODES = ("8480-6", "ABC", "abc", "a|b", "x,y", "1$2")
NAMES = ("张三", "張三丰", "单", "O'Hara", "ohara", "José", "JOSE", "Ｗang", "wang li", "曾", "吕布", "")
IDS = ("a", "b", "c")
RECORD_IDS = tuple("abcdefghijkl")
TYPES = (
    "Patient",
    "Patient",
    "Patient",
    "Observation",
    "Encounter",
    "Organization",
    "DocumentReference",
    "Group",
)
MOMENTS = (
    "2013",
    "2013-01",
    "2013-01-14",
    "2013-01-14T10:00:00+08:00",
    "2013-01-14T02:00:00.5Z",
    "2012-12-31T23:59:59Z",
    "2013-01-14T10:00:00.123456+08:00",
    "1999",
    "2024-02-29",
)
NUMBERS = ("5.4", "5.40", "5.35", "5.45", "100", "0.1", "-3", "1e2", "99.5", "0", "0.054")
UNITS = ("mg/dL", "g/L", "mmol/L", "mm[Hg]", "{score}", "nonsense", "%", "1")
UCUM = numbers.UCUM


class Maker:
    """Makes values from a random source; densely, so that searches find something."""

    def __init__(self, make: Callable[[Random], Any]) -> None:
        self.make = make

    def map(self, change: Callable[[Any], Any]) -> "Maker":
        return Maker(lambda rng: change(self.make(rng)))

    def __or__(self, other: "Maker") -> "Maker":
        return Maker(lambda rng: rng.choice((self, other)).make(rng))


def maybe(**fields: Maker) -> Maker:
    return Maker(lambda rng: {key: one.make(rng) for key, one in fields.items() if rng.random() < 0.85})


def pick(values: Iterable[Any]) -> Maker:
    options = list(values)
    return Maker(lambda rng: rng.choice(options))


def some(what: Maker) -> Maker:
    return Maker(lambda rng: [what.make(rng) for _ in range(rng.choice((1, 1, 1, 2)))])


def build(form: str, *parts: Maker) -> Maker:
    return Maker(lambda rng: form.format(*(one.make(rng) for one in parts)))


def both(*parts: Maker) -> Maker:
    return Maker(lambda rng: tuple(one.make(rng) for one in parts))


booleans = pick((True, False))


def one_of(*parts: Maker) -> Maker:
    return Maker(lambda rng: rng.choice(parts).make(rng))


def always(value: Any) -> Maker:
    return Maker(lambda _: value)


coding = maybe(
    system=pick(SYSTEMS), code=pick(CODES), display=pick(("Blood pressure", "血压", "血壓", "Body, Height"))
)
concept = maybe(coding=some(coding), text=pick(("Blood  pressure", "体温", "!")))
identifier = maybe(system=pick(SYSTEMS), value=pick(("1", "2", "X9", "x9")), type=concept)
odd_reference = maybe(
    reference=build("{}/{}", pick(TYPES), pick(IDS))
    | pick(
        (
            "http://elsewhere.cn/fhir/Patient/a",
            "urn:uuid:1",
            "#in",
            "Patient/a/_history/2",
            "https://hub.cn/fhir/Patient/b",
        )
    ),
    identifier=identifier,
    type=pick(("Patient", "Group")),
)
local_reference = maybe(reference=build("{}/{}", pick(TYPES), pick(IDS)))
reference = one_of(local_reference, local_reference, odd_reference)
moment = pick(MOMENTS)
period = maybe(start=moment, end=moment)
number = pick(NUMBERS).map(lambda text: exact_json.loads(text.encode()))
quantity = maybe(
    value=number,
    unit=pick(UNITS),
    system=pick((UCUM, SYSTEMS[0])),
    code=pick(UNITS),
    comparator=pick(("<", ">=")),
)
name = maybe(text=pick(NAMES), family=pick(NAMES), given=some(pick(NAMES)), prefix=some(pick(("Dr.", "dr"))))
address = maybe(city=pick(("南昌", "Nanchang")), line=some(pick(NAMES)), country=pick(("CN", "中国")))
sampled = maybe(origin=quantity, data=pick(("1 2 E 3", "E", "0 -1")))
value = one_of(
    *(
        Maker(lambda rng, key=key, one=one: {key: one.make(rng)})
        for key, one in (
            ("valueQuantity", quantity),
            ("valueQuantity", quantity),
            ("valueCodeableConcept", concept),
            ("valueString", pick(NAMES)),
            ("valueDateTime", moment),
            ("valuePeriod", period),
            ("valueSampledData", sampled),
        )
    ),
)


def record(kind: str, **fields: Maker) -> Maker:
    meta = maybe(
        tag=some(coding),
        profile=some(pick(("http://a.cn/p", "http://a.cn/p|1", "http://a.cn/p/q"))),
        source=pick(("http://a.cn/s",)),
    )
    text = maybe(
        div=pick(
            (
                '<div xmlns="http://www.w3.org/1999/xhtml">High 高血压 pressure</div>',
                "<div>压 &amp; high</div>",
            )
        )
    )
    return both(maybe(meta=meta, text=text, **fields), pick(RECORD_IDS)).map(
        lambda found: {"resourceType": kind, "id": found[1], **found[0]}
    )


component = both(maybe(code=concept), value).map(lambda found: {**found[0], **found[1]})
patient = record(
    "Patient",
    name=some(name),
    gender=pick(("male", "female")),
    birthDate=moment,
    identifier=some(identifier),
    address=some(address),
    active=booleans,
    generalPractitioner=some(reference),
    managingOrganization=maybe(reference=build("Organization/{}", pick(IDS))),
    telecom=some(maybe(system=pick(("phone", "email")), value=pick(("1", "a@b.cn")))),
    deceasedBoolean=booleans,
    contained=always([{"resourceType": "Organization", "id": "in"}]),
)
observation = both(
    record(
        "Observation",
        status=pick(("final", "amended")),
        code=concept,
        category=some(concept),
        subject=reference,
        encounter=reference,
        effectivePeriod=period,
        component=some(component),
        performer=some(reference),
        identifier=some(identifier),
        contained=always([{"resourceType": "Patient", "id": "in"}]),
    ),
    value,
).map(lambda found: {**found[0], **found[1]})
encounter = record(
    "Encounter",
    **{"class": coding, "subject": reference, "period": period, "partOf": reference, "length": quantity},
)
organization = record(
    "Organization", name=pick(NAMES), alias=some(pick(NAMES)), partOf=reference, active=booleans
)
document = record(
    "DocumentReference",
    relatesTo=some(maybe(code=pick(("replaces", "appends")), target=reference)),
    status=pick(("current",)),
    subject=reference,
)
group = record(
    "Group",
    characteristic=some(maybe(code=concept, valueBoolean=booleans, valueCodeableConcept=concept)),
    actual=booleans,
    type=pick(("person", "animal")),
)
kinds = (patient, patient, observation, observation, encounter, encounter, organization, organization)
any_record = one_of(*kinds, document, group)
records = Maker(lambda rng: [any_record.make(rng) for _ in range(60)])

escaped = pick(CODES).map(lambda code: code.replace("|", "\\|").replace(",", "\\,").replace("$", "\\$"))
token = escaped | build("{}|{}", pick(SYSTEMS), escaped) | pick(("http://loinc.org|", "|ABC", "true", "male"))
usual = pick(("8480-6", "ABC", "http://loinc.org|abc", "|8480-6"))
prefix = pick(("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"))
wanted_date = build("{}{}", prefix, moment)
wanted_number = build("{}{}", prefix, pick(NUMBERS))
wanted_quantity = one_of(
    wanted_number,
    build("{}|{}|{}", wanted_number, pick((UCUM, SYSTEMS[0], "")), pick(UNITS)),
)
wanted_reference = pick(
    (
        "a",
        "Patient/a",
        "Patient/b",
        "Organization/a",
        "Group/c",
        "http://elsewhere.cn/fhir/Patient/a",
        "urn:uuid:1",
        "Patient/a/_history/2",
    )
)
wanted_string = pick(
    (*(one for one in NAMES if one), "o", "wan", "三", "张", "zhang", "南", "南昌", "CN", "!")
)
wanted_pinyin = pick(("zs", "zhangsan", "zhang", "shan", "zeng", "张三", "Lv", "nanchang", "d"))
missing = pick(("true", "false"))
wanted_identifier = pick(("1", "x9", "http://loinc.org|X9", "http://loinc.org|", "|2"))


def named(names: str, values: Maker) -> Maker:
    several = some(values).map(",".join)
    return both(pick(names.split()), several)


def of_type(kind: str, *parts: Maker) -> Maker:
    any_type = (
        named("_id _id:not", pick(IDS))
        | named("_tag _tag:not", token)
        | named(
            "_profile _profile:below _profile:above _source",
            pick(("http://a.cn/p", "http://a.cn/", "http://a.cn/p|1")),
        )
    )
    full = named("_text", pick(("high", "血压", "压", "pressure high", "高血压 high"))) | named(
        "_content", pick(("final", "南昌"))
    )
    return both(always(kind), some(one_of(*parts, *parts, any_type, full)))


queries = one_of(
    of_type(
        "Patient",
        named("name family given address address-city name:contains name:exact", wanted_string),
        named("name:pinyin family:pinyin address-city:pinyin", wanted_pinyin),
        named(
            "name:missing birthdate:missing general-practitioner:missing deceased:missing gender:missing",
            missing,
        ),
        named("birthdate", wanted_date),
        named("identifier", wanted_identifier),
        named("identifier:of-type", pick(("http://loinc.org|ABC|x9", "|abc|1"))),
        named(
            "active deceased gender gender:not telecom phone email",
            pick(("true", "false", "male", "http://hl7.org/fhir/administrative-gender|male", "1", "A@B.cn")),
        ),
        named("general-practitioner organization", wanted_reference),
        named("organization.name general-practitioner:Organization.name", wanted_string),
        named("organization.partof.name", wanted_string),
        named(
            "_has:Observation:patient:code _has:Observation:subject:code:not"
            " _has:Encounter:patient:_has:Encounter:part-of:class",
            token,
        ),
    ),
    of_type(
        "Observation",
        named("code combo-code component-code category code:not combo-code:not value-concept", token),
        named("code:text category:text", pick(("blood", "血", "Blood pressure", "!", "Body Height"))),
        named(
            "status status:not", pick(("final", "http://hl7.org/fhir/observation-status|final", "|amended"))
        ),
        named("date value-date", wanted_date),
        named("value-quantity combo-value-quantity component-value-quantity", wanted_quantity),
        named("value-string", wanted_string),
        named("subject patient encounter performer", wanted_reference),
        named("subject:identifier patient:identifier", wanted_identifier),
        named("subject:missing patient:missing value-quantity:missing date:missing code:missing", missing),
        named("subject:Patient subject:Group", pick(IDS)),
        named(
            "code-value-quantity combo-code-value-quantity component-code-value-quantity",
            build("{}${}", usual, wanted_quantity),
        ),
        named(
            "code-value-concept combo-code-value-concept component-code-value-concept",
            build("{}${}", usual, usual),
        ),
        named("code-value-date", build("{}${}", usual, wanted_date)),
        named("patient.name subject.name subject:Patient.organization.name", wanted_string),
        named("patient._has:Encounter:patient:class", token),
    ),
    of_type(
        "Encounter",
        named("class", token),
        named("date", wanted_date),
        named("length", wanted_quantity),
        named("part-of.class", token),
    ),
    of_type(
        "Organization",
        named("name name:exact name:pinyin", wanted_string),
        named("partof:missing active:missing", missing),
    ),
    of_type(
        "DocumentReference",
        named(
            "relationship",
            build(
                "{}${}",
                pick(("replaces", "appends", "http://hl7.org/fhir/document-relationship-type|replaces")),
                wanted_reference,
            ),
        ),
        named("relatesto", wanted_reference),
    ),
    of_type("Group", named("characteristic-value", build("{}${}", usual, usual)), named("value", token)),
)


class Model:
    """Asks a condition of indexes, one record at a time."""

    def __init__(self, resources: Mapping[str, Json], extractor: Extractor) -> None:
        self.types = {address: one["resourceType"] for address, one in resources.items()}
        self.indexes = {address: extractor.extract(one) for address, one in resources.items()}

    def fulfils(self, condition: c.Condition, address: str) -> bool:
        index = self.indexes[address]
        match condition:
            case c.Anything():
                return True
            case c.Nothing():
                return False
            case c.Keys():
                return not condition.keys.isdisjoint(index.keys)
            case c.Identity():
                return address.split("/")[1] in condition.ids
            case c.Dates():
                wanted = dates.Range(condition.low, condition.high)
                compare = dates.COMPARISONS[condition.prefix]
                return any(
                    place in condition.places and compare(wanted, dates.Range(low, high))
                    for place, low, high in index.dates
                )
            case c.Numbers():
                return self.number(condition, index)
            case c.Strings():
                test = {"starts": str.startswith, "contains": str.__contains__, "equals": str.__eq__}[
                    condition.mode
                ]
                return any(
                    place in condition.places and test(text, condition.text) for place, text in index.strings
                )
            case c.Display():
                return any(
                    text.startswith(condition.text)
                    and any(one ^ salt in index.keys for salt in condition.salts)
                    for one, text in index.texts.items()
                )
            case c.Forward():
                return any(
                    self.types[other] == condition.type
                    and any(keys.self_key(*other.split("/")) ^ salt in index.keys for salt in condition.salts)
                    and self.fulfils(condition.condition, other)
                    for other in self.indexes
                )
            case c.Backward():
                own = keys.self_key(*address.split("/"))
                return any(
                    self.types[other] == condition.type
                    and own in found.references
                    and any(own ^ salt in found.keys for salt in condition.salts)
                    and self.fulfils(condition.condition, other)
                    for other, found in self.indexes.items()
                )
            case c.All():
                return all(self.fulfils(one, address) for one in condition.parts)
            case c.Either():
                return any(self.fulfils(one, address) for one in condition.parts)
            case c.Not():
                return not self.fulfils(condition.part, address)
        raise AssertionError(condition)

    def number(self, condition: c.Numbers, index: Index) -> bool:
        compare = numbers.COMPARISONS[condition.prefix]
        wanted = numbers.Interval(condition.low, condition.high)
        for row in index.numbers:
            low, high = (row.base_low, row.base_high) if condition.unit else (row.low, row.high)
            if row.place not in condition.places or condition.unit not in {0, row.unit}:
                continue
            if (
                low is not None
                and high is not None
                and compare(condition.value, wanted, numbers.Interval(low, high))
            ):
                return True
        return False


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1 << 32), st.sampled_from(sorted(WAYS)))
def test_index_and_reference_find_the_same(seed: int, way: str) -> None:
    rng = Random(seed)
    resources = records.make(rng)
    for _ in range(15):
        kind, pairs = queries.make(rng)
        try:
            tree = parse_search(pairs, r4(), kind)
        except SearchError:
            continue
        assert parse_search(to_pairs(tree), r4(), kind) == tree
        check(tree, resources, way)


def check(tree: Any, resources: list[Json], way: str = "plain") -> None:
    extractor, lowering = WAYS[way]
    by_address = {f"{one['resourceType']}/{one['id']}": one for one in resources}
    model = Model(by_address, extractor)
    truth = set(brute_force(tree, by_address.values(), r4(), AROUND))
    for branch in tree.branches:
        lowered = lowering.branch(branch)
        found = {
            one
            for one, kind in model.types.items()
            if kind == branch.type and model.fulfils(lowered.condition, one)
        }
        true = {one for one in truth if model.types[one] == branch.type}
        assert found == true if lowered.exact else found >= true, lowered


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 1 << 32), st.sampled_from(("Observation", "Encounter", "Patient", "Organization")))
def test_compartments_agree(seed: int, kind: str) -> None:
    resources = records.make(Random(seed))
    for identity in IDS:
        tree = parse_search([], r4(), kind, compartment=Compartment("Patient", identity))
        check(tree, resources)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40) | st.sampled_from(NAMES))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


NAMES_AND_MODIFIERS = (
    "name",
    "_has:",
    "birthdate",
    "general-practitioner.",
    "_sort",
    "_include",
    ":not",
    "Patient",
    "code",
    ":",
    ".",
)
PIECES = ("a", "|", ",", "$", "\\", "2013", "gt", "http://x", "5.4", "Patient/1", ":", " ", "-", "*", "张")


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(NAMES_AND_MODIFIERS), max_size=5).map("".join),
            st.lists(st.sampled_from(PIECES), max_size=6).map("".join) | st.text(max_size=8),
        ),
        max_size=3,
    ),
    st.sampled_from(("Patient", "Observation", None)),
    st.booleans(),
)
def test_any_request_is_read_or_refused(pairs: list[tuple[str, str]], kind: str | None, strict: bool) -> None:
    try:
        tree = parse_search(pairs, r4(), kind, strict=strict)
    except SearchError:
        return
    again = parse_search(to_pairs(tree), r4(), kind)
    assert (again.branches, again.sort, again.includes) == (tree.branches, tree.sort, tree.includes)
