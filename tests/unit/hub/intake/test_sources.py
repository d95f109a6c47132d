"""What is said about a source is checked when it is said."""

from typing import Any

import pytest
from tests.intake import HOSPITAL

from xinglin.hub.intake import registry
from xinglin.hub.intake.formats import NAMES
from xinglin.hub.intake.sources import Source, WrongSource, checked

GIVEN = {"id": "his", "institution": HOSPITAL, "institution_name": "Hospital"}


def made(**given: Any) -> Source:
    source = registry._read(GIVEN | given)  # pyright: ignore[reportPrivateUsage]
    return checked(source, frozenset(NAMES))


def test_what_follows() -> None:
    assert made().namespace == HOSPITAL
    assert made(namespace="county-7").namespace == "county-7"
    origin = made(charset="GBK", zone="Asia/Urumqi", declared={"x": "y"}, ids="own").origin("Asia/Shanghai")
    assert (origin.charset, str(origin.zone), dict(origin.declared)) == (
        "GBK", "Asia/Urumqi", {"ids": "own", "x": "y"},
    )  # fmt: skip
    assert str(made().origin("Asia/Shanghai").zone) == "Asia/Shanghai"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"institution": HOSPITAL[:-1] + "?"}, "GB 32100"), ({"institution": ""}, "GB 32100"),
        ({"id": "Not_an-id"}, "small letters"), ({"id": ""}, "small letters"),
        ({"id": "a\n"}, "small letters"),
        ({"namespace": "a:b"}, "letters"), ({"formats": ["fax"]}, "fhir"),
        ({"charset": "klingon"}, "character set"), ({"zone": "Mars/Base"}, "time zone"),
        ({"zone": "/etc/passwd"}, "time zone"), ({"zone": "../x"}, "time zone"),
        ({"ids": "some"}, "keep, own"), ({"validation": "maybe"}, "errors, none"),
    ],
)  # fmt: skip
def test_what_cannot_be(given: dict[str, Any], told: str) -> None:
    with pytest.raises(WrongSource, match=told) as caught:
        made(**given)
    assert caught.value.text("zh") != caught.value.text("en")
