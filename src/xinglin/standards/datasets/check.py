"""Checks a mapping before it is used: columns, FHIR elements, code tables, keys, and a sample's validity."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Final, Literal

from xinglin.core.errors import IntakeError
from xinglin.core.i18n import Phrase
from xinglin.standards.conversion import Fact, Origin
from xinglin.standards.datasets.codes import OWN, PLAIN
from xinglin.standards.datasets.errors import WrongMapping
from xinglin.standards.datasets.expressions import Cell, First, Number, cells
from xinglin.standards.datasets.header import Layout, plain
from xinglin.standards.datasets.model import Block, Branch, Column, DataMapping, Leaf, Many, Node
from xinglin.standards.datasets.table import Table
from xinglin.standards.datasets.tables import editions, load
from xinglin.standards.definitions import Element, type_model
from xinglin.standards.identifiers import Kind, invented_resident, kind_of_document
from xinglin.standards.validation import validator

_SAMPLES: Final = {"D": "20240102", "DT": "20240102T083000", "T": "083000", "N": "5", "L": "T"}
_IDENTITY: Final = "DE02.01.030.00"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong (`error`) or doubtful (`warning`) in a mapping, at a line of its file."""

    severity: Literal["error", "warning"]
    line: int
    text: Phrase


def check(mapping: DataMapping) -> list[Problem]:
    """Give everything found in a mapping, by line; none if it can be used."""
    found = [*_columns(mapping), *_maps(mapping)]
    for block in mapping.blocks:
        found += _block(mapping, block)
    if not any(one.severity == "error" for one in found):
        found += _sample(mapping)
    return sorted(found, key=lambda one: (one.line, one.severity))


def _columns(mapping: DataMapping) -> Iterator[Problem]:
    names = Counter(
        name for one in mapping.columns.values() for name in {plain(one.name), *map(plain, one.also)}
    )
    for column in mapping.columns.values():
        twice = [name for name in (column.name, *column.also) if names[plain(name)] > 1]
        if twice:
            yield Problem("error", column.line, Phrase("another column is called {name} too", name=twice[0]))
        if column.table and not _is_table(column.table):
            text = Phrase("no code table {table} is known: codes stay without a meaning", table=column.table)
            yield Problem("warning", column.line, text)


def _maps(mapping: DataMapping) -> Iterator[Problem]:
    for one in mapping.maps.values():
        codes = {code for codes in [one.codes, *one.choices.values()] for code in codes}
        if not editions(one.table):
            text = Phrase("no code table {table} is known: its codes can't be checked", table=one.table)
            yield Problem("warning", one.line, text)
        elif strange := sorted(codes - _codes(one.table)):
            text = Phrase("the table {table} has no code {codes}", table=one.table, codes=", ".join(strange))
            yield Problem("warning", one.line, text)


def _is_table(name: str) -> bool:
    return name in PLAIN or name.startswith(OWN) or bool(editions(name))


def _codes(table: str) -> set[str]:
    return {code for edition in editions(table) for code in load(table, edition).concepts}


def _block(mapping: DataMapping, block: Block) -> Iterator[Problem]:
    types = type_model()
    if block.resource not in types or types[block.resource].kind != "resource":
        text = Phrase("FHIR has no resource {name}", name=block.resource)
        yield Problem("error", block.line, text)
        return
    for key in block.keys:
        names = set[str]().union(*map(cells, key))
        yield from _unknown(mapping, names, block.line)
        repeated = any(
            isinstance(chain.source, Number)
            for part in key
            if isinstance(part, First)
            for chain in part.chains
        )
        if not names:
            yield Problem("error", block.line, Phrase("a key needs a column"))
        elif block.each and not repeated and not names & set(block.each):
            yield Problem(
                "error", block.line, Phrase("the repetitions of {name} have one key", name=block.label)
            )
    yield from _branch(mapping, block.tree, block.resource)


def _unknown(mapping: DataMapping, names: set[str], line: int) -> Iterator[Problem]:
    for name in sorted(names - mapping.columns.keys()):
        yield Problem("error", line, Phrase("there is no column {name}", name=name))


def _branch(mapping: DataMapping, branch: Branch, kind: str) -> Iterator[Problem]:
    """Check the elements of an object of type `kind`."""
    tests = [test for tests in branch.when or () for test in tests]
    tested = {test.operand.name for test in tests if isinstance(test.operand, Cell)}
    yield from _unknown(mapping, tested | set(branch.each), branch.line)
    elements = type_model()[kind].elements
    known = {**_json_names(elements)}
    present: set[str] = set()
    for key, node in branch.elements.items():
        if key not in known:
            yield Problem("error", node.line, Phrase("{type} has no element {name}", type=kind, name=key))
            continue
        element, of = known[key]
        present.add(element.name)
        yield from _element(mapping, node, element, of, key)
    for element in elements.values():
        if element.min and element.name not in present:
            text = Phrase("{type} needs the element {name}", type=kind, name=element.name)
            yield Problem("error", branch.line, text)


def _json_names(elements: Mapping[str, Element]) -> dict[str, tuple[Element, str]]:
    found: dict[str, tuple[Element, str]] = {}
    for element in elements.values():
        if element.choice:
            found[f"{element.name}[x]"] = (element, "")
            found.update({element.name + one[0].upper() + one[1:]: (element, one) for one in element.types})
        else:
            found[element.name] = (element, element.types[0] if element.types else "")
    return found


def _element(mapping: DataMapping, node: Node, element: Element, kind: str, key: str) -> Iterator[Problem]:
    if isinstance(node, Many) != element.many:
        text = (
            Phrase("{name} is a list", name=key) if element.many else Phrase("{name} isn't a list", name=key)
        )
        yield Problem("error", node.line, text)
    for one in node.nodes if isinstance(node, Many) else [node]:
        if isinstance(one, Leaf):
            yield from _unknown(mapping, cells(one.expression), one.line)
        elif isinstance(one, Branch) and kind in type_model():
            yield from _branch(mapping, one, kind)


def sample(mapping: DataMapping) -> tuple[list[str], list[str]]:
    """Give a header with all columns of a mapping, repeated ones twice, and an invented row."""
    header: list[str] = []
    row: list[str] = []
    for column in mapping.columns.values():
        for number in range(1, 3 if column.repeats > 1 else 2):
            header.append(column.name)
            row.append(_value(column, number))
    return header, row


def _value(column: Column, number: int) -> str:
    if column.element == _IDENTITY or column.id == "LOCAL.identity":
        return invented_resident(number)
    if column.table == "CV02.01.101" and kind_of_document("01", invented_resident(1)) is Kind.RESIDENT:
        return "01"
    known = _codes(column.table) if editions(column.table) else set[str]()
    return min(known) if known else _SAMPLES.get(column.kind, str(number).zfill(column.width or 1))


def _sample(mapping: DataMapping) -> Iterator[Problem]:
    """Validate what two invented rows give: one with all columns, one with those that records need."""
    header, row = sample(mapping)
    places: dict[str, tuple[int, ...]] = {}
    for at, name in enumerate(header):
        places[name] = (*places.get(name, ()), at)
    origin = Origin("check", "check", "check", "check", UTC, declared={"abnormal-flag": "WS363"})
    layout = Layout(tuple(header), places, ())
    keyed = {one.name for one in mapping.columns.values() if one.required}
    keyed |= set[str]().union(
        *(cells(part) for block in mapping.blocks for key in block.keys for part in key)
    )
    least = [cell if name in keyed else "" for name, cell in zip(header, row, strict=True)]
    try:
        table = Table(mapping, layout, origin)
        whole, few = table.read(row)[0], table.read(least)[0]
    except WrongMapping as error:
        line = int(str(error.params.get("line", 1)))
        told = error.params.get("detail")
        yield Problem("error", line, told if isinstance(told, Phrase) else error.phrase())
        return
    except IntakeError as error:
        yield Problem("warning", 1, Phrase("an invented row is refused: {detail}", detail=error.phrase()))
        return
    yield from _invalid(mapping, whole, "error")
    if not any(one.severity == "error" for one in _invalid(mapping, whole, "error")):
        yield from _invalid(mapping, few, "warning")


def _invalid(
    mapping: DataMapping, facts: Iterable[Fact], severity: Literal["error", "warning"]
) -> Iterator[Problem]:
    lines = {block.resource: block.line for block in mapping.blocks}
    for fact in facts:
        for one in validator().validate(fact.resource):
            if one.severity == "error":
                text = Phrase("at {place}: {text}", place=one.location, text=one.text("en"))
                yield Problem(severity, lines.get(fact.resource["resourceType"], 1), text)
