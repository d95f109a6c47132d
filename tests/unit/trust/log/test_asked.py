"""The search parameters of /fhir/AuditEvent, and the Bundle that answers."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit import entry

from xinglin.core.errors import SearchError
from xinglin.core.exact_json import loads
from xinglin.standards.validation import validator
from xinglin.trust.log.asked import PARAMETERS, read_asked, searchset, write_place
from xinglin.trust.log.entry import decode, encode
from xinglin.trust.log.find import Asked, Found, Written


def asked(*pairs: tuple[str, str]) -> Asked:
    return read_asked(pairs)[0]


@pytest.mark.parametrize(
    ("pairs", "wanted"),
    [
        ([("patient", "a,Patient/b")], Asked(patients=("a", "b"))),
        ([("agent", "user:wang")], Asked(agents=("user:wang",))),
        ([("agent", "Practitioner/p")], Asked(practitioners=("p",))),
        ([("outcome", "4,8")], Asked(outcomes=("denied", "failed"))),
        ([("subtype", "read,login")], Asked(actions=("read", "login"))),
        ([("action", "D"), ("subtype", "delete,read")], Asked(actions=("delete",))),
        ([("action", "D"), ("subtype", "read")], Asked(actions=("-",))),
        ([("entity", "Observation/1")], Asked(entities=("Observation/1",))),
        ([("_id", "3,5")], Asked(numbers=(3, 5))),
        (
            [("date", "2026-11-20")],
            Asked(since=datetime(2026, 11, 19, 16, tzinfo=UTC), until=datetime(2026, 11, 20, 16, tzinfo=UTC)),
        ),
        (
            [("date", "ge2026"), ("date", "lt2026-02")],
            Asked(since=datetime(2025, 12, 31, 16, tzinfo=UTC), until=datetime(2026, 1, 31, 16, tzinfo=UTC)),
        ),
        ([("date", "gt2026-11-20T10:00:00Z")], Asked(since=datetime(2026, 11, 20, 10, 0, 1, tzinfo=UTC))),
        ([("date", "le9999")], Asked()),
    ],
)
def test_reading(pairs: list[tuple[str, str]], wanted: Asked) -> None:
    assert asked(*pairs) == wanted


@pytest.mark.parametrize(
    "pairs",
    [
        [("patient", "")],
        [("patient.name", "王")],
        [("_id", "x")],
        [("date", "yesterday")],
        [("date", "ne2026")],
        [("outcome", "5")],
        [("action", "X")],
        [("agent", "a"), ("agent", "b")],
        [("_after", "x")],
        [("_after", "99999999999999999999-1")],
        [("_count", "-1")],
    ],
)
def test_what_is_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(SearchError):
        read_asked(pairs)


@given(
    st.lists(st.tuples(st.sampled_from([*PARAMETERS, "_after", "_count"]), st.text(max_size=25)), max_size=3)
)
def test_nothing_breaks_the_reader(pairs: list[tuple[str, str]]) -> None:
    try:
        read_asked(pairs)
    except SearchError:
        return


def test_a_page_leads_to_the_next() -> None:
    made = [decode(encode(entry(number))) for number in range(3)]
    entries = tuple(Written(number, told, b"") for number, told in enumerate(made))
    place = (made[2].at, 2)
    pairs = [("patient", "p 1"), ("_count", "3"), ("_after", "7-7")]
    text = searchset(
        Found(entries, place), origin="xinglin/audit/one", base="http://hub/fhir", pairs=pairs, total=9
    )
    bundle: dict[str, Any] = loads(text)
    assert not [one for one in validator(None).validate(bundle) if one.severity == "error"]
    assert [one["fullUrl"] for one in bundle["entry"]] == [
        f"http://hub/fhir/AuditEvent/{n}" for n in range(3)
    ]
    links = {one["relation"]: one["url"] for one in bundle["link"]}
    assert links["next"] == f"http://hub/fhir/AuditEvent?patient=p+1&_count=3&_after={write_place(place)}"
    assert read_asked([("_after", write_place(place))])[1] == place
    last: dict[str, Any] = loads(searchset(Found((), None), origin="o", base="http://hub/fhir", pairs=[]))
    assert [one["relation"] for one in last["link"]] == ["self"]
