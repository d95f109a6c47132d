"""Hostile values in every parameter, header and path: no fault of the hub, nothing told, nothing changed."""

import itertools
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.attacks.world import OPERATOR, STEWARD, WANG, Who, World, code, leaks

from xinglin.standards.search.parameters import SearchParameter

pytestmark = pytest.mark.xdist_group("attacks")

SQL = (
    "' OR '1'='1",
    "p2'; DROP TABLE resource; --",
    'x" OR 1=1 --',
    "1) UNION SELECT body FROM resource --",
    "%' OR id LIKE '%",
    "$$; SELECT pg_sleep(9); $$",
    "\\'; SELECT 1; --",
    "{0}{p}%s%(id)s",
    "ARRAY[1]::bigint[]",
)
ODD = (
    "",
    ",",
    "|",
    "||",
    "\\",
    "\x00",
    "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "\u202e\u0000\ufdfd",
    "9" * 400,
    "-" + "9" * 40,
    "1e999999",
    "NaN",
    "Infinity",
    "0000-00-00",
    "9999-12-31T23:59:60+24:00",
    "2026-02-30",
    "ge",
    "Patient/../../etc/passwd",
    "http://[::1",
    "http://169.254.169.254/latest/meta-data",
    "../" * 40,
    "a" * 20_000,
    "%00%0d%0aSet-Cookie:%20x=1",
    "\r\nSet-Cookie: x=1",
    "$,|$,|" * 500,
)


def parameters(world: World) -> Iterator[tuple[str, SearchParameter]]:
    """Give the search parameters of all types that the hub has.

    What all types share is asked of Patient, and of those types that have nothing else.
    """
    registry = world.hub.registry
    for kind in sorted(registry.types):
        known = registry.for_type(kind).values()
        own = [one for one in known if one.base == kind]
        for one in known if kind == "Patient" or not own else own:
            yield kind, one


def test_every_search_parameter(world: World) -> None:
    """Each parameter of each type once for every kind of hostile value, in turns; no type is left out."""
    values = itertools.cycle([*SQL, *ODD])
    modifiers = itertools.cycle(
        ["", "", "", ":not", ":exact", ":contains", ":missing", ":of-type", ":x'y", ":Patient"]
    )
    asked, kinds = 0, set[str]()
    for kind, one in parameters(world):
        pairs = [(f"{one.code}{next(modifiers)}", next(values)) for _ in range(1)]
        answer = world.get(f"/fhir/{kind}", params=pairs)
        refuse_fault(answer, (kind, pairs))
        kinds.add(kind)
        asked += 1
    assert asked > 1_000
    assert kinds == set(world.hub.registry.types)


@pytest.mark.parametrize("value", [*SQL, *ODD])
def test_each_kind_of_parameter_with_each_value(world: World, value: str) -> None:
    """Every kind of parameter, control and place meets every hostile value."""
    names = (
        *("_id", "name", "birthdate", "identifier", "general-practitioner", "phone", "address", "gender"),
        *(
            "_lastUpdated",
            "_source",
            "_security",
            "_tag",
            "_profile",
            "_sort",
            "_count",
            "_elements",
            "_total",
        ),
        *(
            "_include",
            "_revinclude",
            "_summary",
            "_has:Observation:patient:code",
            "general-practitioner.name",
        ),
        *("organization:Organization.name", "deceased", "_format", "_pretty", "_page", "_after", "_cursor"),
        *("_content", "_text", "_list", "_filter", "_query", "_contained", "_type"),
    )
    for name in names:
        answer = world.get("/fhir/Patient", params=[(name, value)])
        refuse_fault(answer, name)
    for name in ("value-quantity", "code-value-quantity", "component-value-quantity", "date", "value-date"):
        refuse_fault(world.get("/fhir/Observation", params=[(name, value)]), name)
    refuse_fault(world.get("/fhir/RiskAssessment", params=[("probability", value)]), "probability")
    refuse_fault(world.get("/fhir/ValueSet", params=[("url", value)]), "url")
    named = world.get("/fhir/Observation", params=[(value, "x")])
    refuse_fault(named, "a name")


PLAIN = (
    (STEWARD, "/identity/status", ()),
    (STEWARD, "/identity/review", ("most", "skip", "rule")),
    (STEWARD, "/identity/worn", ("most",)),
    (STEWARD, "/identity/decisions", ("patient", "most")),
    (OPERATOR, "/codes/unmapped", ("source", "most", "skip")),
    (OPERATOR, "/codes/candidates", ("source", "code", "system", "most")),
    (OPERATOR, "/codes/sheet", ("source", "most", "skip")),
    (OPERATOR, "/codes/report", ("source",)),
    (OPERATOR, "/refused", ("source", "code", "delivery", "state", "after", "most")),
    (WANG, "/person/p1/timeline", ("kind", "from", "to", "institution", "code", "count", "after")),
    (WANG, "/person/p1/series", ("from", "to", "institution", "code")),
    (WANG, "/fhir/Patient/p1/$everything", ("start", "end", "_since", "_type", "_count", "_page")),
    (WANG, "/fhir/Observation/$lastn", ("patient", "category", "code", "max", "_count")),
    (WANG, "/fhir/Observation/_history", ("_since", "_at", "_count", "_before", "_page")),
    (WANG, "/fhir/Patient/$ihe-pix", ("sourceIdentifier", "targetSystem")),
    (WANG, "/pdqm/Patient", ("identifier", "family", "birthdate")),
    (WANG, "/fhir/CodeSystem/$lookup", ("system", "code", "version", "property")),
    (WANG, "/fhir/ValueSet/$expand", ("url", "filter", "count", "offset")),
    (WANG, "/fhir/ValueSet/$validate-code", ("url", "system", "code", "display")),
    (WANG, "/fhir/ConceptMap/$translate", ("url", "system", "code", "target")),
    (WANG, "/fhir/CodeSystem/$subsumes", ("system", "codeA", "codeB")),
)


@pytest.mark.parametrize(("who", "path", "names"), PLAIN, ids=[path for _, path, _ in PLAIN])
def test_plain_doors(world: World, who: Who, path: str, names: tuple[str, ...]) -> None:
    for name, value in itertools.product(names, [*SQL, *ODD]):
        answer = world.get(path, who, params=[(name, value)])
        refuse_fault(answer, (name, value))
        assert answer.status_code != 403, "who asks is let in: else the values weren't read"


BODIES: tuple[tuple[Who, str, dict[str, Any]], ...] = (
    (
        STEWARD,
        "/identity/decisions",
        {"action": "apart", "patients": ["p1", "p2"], "why": "x", "golden": None},
    ),
    (STEWARD, "/identity/decisions/1/undo", {"why": "x"}),
    (
        OPERATOR,
        "/codes/decisions",
        {"source": "a", "code": "b", "action": "accept", "target": "c", "reason": "d"},
    ),
    (OPERATOR, "/codes/sheet", {"sheet": "a,b"}),
    (OPERATOR, "/refused/1/$dismiss", {"why": "x"}),
    (OPERATOR, "/refused/$replay", {"numbers": [1]}),
    (WANG, "/emergency", {"patient": "nobody", "reason": "life", "words": "brought in unconscious"}),
)


@pytest.mark.parametrize(("who", "path", "body"), BODIES, ids=[path for _, path, _ in BODIES])
def test_plain_bodies(world: World, who: Who, path: str, body: dict[str, Any]) -> None:
    header = {"Content-Type": "application/json"}
    for name, value in itertools.product(body, [*SQL, *ODD, 10**30, [], {}, [[]], {"a": {}}, True, -1, 1.5]):
        answer = world.ask(who, "POST", path, headers=header, json={**body, name: value})
        refuse_fault(answer, (name, value))
    for whole in (
        "[]",
        "null",
        '"x"',
        "1",
        "{",
        "",
        "[" * 3_000,
        '{"a":' * 3_000,
        '{"why":1,"why":2}',
        "\x00",
    ):
        answer = world.ask(who, "POST", path, headers=header, content=whole.encode())
        refuse_fault(answer, whole[:20])
        assert answer.status_code in (400, 413, 422), whole[:20]


PATHS = (
    "/fhir/Patient/p1%00",
    "/fhir/Patient/p1%0d%0aX-Injected:%20yes",
    "/fhir/Patient/..%2f..%2fetc%2fpasswd",
    "/fhir/Patient/%2e%2e/%2e%2e/metrics",
    "/fhir/Patient/' OR 1=1 --",
    "/fhir/Patient/" + "a" * 5_000,
    "/fhir/%00/1",
    "/fhir/Patient'--/1",
    "/fhir/Patient/p1/_history/1'--",
    "/fhir/Patient/p1/_history/" + "9" * 300,
    "/fhir/Patient/p1/_history/-1",
    "/fhir/AuditEvent/" + "9" * 300,
    "/fhir/AuditEvent/١",
    "/fhir/Patient/p1/Observation'--",
    "/fhir/$import-status/' OR 1=1",
    "/person/p1' OR '1'='1/timeline",
    "/person/%00/timeline",
    "/identity/persons/'%20OR%201=1--",
    "/identity/review/a/%00",
    "/refused/" + "9" * 300,
    "/refused/%00",
    "/static/..%2f..%2f..%2fetc%2fpasswd",
    "/login/..%2fmetrics",
    "/fhir/Patient;x=1/p1",
)


@pytest.mark.parametrize("path", PATHS)
def test_paths(world: World, path: str) -> None:
    for who, method in itertools.product((WANG, STEWARD, OPERATOR), ("GET", "DELETE", "PUT")):
        answer = world.ask(who, method, path, json={"resourceType": "Patient"} if method == "PUT" else None)
        refuse_fault(answer, (path, method))
        assert answer.status_code >= 400
        assert "x-injected" not in answer.headers
        assert "root:" not in answer.text


def refuse_fault(answer: Any, place: object) -> None:
    """Fail where a hostile value made the hub stumble, wait, or tell."""
    assert answer.status_code < 500, (place, answer.text[:500])
    assert not leaks(answer), (place, answer.text[:500])
    for word in ("psycopg", "Traceback", "syntax error", "SELECT ", 'relation "', "asyncio"):
        assert word not in answer.text.replace("SELECT pg_sleep", "").replace("SELECT 1", "").replace(
            "UNION SELECT body", ""
        ), (place, answer.text[:500])
    assert all("\r" not in value and "\n" not in value for value in answer.headers.values())
    assert "x=1" not in answer.headers.get("set-cookie", "")


REFLECTED = (
    "X-Request-Id",
    "Accept-Language",
    "Prefer",
    "Purpose-Of-Use",
    "Accept",
    "Accept-Encoding",
    "If-Match",
    "If-None-Match",
    "If-None-Exist",
    "If-Modified-Since",
    "User-Agent",
    "Traceparent",
    "X-Csrf-Token",
)


@pytest.mark.parametrize("name", REFLECTED)
def test_headers(world: World, name: str) -> None:
    values = (
        "a\tb",
        "x" * 5_000,
        "\xff\xfe",
        "' OR 1=1 --",
        '"',
        'W/"' + "9" * 400 + '"',
        "a,b;q=0;;;=,",
        ";q=" * 900,
        "Mk%0d%0aX-Injected: 1",
        "\x7f",
        "{}",
        "*",
        "gzip;q=1e999",
        "en-" + "a" * 999,
    )
    for value, method in itertools.product(values, ("GET", "PUT", "POST")):
        path = "/fhir/Observation" + ("" if method == "POST" else "/o1")
        body = None if method == "GET" else {"resourceType": "Observation", "id": "o1"}
        answer = world.ask(WANG, method, path, headers={name: value.encode("latin-1")}, json=body)  # pyright: ignore[reportArgumentType]
        refuse_fault(answer, (name, value[:40]))
        assert "x-injected" not in answer.headers
        if name == "X-Request-Id" and not (len(value) <= 64 and value.isascii() and value.isprintable()):
            assert answer.headers["x-request-id"] != value


def test_other_ways_to_say_it(world: World) -> None:
    """Headers by which some frameworks change the request change nothing here."""
    own = world.get("/fhir/Patient/p1").text
    for name, value in (
        ("X-HTTP-Method-Override", "DELETE"),
        ("X-HTTP-Method", "DELETE"),
        ("X-Method-Override", "DELETE"),
        ("X-Original-URL", "/metrics"),
        ("X-Rewrite-URL", "/metrics"),
        ("X-Forwarded-User", "operator"),
        ("X-Remote-User", "operator"),
        ("X-Forwarded-Client-Cert", "Subject=operator"),
        ("X-SSL-Client-Verify", "SUCCESS"),
    ):
        assert world.get("/fhir/Patient/p1", headers={name: value}).text == own
        posted = world.ask(WANG, "POST", "/fhir/Patient/p1", headers={name: value})
        assert posted.status_code == 405
    assert world.get("/fhir/Patient/p1?_method=DELETE").status_code < 500
    assert world.get("/fhir/Patient/p1").text == own


def test_forwarded_headers_of_strangers(world: World) -> None:
    """Neither the links in answers nor the address in the log follow what a stranger's headers say."""
    evil = {
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=203.0.113.9;host=evil.example;proto=https",
        "X-Real-Ip": "203.0.113.9",
        "X-Forwarded-Prefix": "/evil",
    }
    answer = world.get("/fhir/Observation?_count=1", headers=evil)
    assert answer.status_code == 200
    assert "evil" not in answer.text
    assert "strict-transport-security" not in answer.headers
    with psycopg.connect(world.settings.database_url) as connection:
        row = connection.execute("SELECT * FROM audit_entry ORDER BY number DESC LIMIT 1").fetchone()
    assert "203.0.113.9" not in str(row)
    for host in (
        "evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        "localhost:80:80",
        "",
        "[::2]",
    ):
        refused = world.get("/fhir/metadata", headers={"Host": host})
        assert refused.status_code in (400, 421), host
        assert "http://evil" not in refused.text


def test_nothing_was_changed(world: World) -> None:
    """After all of the above, the tables stand and the records are what they were."""
    with psycopg.connect(world.settings.database_url) as connection:
        (count,) = connection.execute("SELECT count(*) FROM resource").fetchone() or (0,)
    assert count > 15
    assert world.get("/fhir/Observation/o1").json()["meta"]["versionId"] == "1"
    assert code(world.get("/fhir/Observation/o2")) == "XL9502"
