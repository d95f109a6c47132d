"""A hospital that sends HL7 v2."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest

from xinglin.core.exact_json import Json
from xinglin.standards.conversion import Fact, Item, Origin
from xinglin.standards.hl7v2 import item
from xinglin.standards.validation import validate


@pytest.fixture
def origin() -> Origin:
    return Origin(
        "his",
        "12360000491006XXXX",
        "某县人民医院",
        "jx-hospital",
        ZoneInfo("Asia/Shanghai"),
    )


class Read:
    """What a message gave."""

    def __init__(self, one: Item) -> None:
        self.item = one

    def all(self, kind: str) -> list[Json]:
        return [fact.resource for fact in self.item.facts if fact.resource["resourceType"] == kind]

    def one(self, kind: str) -> Json:
        found = self.all(kind)
        assert len(found) == 1, [fact.resource["resourceType"] for fact in self.item.facts]
        return found[0]

    def fact(self, record: Json) -> Fact:
        return next(fact for fact in self.item.facts if fact.resource is record)


@pytest.fixture
def read(origin: Origin) -> Callable[..., Read]:
    """Read a message given as lines; all it gives must be valid."""

    def of(*lines: str, **header: str) -> Read:
        event = header.get("event", "ADT^A01^ADT_A01")
        time = header.get("time", "20260401103000")
        msh = f"MSH|^~\\&|HIS|JXYY|HUB|JX|{time}||{event}|{header.get('control', 'M1')}|P|2.5"
        found = item("\r".join([msh, *lines]).encode(), origin)
        if found.error is None:
            for fact in found.facts:
                assert [f.text() for f in validate(fact.resource) if f.severity == "error"] == []
        return Read(found)

    return of
