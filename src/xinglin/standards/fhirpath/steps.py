"""The steps of a path as closures over plain dicts: the hottest code here, so each case has its own."""

from collections.abc import Sequence
from typing import Any

from xinglin.standards.fhirpath.code import EMPTY, Env, Run
from xinglin.standards.fhirpath.values import (
    Node,
    children_named,
    is_array,
    is_object,
    is_primitive,
    make_nodes,
)


def from_focus(key: str) -> Run:
    """Step from the raw focus to a complex property, or to the values of a primitive one."""

    def run(this: Any, _env: Env) -> list[Any]:
        try:
            value: Any = this.get(key)
        except AttributeError:
            return EMPTY
        if value is None:
            return EMPTY
        if is_array(value):
            return [one for one in value if one is not None] if None in value else value
        return [value]

    return run


def from_each(source: Run, key: str) -> Run:
    """Step from each of `source`'s raw items, as `from_focus`."""

    def run(this: Any, env: Env) -> list[Any]:
        found: list[Any] = []
        for item in source(this, env):
            try:
                value: Any = item.get(key)
            except AttributeError:
                continue
            if value is None:
                continue
            if type(value) is list:
                found += value
            else:
                found.append(value)
        if None in found:
            return [one for one in found if one is not None]
        return found

    return run


def choice(source: Run | None, keys: Sequence[str]) -> Run:
    """Step to a choice element, which stands under one of `keys`."""
    wanted = frozenset(keys)

    def run(this: Any, env: Env) -> list[Any]:
        found: list[Any] = []
        for item in (this,) if source is None else source(this, env):
            if is_object(item):
                for key in wanted.intersection(item):
                    value = item[key]
                    if is_array(value):
                        found += value
                    elif value is not None:
                        found.append(value)
        return found

    return run


def with_bare(source: Run | None, typed_keys: Sequence[tuple[str, str]]) -> Run:
    """Step to primitives raw, but give those without a value (only extensions) as Nodes."""
    keys = [(key, "_" + key, kind) for key, kind in typed_keys]

    def run(this: Any, env: Env) -> list[Any]:
        found: list[Any] = []
        for item in (this,) if source is None else source(this, env):
            if not is_object(item):
                continue
            record = item
            for key, beside, kind in keys:
                value = record.get(key)
                if value is None:
                    if beside in record:
                        found += make_nodes(None, record[beside], kind, None, key)
                elif type(value) is not list:
                    found.append(value)
                elif None in value:
                    nodes = make_nodes(value, record.get(beside), kind, None, key)
                    found += [node if node.value is None else node.value for node in nodes]
                else:
                    found += value
        return found

    return run


def choice_with_bare(source: Run | None, typed_keys: Sequence[tuple[str, str]]) -> Run:
    """Step to a choice element of many types as `choice`, with a Node where it has only extensions."""
    wanted = frozenset(key for key, _ in typed_keys)
    beside = {"_" + key: (key, kind) for key, kind in typed_keys}

    def run(this: Any, env: Env) -> list[Any]:
        found: list[Any] = []
        for item in (this,) if source is None else source(this, env):
            if not is_object(item):
                continue
            for key in wanted.intersection(item) or beside.keys() & item.keys():
                value = item[key]
                if key in beside:
                    named, kind = beside[key]
                    found += make_nodes(None, value, kind, None, named)
                elif is_array(value):
                    found += value
                elif value is not None:
                    found.append(value)
        return found

    return run


def lift(source: Run | None, type_: str, typed_keys: Sequence[tuple[str, str]]) -> Run:
    """Step from raw items of `type_` to nodes."""
    keys = [(key, "_" + key if is_primitive(kind) else None, kind) for key, kind in typed_keys]

    def run(this: Any, env: Env) -> list[Any]:
        found: list[Any] = []
        for item in (this,) if source is None else source(this, env):
            if not is_object(item):
                continue
            record = item
            parent: Node | None = None
            for key, beside, kind in keys:
                value = record.get(key)
                extras = record.get(beside) if beside else None
                if value is not None or extras is not None:
                    parent = parent or Node(record, type_)
                    found += make_nodes(value, extras, kind, parent, key)
        return found

    return run


def of_nodes(source: Run | None, name: str) -> Run:
    """Step from nodes to nodes, by the type each of them has."""

    def run(this: Any, env: Env) -> list[Any]:
        if source is None:
            return children_named(this, name)
        return [child for item in source(this, env) for child in children_named(item, name)]

    return run


def of_root(source: Run | None, name: str) -> Run:
    """Read a leading `Name` where types are unknown: the focus if it calls itself so, else its child."""

    def run(this: Any, env: Env) -> list[Any]:
        found: list[Any] = []
        for item in (this,) if source is None else source(this, env):
            value = item.value if type(item) is Node else None
            if is_object(value) and value.get("resourceType") == name:
                found.append(item)
            else:
                found += children_named(item, name)
        return found

    return run
