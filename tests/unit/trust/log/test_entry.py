"""Entries, and the AuditEvents made of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.audit import AT, WANG, entry

from xinglin.standards.validation import validator
from xinglin.trust.log.auditevent import audit_event, events
from xinglin.trust.log.entry import Entry, decode, encode, plain, session_mark
from xinglin.trust.log.rows import key, row_of
from xinglin.trust.who import NOBODY, Who

texts = st.text(st.characters(), max_size=12)


def event(made: Entry) -> dict[str, Any]:
    told = audit_event(7, decode(encode(made)), "xinglin/audit/one")
    findings = [one for one in validator(None).validate(told) if one.severity == "error"]
    assert not findings
    return told


def test_what_a_leaf_tells() -> None:
    made = entry(3, query="name=王&_count=5", detail={"reason": "急诊", "interaction": "search-type"})
    assert plain(encode(made)) == {
        "form": 1,
        "at": "2026-11-20T02:30:03.003Z",
        "who": {
            "id": "user:wang",
            "kind": "user",
            "name": "王医生",
            "roles": ["clinician"],
            "institution": "org-1",
            "practitioner": "pr-1",
            "session": session_mark("a secret"),
            "address": "10.1.2.3",
        },
        "action": "read",
        "outcome": "allowed",
        "purpose": "TREAT",
        "rules": ["treating"],
        "what": ["Observation/o3"],
        "patients": ["p3"],
        "query": "name=王&_count=5",
        "detail": {"reason": "急诊", "interaction": "search-type"},
    }


def test_a_session_is_marked_and_never_told() -> None:
    leaf = encode(entry(1))
    assert b"a secret" not in leaf
    assert decode(leaf).who.session == decode(encode(entry(2))).who.session
    assert decode(leaf).who.session != decode(encode(entry(1, who=replace(WANG, session="b")))).who.session


def test_times_are_told_in_utc() -> None:
    east = AT.astimezone(timezone(timedelta(hours=8)))
    assert encode(entry(at=east)) == encode(entry(at=AT))
    assert decode(encode(entry(at=east))).at == AT == datetime(2026, 11, 20, 2, 30, tzinfo=UTC)


@given(
    st.builds(
        Entry,
        who=st.builds(
            Who, id=texts, kind=st.just("user"), name=texts, roles=st.frozensets(texts, max_size=3)
        ),
        action=texts,
        outcome=st.sampled_from(["allowed", "denied", "failed"]),
        purpose=texts,
        rules=st.lists(texts, max_size=2).map(tuple),
        what=st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
        patients=st.lists(texts, max_size=3).map(tuple),
        query=texts,
        detail=st.dictionaries(texts, texts, max_size=2),
        at=st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)),
    )
)
def test_any_entry_is_written_and_read(made: Entry) -> None:
    leaf = encode(made)
    assert b"\n" not in leaf
    told = decode(leaf)
    assert (told.outcome, len(told.patients), len(told.what)) == (
        made.outcome,
        len(made.patients),
        len(made.what),
    )
    assert told.query.encode(errors="surrogatepass").decode(errors="replace") == told.query
    row = row_of(1, told, b"", leaf)
    assert "\0" not in row.who + row.action
    assert row.at == made.at.replace(microsecond=made.at.microsecond // 1000 * 1000)


@pytest.mark.parametrize(
    "leaf", [b"", b"{}", b"x", b'{"form":2}', encode(entry()).replace(b'"form":1', b'"form":9')]
)
def test_what_nobody_wrote_is_refused(leaf: bytes) -> None:
    with pytest.raises((ValueError, msgspec.DecodeError)):
        decode(leaf)


def test_an_entry_is_found_by_all_that_it_names() -> None:
    row = row_of(0, decode(encode(entry(3))), b"", b"")
    assert {key("patient", "p3"), key("what", "Observation/o3"), key("practitioner", "pr-1")} <= set(row.keys)
    assert key("patient", "p4") not in row.keys
    assert key("what", "p3") not in row.keys


def test_a_reading_as_audit_event() -> None:
    told = event(entry(3, what=(("Patient", "p3"), ("Observation", "o3")), query="code=1"))
    assert told["type"]["code"] == "rest"
    assert [one["code"] for one in told["subtype"]] == ["read"]
    assert (told["action"], told["outcome"], told["id"]) == ("R", "0", "7")
    assert told["agent"][0]["who"]["reference"] == "Practitioner/pr-1"
    assert told["agent"][0]["network"] == {"address": "10.1.2.3", "type": "2"}
    assert [one["what"]["reference"] for one in told["entity"] if "what" in one] == [
        "Patient/p3",
        "Observation/o3",
    ]
    assert [one["role"]["code"] for one in told["entity"] if "role" in one] == ["1", "4", "24"]


@pytest.mark.parametrize("action", [*events(), "identity.review"])
@pytest.mark.parametrize("outcome", ["allowed", "denied", "failed"])
def test_every_action_is_a_valid_audit_event(action: str, outcome: str) -> None:
    told = event(entry(3, action=action, outcome=outcome, detail={"reason": "x"}))
    assert told["outcome"] == {"allowed": "0", "denied": "4", "failed": "8"}[outcome]


def test_scarce_and_odd_entries_are_valid_audit_events() -> None:
    event(Entry(NOBODY, "read", "denied"))
    event(Entry(Who("client:his", "client", client="his"), "search", "allowed", what=(("Patient", ""),)))
    event(entry(patients=(), what=(), detail={" ": " ", "a": "\t"}, query=" "))
