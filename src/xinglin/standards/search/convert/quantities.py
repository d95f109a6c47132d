"""Rows of numbers and quantities, keys of units (http://hl7.org/fhir/R4/search.html#number, #quantity)."""

from collections.abc import Callable
from typing import Any

from xinglin.standards.search import keys, numbers
from xinglin.standards.search.convert.place import MEMORY, Emit, Json, Place, salted
from xinglin.standards.search.parts import NUMBERS, QUANTITIES, quantity_unit
from xinglin.standards.search.sinks import Quantity, Sink


def number_reader(type_name: str) -> Callable[[Any], numbers.Interval | None] | None:
    """Give how to read a value of `type_name` as an interval; None where it has no number."""
    if type_name in NUMBERS:
        return numbers.number_interval
    if type_name in QUANTITIES or type_name == "Money":
        return numbers.quantity_interval
    return {"Range": numbers.range_interval, "SampledData": numbers.sampled_interval}.get(type_name)


def number_converter(type_name: str, place: Place) -> Emit | None:
    """Make the closure of a number or quantity parameter; None where `type_name` is neither."""
    read = number_reader(type_name)
    if read is None:
        return None
    place_id, present = place.id, place.present

    def plain(value: Any, sink: Sink) -> None:
        sink.keys.add(present)
        found = read(value)
        if found is not None:
            sink.numbers.append(Quantity(place_id, found.low, found.high, 0, None, None))

    return plain if type_name in NUMBERS else _quantity(type_name, place, read)


def _quantity(type_name: str, place: Place, read: Callable[[Any], numbers.Interval | None]) -> Emit:
    memory: dict[tuple[str, str, str], tuple[tuple[int, ...], numbers.Unit | None]] = {}
    place_id = place.id

    def learn(one: tuple[str, str, str]) -> tuple[tuple[int, ...], numbers.Unit | None]:
        system, code, text = one
        hashes = [keys.unit(name) for name in {code, text} if name]
        if code:
            hashes.append(keys.unit_code(system, code))
        if len(memory) >= MEMORY:
            memory.clear()
        unit = numbers.ucum_unit(code) if system == numbers.UCUM else None
        found = memory[one] = (salted(place, hashes), unit)
        return found

    def emit(value: Json, sink: Sink) -> None:
        one = quantity_unit(type_name, value)
        found, unit = memory.get(one) or learn(one)
        sink.keys.update(found)
        interval = read(value)
        if interval is None:
            return
        low, high = interval
        if unit is None:
            sink.numbers.append(Quantity(place_id, low, high, 0, None, None))
        else:
            base_low = unit.convert(low)
            base_high = base_low if high is low else unit.convert(high)
            sink.numbers.append(Quantity(place_id, low, high, unit.key, base_low, base_high))

    return emit
