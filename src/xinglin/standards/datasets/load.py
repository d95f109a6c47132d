"""Reads mapping files; every mistake is told with its line."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import StringIO
from typing import Any, Final, NoReturn, cast

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from xinglin.core.i18n import Phrase
from xinglin.standards.conversion import Mode
from xinglin.standards.datasets.errors import UnreadableMapping, WrongMapping
from xinglin.standards.datasets.expressions import Condition, Expression, WrongExpression, condition, parse
from xinglin.standards.datasets.model import Block, Branch, CodeMap, Column, DataMapping, Leaf, Many, Node

LARGEST: Final = 1_000_000
"""Characters of a mapping file; the largest shipped is far below."""
_KEYS: Final = {
    "mapping", "title", "standard", "data-set", "source", "confidence", "columns", "maps", "time", "main",
    "resources", "missing", "declared", "extends", "names", "templates",
}  # fmt: skip
_COLUMN_KEYS: Final = {
    "id", "de", "type", "also", "required", "table", "edition", "missing", "repeats", "separators",
}  # fmt: skip
_BLOCK_KEYS: Final = {"resource", "key", "mode", "lists", "when", "each", "set"}
_MAP_KEYS: Final = {"table", "edition", "codes", "by", "choices", "source", "confidence"}


Yaml = dict[str, Any]
"""A map of a YAML file; it remembers its lines (`key_line`)."""


class Source:
    """A mapping file while it is read: where things stand, and what to say of them."""

    def __init__(self, file: str) -> None:
        """Take the file's name for messages."""
        self.file = file

    def wrong(self, node: object, detail: Phrase) -> NoReturn:
        """Say that something is wrong at `node`'s line."""
        raise WrongMapping(file=self.file, line=line_of(node), detail=detail)

    def map(self, node: object, at: object, known: set[str] | None = None) -> Yaml:
        """Give `node` as a map, all keys of which are known."""
        if not isinstance(node, CommentedMap):
            self.wrong(at, Phrase("a map (`name: value`) is expected"))
        for key in cast("Mapping[object, object]", node):
            if not isinstance(key, str) or (known is not None and key not in known):
                self.wrong(_At(key_line(node, key)), Phrase('"{key}" isn\'t known here', key=str(key)))
        return cast("Yaml", node)

    def text(self, node: Mapping[str, Any], key: str, default: str | None = None) -> str:
        """Give the text under `key`."""
        value: object = node.get(key, default)
        if value is None or isinstance(value, (dict, list)):
            self.wrong(_At(key_line(node, key)), Phrase('text is expected under "{key}"', key=key))
        return str(value)

    def words(self, node: Mapping[str, Any], key: str) -> tuple[str, ...]:
        """Give the texts of the list under `key`; a single one may stand alone."""
        value: Any = node.get(key, [])
        items = cast("list[object]", value if isinstance(value, list) else [value])
        return tuple(str(item) for item in items)

    def expression(self, value: object, line: int) -> Expression:
        """Read a leaf."""
        try:
            return parse(value)
        except WrongExpression as wrong:
            self.wrong(_At(line), wrong.detail)

    def condition(self, node: Mapping[str, Any], key: str) -> Condition | None:
        """Read the condition under `key`, if there is one."""
        if key not in node:
            return None
        try:
            return condition(self.text(node, key))
        except WrongExpression as wrong:
            self.wrong(_At(key_line(node, key)), wrong.detail)


class _At:
    """A line that a message is about."""

    def __init__(self, line: int) -> None:
        self.line = line


def line_of(node: object) -> int:
    """Give the line of a YAML node, from 1."""
    if isinstance(node, _At):
        return node.line
    place: Any = getattr(node, "lc", None)
    return int(place.line) + 1 if place is not None and place.line is not None else 1


def key_line(node: object, key: object) -> int:
    """Give the line of a key of a map or an item of a list, from 1."""
    place: Any = getattr(node, "lc", None)
    if place is not None:
        try:
            return int(place.key(key)[0] if isinstance(node, CommentedMap) else place.item(key)[0]) + 1
        except (KeyError, TypeError, AttributeError):
            return line_of(node)
    return line_of(node)


def read_yaml(text: str, file: str) -> Yaml:
    """Read YAML 1.2 with places. Raises UnreadableMapping."""
    if len(text) > LARGEST:
        raise UnreadableMapping(file=file, line=1, detail=Phrase("the file is larger than any mapping"))
    yaml: Any = YAML(typ="rt", pure=True)
    yaml.version = (1, 2)
    try:
        found: Any = yaml.load(StringIO(text))
    except MarkedYAMLError as error:
        told = cast("Any", error)
        mark = told.problem_mark or told.context_mark
        line = mark.line + 1 if mark else 1
        raise UnreadableMapping(file=file, line=line, detail=str(told.problem or told.context)) from None
    except (YAMLError, ValueError, RecursionError) as error:
        raise UnreadableMapping(file=file, line=1, detail=type(error).__name__) from None
    if not isinstance(found, CommentedMap):
        raise UnreadableMapping(file=file, line=1, detail=Phrase("a map (`name: value`) is expected"))
    return cast("Yaml", found)


def read_mapping(
    text: str, file: str, shared: Mapping[str, CodeMap], bases: Mapping[str, DataMapping] | None = None
) -> DataMapping:
    """Read a mapping; `bases` are those that it may extend. Raises UnreadableMapping and WrongMapping."""
    source = Source(file)
    top = source.map(read_yaml(text, file), None, _KEYS)
    if "extends" in top:
        return _extended(source, top, bases or {})
    missing = frozenset(source.words(top, "missing"))
    blocks = tuple(_blocks(source, source.map(top.get("resources"), top)))
    main = source.text(top, "main", blocks[-1].label if blocks else "")
    if not any(block.label == main for block in blocks):
        source.wrong(_At(key_line(top, "main")), Phrase("no resource is called {name}", name=main))
    return DataMapping(
        name=source.text(top, "mapping"),
        file=file,
        title=source.text(top, "title"),
        standard=source.text(top, "standard"),
        data_set=source.text(top, "data-set"),
        confidence=source.text(top, "confidence"),
        source=source.text(top, "source"),
        columns=_columns(source, source.map(top.get("columns"), top), missing),
        maps={**shared, **read_maps(source, source.map(top.get("maps", CommentedMap()), top))},
        blocks=blocks,
        main=main,
        time=source.expression(top["time"], key_line(top, "time")) if "time" in top else None,
        declared={key: str(value) for key, value in top.get("declared", {}).items()},
    )


def _extended(source: Source, top: Yaml, bases: Mapping[str, DataMapping]) -> DataMapping:
    """Give another mapping with a site's own column names and declarations."""
    base = bases.get(source.text(top, "extends"))
    if base is None:
        name = source.text(top, "extends")
        source.wrong(_At(key_line(top, "extends")), Phrase("there is no mapping {name}", name=name))
    names = source.map(top.get("names", CommentedMap()), top)
    columns = dict(base.columns)
    for own in names:
        known = source.text(names, own)
        found = [one for one in columns.values() if known in {one.name, one.id}]
        if not found:
            source.wrong(_At(key_line(names, own)), Phrase("there is no column {name}", name=known))
        columns[found[0].name] = replace(found[0], also=(*found[0].also, own))
    declared = {key: str(value) for key, value in top.get("declared", {}).items()}
    return replace(
        base,
        name=source.text(top, "mapping"),
        title=source.text(top, "title", base.title),
        file=source.file,
        columns=columns,
        declared={**base.declared, **declared},
    )


def _columns(source: Source, node: Yaml, missing: frozenset[str]) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for name in node:
        line = key_line(node, name)
        entry = source.map(node[name], _At(line), _COLUMN_KEYS)
        kind, _, form = source.text(entry, "type").partition(" ")
        repeats = source.text(entry, "repeats", "1")
        if not repeats.isdigit() or kind not in {"S1", "S2", "S3", "L", "N", "D", "DT", "T"}:
            source.wrong(_At(line), Phrase("the type or the number of repetitions isn't one"))
        found[name] = Column(
            name=name,
            id=source.text(entry, "id"),
            element=source.text(entry, "de", ""),
            kind=kind,
            format=form,
            also=source.words(entry, "also"),
            required=entry.get("required") is True,
            table=source.text(entry, "table", ""),
            edition=source.text(entry, "edition", ""),
            missing=missing | frozenset(source.words(entry, "missing")),
            repeats=int(repeats),
            separators=source.text(entry, "separators", ""),
            line=line,
        )
    return found


def read_maps(source: Source, node: Yaml) -> dict[str, CodeMap]:
    """Read code maps by name."""
    found: dict[str, CodeMap] = {}
    for name in node:
        line = key_line(node, name)
        entry = source.map(node[name], _At(line), _MAP_KEYS)
        if ("codes" in entry) == ("choices" in entry) or ("by" in entry) != ("choices" in entry):
            source.wrong(_At(line), Phrase("a map has either `codes`, or `by` and `choices`"))
        choices = source.map(entry.get("choices", CommentedMap()), _At(line))
        found[name] = CodeMap(
            name=name,
            table=source.text(entry, "table"),
            edition=source.text(entry, "edition"),
            codes=_codes(source, entry.get("codes", CommentedMap()), line),
            by=source.text(entry, "by", ""),
            choices={str(key): _codes(source, choices[key], line) for key in choices},
            line=line,
        )
    return found


def _codes(source: Source, node: object, line: int) -> dict[str, object]:
    if not isinstance(node, CommentedMap):
        source.wrong(_At(line), Phrase("a map (`name: value`) is expected"))
    for key in cast("Mapping[object, object]", node):
        if not isinstance(key, str):  # 01 would be read as the number 1
            source.wrong(_At(key_line(node, key)), Phrase("put codes between quotes: {code}", code=str(key)))
    return cast("dict[str, object]", dict(node))


def _blocks(source: Source, node: Yaml) -> Iterator[Block]:
    for label in node:
        line = key_line(node, label)
        entry = source.map(node[label], _At(line), _BLOCK_KEYS)
        mode = source.text(entry, "mode", "full")
        if mode not in {"full", "mention", "merge"}:
            source.wrong(_At(key_line(entry, "mode")), Phrase("a mode is full, mention or merge"))
        tree = _node(source, entry.get("set", CommentedMap()), line)
        if not isinstance(tree, Branch):
            source.wrong(_At(line), Phrase("a map (`name: value`) is expected"))
        yield Block(
            label=label,
            resource=source.text(entry, "resource"),
            keys=_keys(source, entry),
            tree=tree,
            mode=Mode(mode),
            lists=source.words(entry, "lists"),
            when=source.condition(entry, "when"),
            each=source.words(entry, "each"),
            line=line,
        )


def _keys(source: Source, entry: Yaml) -> list[list[Expression]]:
    line = key_line(entry, "key")
    keys: object = entry.get("key")
    if not isinstance(keys, list) or not keys:
        source.wrong(_At(line), Phrase("a resource needs a key: a list of columns and words"))
    nested = all(isinstance(one, list) for one in cast("list[object]", keys))
    alternatives = cast("list[list[object]]", keys if nested else [keys])
    return [[source.expression(part, line) for part in parts] for parts in alternatives]


def _node(source: Source, value: object, line: int) -> Node:
    if isinstance(value, CommentedSeq):
        items = cast("list[object]", value)
        return Many([_node(source, item, key_line(value, at)) for at, item in enumerate(items)], line)
    if not isinstance(value, CommentedMap):
        return Leaf(source.expression(value, line), line)
    entry = source.map(value, _At(line))
    elements = {
        key: _node(source, entry[key], key_line(entry, key)) for key in entry if not key.startswith("$")
    }
    strange = [key for key in entry if str(key).startswith("$") and key not in {"$when", "$each"}]
    if strange:
        source.wrong(_At(key_line(entry, strange[0])), Phrase('"{key}" isn\'t known here', key=strange[0]))
    each = tuple(word.removeprefix("$") for word in source.words(entry, "$each"))
    return Branch(elements, source.condition(entry, "$when"), each, line)
