"""Who a record is about: a number given to another person is refused, the same person changed is not."""

import contextlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.intake import patient

from xinglin.hub.intake.guard import (
    AnotherPerson,
    AnotherSource,
    FromTheFuture,
    refuse_another_person,
    refuse_foreign,
    refuse_future,
)
from xinglin.hub.intake.order import Stamp
from xinglin.standards.conversion import Mode
from xinglin.standards.identifiers import Kind, invented_resident, short_form, systems

ONE, OTHER = invented_resident(1), invented_resident(2)
RESIDENT = next(one.uri for one in systems().values() if Kind.RESIDENT in one.kinds and one.preferred)


def person(name: str | None = None, born: str | None = None, number: str | None = None) -> dict[str, Any]:
    made = patient("7")
    if name:
        made["name"] = [{"text": name}]
    if born:
        made["birthDate"] = born
    if number:
        made["identifier"] = [{"system": RESIDENT, "value": number}]
    return made


def another(stored: dict, arriving: dict, mode: Mode = Mode.FULL) -> bool:
    try:
        refuse_another_person("Patient/7", stored, arriving, mode)
    except AnotherPerson:
        return True
    return False


@pytest.mark.parametrize(
    ("stored", "arriving", "differs"),
    [
        (person("王小明", "1970-01-01", ONE), person("李丽", "1981-02-03", OTHER), True),
        (person("王小明", "1970-01-01"), person("李丽", "1981-02-03"), True),
        (person("王小明", None, ONE), person("李丽", None, OTHER), True),
        (person(None, "1970-01-01", ONE), person(None, "1981-02-03", OTHER), True),
        (person("王小明", "1970-01-01", ONE), person("王大明", "1970-01-01", ONE), False),
        (person("王小明", "1970-01-01", ONE), person("王小明", "1970-01-01", OTHER), False),
        (person("王小明", "1970-01-01"), person("王小明", "1971-01-01"), False),
        (person("王小明", "1970-01-01"), person("李丽", "1970"), False),
        (person("王小明", "1970"), person("李丽", "1970-05-05"), False),
        (person("王小明", "1970-01-01"), person(None, "1999-09-09"), False),
        (person("王小明", "1970-01-01", ONE), patient("7"), False),
        (person("Wang Xiaoming", "1970-01-01"), person("XIAOMING WANG", "1971-01-01"), False),
    ],
)
def test_people(stored: dict, arriving: dict, differs: bool) -> None:
    for mode in (Mode.FULL, Mode.MERGE, Mode.MENTION):
        assert another(stored, arriving, mode) == differs
        assert another(arriving, stored, mode) == differs


def test_family_and_given_names() -> None:
    parts = patient("7", name=[{"family": "王", "given": ["小明"]}], birthDate="1970-01-01")
    assert not another(parts, person("王小明", "1971-01-01"))
    none = patient("7", name=[{"family": "王", "given": [None, "小明"], "_given": [{"id": "x"}, None]}])
    assert not another(none | {"birthDate": "1970"}, person("王小明", "1999"))


def test_numbers_of_15_and_18_digits() -> None:
    short = short_form(ONE)
    assert short is not None
    assert not another(person("王小明", None, ONE), person("李丽", None, short))
    assert another(person("王小明", None, OTHER), person("李丽", None, short))


def test_merged_people_are_one() -> None:
    link = patient("7", link=[{"other": {"reference": "Patient/8"}, "type": "replaces"}], birthDate="1999")
    assert not another(person("王小明", "1970-01-01"), link | {"name": [{"text": "李丽"}]}, Mode.MERGE)


def test_others_than_people() -> None:
    one = {"resourceType": "Basic", "id": "b", "birthDate": "1970", "name": [{"text": "a"}]}
    assert not another(one, one | {"birthDate": "1999", "name": [{"text": "b"}]})


NAMESPACES = {"his": "a", "lis": "a", "clinic": "b"}


@pytest.mark.parametrize(
    ("owner", "sender", "refused"),
    [("his", "his", False), ("his", "lis", False), ("his", "clinic", True), ("", "clinic", False),
     ("clinic", "his", True), ("gone", "his", True)],
)  # fmt: skip
def test_sources(owner: str, sender: str, refused: bool) -> None:
    expected = pytest.raises(AnotherSource, match=owner) if refused else contextlib.nullcontext()
    with expected:
        refuse_foreign("Basic/b", Stamp(owner), Stamp(sender), NAMESPACES)


def test_the_future() -> None:
    received = datetime(2026, 1, 1, tzinfo=UTC)
    refuse_future("Basic/b", None, received)
    refuse_future("Basic/b", received + timedelta(hours=23), received)
    with pytest.raises(FromTheFuture):
        refuse_future("Basic/b", received + timedelta(hours=25), received)
