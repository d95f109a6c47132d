"""What is taken from others is what was taken, and every file has an address of its own."""

import tomllib
from hashlib import sha256
from importlib.resources import files

import pytest

from xinglin.portal.static_files import catalogue, packed

VENDOR = files("xinglin.portal") / "static" / "vendor"
PARTS = tomllib.loads((VENDOR / "vendor.toml").read_text(encoding="utf-8"))["part"]
FILES = [(part["package"], one) for part in PARTS for one in part["file"]]


@pytest.mark.parametrize(("package", "file"), FILES, ids=[one["name"] for _, one in FILES])
def test_vendored_files_are_what_was_taken(package: str, file: dict[str, str]) -> None:
    found = sha256((VENDOR / file["name"]).read_bytes()).hexdigest()
    assert found == file["sha256"], f"{file['name']} of {package} isn't what tools/vendor.py fetched"


def test_nothing_else_is_vendored() -> None:
    there = {one.name for one in VENDOR.iterdir()} - {"vendor.toml"}
    assert there == {one["name"] for _, one in FILES}
    assert all(part["version"] and part["licence"] for part in PARTS)


def test_addresses_hold_the_content() -> None:
    for name, one in catalogue().items():
        assert one.hash in one.address
        assert one.address.startswith("/static/"), name
        assert sha256(one.content).hexdigest().startswith(one.hash)


def test_the_first_page_is_light_enough_for_a_slow_line() -> None:
    first = [n for n in catalogue() if n.endswith((".css", ".js")) or n in ("icons.svg", "logo.svg")]
    total = sum(len(packed(catalogue()[name].address, "gzip")) for name in first)
    assert total <= 450_000, f"{total} bytes with charts"
    without = total - len(packed(catalogue()["vendor/echarts.min.js"].address, "gzip"))
    assert without <= 150_000
