"""The tables of this package: YAML beside the code."""

from importlib.resources import files
from typing import Any

from ruamel.yaml import YAML


def read_yaml(text: str) -> object:
    """Read YAML of plain values; raises YAMLError."""
    yaml: Any = YAML(typ="safe", pure=True)
    return yaml.load(text)


def shipped(name: str) -> object:
    """Give the content of a table of ours."""
    return read_yaml((files("xinglin.hub.identity.linkage") / name).read_text("utf-8"))
