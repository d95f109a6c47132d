"""The functions of the mapping language: `| concept`, `| quantity`, `| local outpatient` and so on.

A function is made once for a column, with its arguments, and then called with the text of each cell and the
row it stands in. It gives a FHIR value, or None where the cell isn't understood: then the column is left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, cast

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.standards.conversion import Origin
from xinglin.standards.datasets.codes import OWN, PLAIN, SAME, TARGETS, table_of
from xinglin.standards.datasets.errors import WrongDeclaration
from xinglin.standards.datasets.expressions import WrongExpression
from xinglin.standards.datasets.model import Column, DataMapping
from xinglin.standards.datasets.rows import Row
from xinglin.standards.datasets.sorts import number_type
from xinglin.standards.datasets.tables import timing, timing_of
from xinglin.standards.datasets.values import FLAGS, to_date, to_moment, to_number, to_quantity
from xinglin.standards.identifiers import SCHEMES, Identifier, Kind, kind_of_document, preferred
from xinglin.standards.identifiers.systems import DOCUMENT_SYSTEM, systems
from xinglin.standards.identifiers.text import is_rounded
from xinglin.standards.units import read_unit

Function = Callable[[Any, Row], Any]
"""From a cell's text, or the value of the function before, and the row, to a value."""
Getter = Callable[[Row], Any]


@dataclass(frozen=True, slots=True)
class Call:
    """What a function may know when it is made: the column, its arguments, the source."""

    column: Column | None
    index: int
    arguments: tuple[Getter, ...]
    constants: tuple[str | None, ...]
    named: dict[str, Getter]
    mapping: DataMapping
    origin: Origin
    serial: bool

    def constant(self, at: int, what: Phrase) -> str:
        """Give the argument at `at`, which must be a word."""
        if at >= len(self.constants) or self.constants[at] is None:
            raise WrongExpression(Phrase("{what} must be named", what=what))
        return str(self.constants[at])

    def option(self, name: str) -> str | None:
        """Give what the source declared for this column (`name.<id>`, `name.<column>`) or at all (`name`)."""
        declared = {**self.mapping.declared, **self.origin.declared}
        if self.column:
            for part in (self.column.id, self.column.name):
                if f"{name}.{part}" in declared:
                    return declared[f"{name}.{part}"]
        return declared.get(name)


def _text(_call: Call) -> Function:
    return lambda value, _row: value


def _date(call: Call) -> Function:
    serial = call.serial

    @lru_cache(maxsize=32_768)
    def read(text: str) -> str:
        return to_date(text, serial=serial)

    return lambda value, _row: read(value)


def _moment(call: Call) -> Function:
    zone, serial = call.origin.zone, call.serial

    @lru_cache(maxsize=8_192)
    def read(text: str) -> str:
        return to_moment(text, zone, serial=serial)

    return lambda value, _row: read(value)


def _instant(call: Call) -> Function:
    """Make a date with a time; a date alone is no instant and left."""
    read = _moment(call)

    def instant(value: str, row: Row) -> str | None:
        found: str = read(value, row)
        return found if "T" in found else row.leave(call.index)

    return instant


def _day(call: Call) -> Function:
    read = _moment(call)
    return lambda value, row: read(value, row)[:10]


def _number(_call: Call) -> Function:
    return lambda value, _row: to_number(value)


def _times(call: Call) -> Function:
    factor = to_number(call.constant(0, Phrase("a factor")))
    return lambda value, _row: factor * (to_number(value) if isinstance(value, str) else value)


def _then(call: Call) -> Function:
    word = call.constant(0, Phrase("a word"))
    return lambda _value, _row: word


def _whole(call: Call) -> Function:
    def whole(value: str, row: Row) -> int | None:
        number = to_number(value)
        if number != int(number):
            return row.leave(call.index)
        return int(number)

    return whole


def _flag(call: Call) -> Function:
    way = call.option("flag") or "T/F"
    if way not in FLAGS:
        raise WrongDeclaration(name="flag", value=way, choices=", ".join(FLAGS))
    codes = FLAGS[way]
    name = call.column.name if call.column else ""

    def flag(value: str, row: Row) -> bool | None:
        found = codes.get(value)
        return row.leave(call.index, f"{name}: {value}") if found is None else found

    return flag


def _map(call: Call) -> Function:
    name = call.constant(0, Phrase("a map"))
    if name not in call.mapping.maps:
        raise WrongExpression(Phrase("there is no map {name}", name=name))
    chosen = call.mapping.maps[name]
    codes = chosen.codes
    if chosen.by:
        codes = chosen.choices.get(call.option(chosen.by) or "", {})
    title = call.column.name if call.column else ""

    def mapped(value: str, row: Row) -> Any:
        found = codes.get(value)
        if found is None:
            return row.leave(call.index, f"{title}: {value}")
        return fresh(found)

    return mapped


def fresh(value: Any) -> Any:
    """Copy a constant, so that no two resources share it."""
    if isinstance(value, dict):
        return {key: fresh(one) for key, one in cast("Json", value).items()}
    return [fresh(one) for one in cast("list[Any]", value)] if isinstance(value, list) else value


def _coding(call: Call) -> Function:
    read = _codings(call)
    return lambda value, row: read(value, row)[0]


def _codings(call: Call) -> Callable[[str, Row], list[Json]]:
    """Give the Coding of a code in its own system, and those of international codes that mean the same."""
    column = call.column
    title = column.name if column else ""
    name = (call.constants[0] if call.constants else "") or (column.table if column else "")
    if name in PLAIN:
        return lambda value, _row: [{"system": PLAIN[name], "code": value}]
    table = table_of(name, call.option, column.edition if column else "") if name else None
    if table is None:
        sort = name.removeprefix(OWN) if name.startswith(OWN) else column.id.lower() if column else "code"
        own = call.origin.code_system(sort)
        return lambda value, _row: [{"system": own, "code": value}]

    def codings(value: str, row: Row) -> list[Json]:
        if table.lookup(value) is None:
            row.note(f"{title}: {value}")
        same = (one for one in table.targets.get(value, ()) if one.equivalence in SAME)
        return [table.coding(value), *(one.coding() for one in same)]

    return codings


def _target(call: Call) -> Function:
    column = call.column
    word = call.constant(0, Phrase("a code system"))
    system = TARGETS.get(word, word)
    table = table_of(column.table, call.option, column.edition) if column else None
    if column is None or table is None:
        raise WrongExpression(Phrase("the column has no code table"))
    title = column.name

    def target(value: str, row: Row) -> str | None:
        found = table.target(value, system)
        return row.leave(call.index, f"{title}: {value}") if found is None else found.code

    return target


def _concept(call: Call) -> Function:
    codings = _codings(call)
    text = call.named.get("text")

    def concept(value: str, row: Row) -> Json:
        one: Json = {"coding": codings(value, row)}
        words = text(row) if text else None
        if words:
            one["text"] = words
        return one

    return concept


def _timing(_call: Call) -> Function:
    return lambda value, _row: timing(value)


def _timing_words(_call: Call) -> Function:
    return lambda value, _row: timing_of(value)


def _quantity(call: Call) -> Function:
    unit = call.named.get("unit")
    fixed = call.constants[0] if call.constants else ""

    def quantity(value: Any, row: Row) -> Json | None:
        shown = (unit(row) if unit else fixed) or ""
        found = to_quantity(str(value), shown, read_unit(shown) or "")
        return row.leave(call.index) if found is None else found

    return quantity


def _result(call: Call) -> Function:
    unit = call.named.get("unit")
    fixed = call.constants[0] if call.constants else ""

    def result(value: str, row: Row) -> tuple[str, Any]:
        shown = (unit(row) if unit else fixed) or ""
        found = to_quantity(value, shown, read_unit(shown) or "")
        return ("String", value) if found is None else ("Quantity", found)

    return result


def _local(call: Call) -> Function:
    sort = call.constant(0, Phrase("the sort of number"))
    system, kind = call.origin.number_system(sort), number_type(sort)

    def local(value: str, _row: Row) -> Json:
        return {"type": fresh(kind), "system": system, "value": value}

    return local


def _national(call: Call) -> Function:
    word = call.constant(0, Phrase("the kind of number"))
    if word not in set(_SYSTEM_OF):
        raise WrongExpression(Phrase("no identifier system is known for {kind}", kind=word))
    kind = Kind(word)
    system = _SYSTEM_OF[kind]
    clean = SCHEMES[kind].normalise if kind in SCHEMES else str.strip
    return lambda value, _row: {"system": system, "value": clean(value)}


def _identity(call: Call) -> Function:
    kind_getter = call.named.get("kind")
    own = call.origin.number_system("identity-document")

    title = call.column.name if call.column else ""

    @lru_cache(maxsize=4_096)  # the key and the element read the same cell
    def understood(value: str, code: str | None) -> tuple[str, str] | None:
        kind = kind_of_document(code, value) if code else Kind.RESIDENT
        read = SCHEMES[kind].parse(value) if kind else None
        return (_SYSTEM_OF[read.kind], read.value) if isinstance(read, Identifier) else None

    def identity(value: str, row: Row) -> Json:
        if is_rounded(value.upper()):
            raise row.lost(call.index)
        code = kind_getter(row) if kind_getter else None
        found = understood(value, code)
        if found is None:  # a wrong number identifies somebody at this institution only
            row.note(f"{title}: ?")
            said: Json = {"type": {"coding": [{"system": DOCUMENT_SYSTEM, "code": code}]}} if code else {}
            return {**said, "system": own, "value": value}
        return {"system": found[0], "value": found[1]}

    return identity


def _institution(_call: Call) -> Function:
    system = _SYSTEM_OF[Kind.CREDIT_CODE]
    return lambda value, _row: {"system": system, "value": value}


_SYSTEM_OF: Final = {
    kind: preferred(one.uri) for one in systems().values() if one.preferred for kind in one.kinds
}

FUNCTIONS: Final[dict[str, Callable[[Call], Function]]] = {
    "text": _text,
    "date": _date,
    "dateTime": _moment,
    "instant": _instant,
    "day": _day,
    "number": _number,
    "whole": _whole,
    "then": _then,
    "times": _times,
    "flag": _flag,
    "map": _map,
    "coding": _coding,
    "concept": _concept,
    "target": _target,
    "timing": _timing,
    "timing-words": _timing_words,
    "quantity": _quantity,
    "result": _result,
    "local": _local,
    "national": _national,
    "identity": _identity,
    "institution": _institution,
}
BY_KIND: Final = {"D": "date", "DT": "dateTime", "N": "number", "L": "flag"}
"""What a column gives without a function, by the letter of its type; text otherwise."""
