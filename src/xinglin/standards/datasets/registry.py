"""The mappings that are known: those shipped, and those of the site."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import Final

from xinglin.standards.datasets.errors import UnknownMapping
from xinglin.standards.datasets.load import Source, read_mapping, read_maps, read_yaml
from xinglin.standards.datasets.model import CodeMap, DataMapping

_PACKAGE = "xinglin.standards.datasets"
_READING: Final = Lock()
"""Files that come at the same time would each read all mappings, a second's work."""


@cache
def shared_maps() -> Mapping[str, CodeMap]:
    """Read the code maps that every mapping may use."""
    text = (files(_PACKAGE) / "maps.yaml").read_text(encoding="utf-8")
    return read_maps(Source("maps.yaml"), read_yaml(text, "maps.yaml"))


def shipped() -> Mapping[str, DataMapping]:
    """Give the mappings that come with the software, by name; they are read once."""
    with _READING:
        return _read_shipped()


@cache
def _read_shipped() -> Mapping[str, DataMapping]:
    folder = files(_PACKAGE) / "mappings"
    texts = {
        one.name: one.read_text(encoding="utf-8") for one in folder.iterdir() if one.name.endswith(".yaml")
    }
    return by_name(read_mapping(text, name, shared_maps()) for name, text in sorted(texts.items()))


def by_name(mappings: Iterable[DataMapping]) -> dict[str, DataMapping]:
    """Order mappings by their names."""
    return {one.name: one for one in sorted(mappings, key=lambda one: one.name)}


def read_file(file: Path) -> DataMapping:
    """Read a mapping file. Raises UnreadableMapping, WrongMapping, OSError."""
    return read_mapping(file.read_text(encoding="utf-8-sig"), file.name, shared_maps(), shipped())


def known(folder: Path | None = None) -> Mapping[str, DataMapping]:
    """Give all mappings by name; those in `folder` come before shipped ones of the same name."""
    own = [read_file(file) for file in sorted(folder.glob("*.yaml"))] if folder and folder.is_dir() else []
    return {**shipped(), **by_name(own)}


def choose(mappings: Mapping[str, DataMapping], declared: Mapping[str, str]) -> list[DataMapping]:
    """Give those mappings that a source declares it sends (`mapping=NAME,NAME`), else all."""
    names = [name.strip() for name in declared.get("mapping", "").split(",") if name.strip()]
    for name in names:
        if name not in mappings:
            raise UnknownMapping(name=name)
    return [mappings[name] for name in names] or list(mappings.values())
