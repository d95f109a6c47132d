"""Results: Observation for each item whose code and value certainly belong together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.cda.codes import coding, concept, number, quantity
from xinglin.standards.cda.reading import Reading
from xinglin.standards.cda.sections.entries import Entry, element_code, entries, of_role
from xinglin.standards.cda.tables import rows
from xinglin.standards.cda.xml import Node, attribute, child, children, text_of, type_of
from xinglin.standards.conversion.comparators import compared

_INTERPRETATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_HL7_FLAGS: Final = "2.16.840.1.113883.5.83"
_HL7_MEANINGS: Final = frozenset(("N", "A", "AA", "H", "HH", "L", "LL", "S", "I", "R", "POS", "NEG", "IND"))


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a report with what certainly belongs to it."""

    code: Entry | None = None
    name: Entry | None = None
    result: Entry | None = None
    unit: Entry | None = None
    flag: Entry | None = None


def read_results(reading: Reading, found: Sequence[Node], category: str | None) -> list[Json]:
    """Keep Observations for the items in these sections; gives References.

    WS/T 500 writes items, results and flags beside each other. They are paired by their order if each occurs
    equally often; else nothing is made of them, and the section's text and `Item.unknown` tell.
    """
    items = [item for section in found for item in _items(reading, section)]
    kept = [_observation(reading, one, category) for one in items]
    return [one for one in kept if one]


def read_blood_types(reading: Reading, section: Node) -> list[Json]:
    """Keep single coded findings, such as the blood type in a summary; gives References."""
    kept: list[Json] = []
    for one in of_role(list(entries(reading, section)), "finding-code"):
        value = concept(one.value)
        if value:
            record = _base(reading, one, element_code(one), None)
            kept.append(reading.add({**record, "valueCodeableConcept": value}))
    return kept


def _items(reading: Reading, section: Node) -> list[Item]:
    """Give the items: grouped ones (an organizer, or all within the item's entry), then loose ones."""
    loose: list[Entry] = []
    items: list[Item] = []
    for entry in children(section, "entry"):
        group = list(entries(reading, entry))
        organized = child(entry, "organizer") is not None
        whole = bool(of_role(group, "lab-item", "lab-name") and of_role(group, "lab-result"))
        if organized or whole:
            items += _paired(reading, group)
        else:
            loose += group
    return items + _paired(reading, loose)


def _paired(reading: Reading, found: Sequence[Entry]) -> list[Item]:
    parts = {
        "code": of_role(found, "lab-item"),
        "name": of_role(found, "lab-name"),
        "result": of_role(found, "lab-result"),
    }
    aside = {"unit": of_role(found, "lab-unit"), "flag": [one for one in found if one.role == "lab-flag"]}
    counts = {name: len(one) for name, one in parts.items() if one}
    if not counts:
        return []
    count = len(parts["result"])
    if set(counts.values()) != {count} or not (parts["code"] or parts["name"]):
        reading.note("items not paired: " + ", ".join(f"{n} {name}" for name, n in counts.items()))
        return []
    for name, one in aside.items():
        if one and len(one) != count:
            reading.note(f"items not paired: {count} result, {len(one)} {name}")
            # A value without its unit would be read as another value.
            if name == "unit":
                return []
            aside[name] = []
    columns = {**parts, **aside}
    return [Item(**{name: one[n] for name, one in columns.items() if one}) for n in range(count)]


def _observation(reading: Reading, item: Item, category: str | None) -> Json | None:
    named = item.code or item.name
    if named is None or item.result is None:
        return None
    code = _item_code(reading, item)
    record = _base(reading, named, code, category)
    record.update(_value(item))
    flag = _flag(reading, item)
    record["interpretation"] = [flag] if flag else None
    ranges = [one for entry in (item.result, item.code) if entry for one in _ranges(entry.node)]
    record["referenceRange"] = ranges or None
    return reading.add({name: part for name, part in record.items() if part is not None})


def _base(reading: Reading, entry: Entry, code: Json, category: str | None) -> Json:
    system = "http://terminology.hl7.org/CodeSystem/observation-category"
    when = reading.time(child(entry.node, "effectiveTime"))
    record: Json = {
        "resourceType": "Observation",
        "id": reading.id("Observation", str(code)),
        "status": "final",
        "category": [{"coding": [{"system": system, "code": category}]}] if category else None,
        "code": code,
        "subject": reading.subject,
        "encounter": reading.encounter,
        "effectiveDateTime": when.text if when else None,
    }
    return {name: part for name, part in record.items() if part}


def _item_code(reading: Reading, item: Item) -> Json:
    local = reading.origin.code_system("lab-item")
    coded = coding(item.code.value, local) if item.code else None
    if item.code and coded is None:
        coded = {"system": local, "code": item.code.said}
    text = item.name.said if item.name else (coded or {}).get("display")
    found = {"coding": [coded] if coded else None, "text": text}
    return {name: part for name, part in found.items() if part}


def _value(item: Item) -> Json:
    """Give `valueQuantity` for numbers, also with < or >, else `valueString`."""
    entry = item.result
    if entry is None or entry.value is None:
        return {}
    if type_of(entry.value) in ("CD", "CE", "CV", "CO"):
        return {"valueCodeableConcept": concept(entry.value)}
    unit = item.unit.said if item.unit else None
    measured = quantity(entry.value, unit)
    if measured:
        return {"valueQuantity": measured}
    sign, rest = compared(entry.said)
    if sign and (limit := number(rest.strip())) is not None:
        said = {"value": limit, "comparator": sign, "unit": unit}
        return {"valueQuantity": {name: part for name, part in said.items() if part is not None}}
    return {"valueString": " ".join(part for part in (entry.said, unit) if part)}


def _flag(reading: Reading, item: Item) -> Json | None:
    """Give the interpretation: HL7's own codes, or national ones by the table that the source declared.

    1 and 2 mean normal and abnormal in WS 363 but the reverse in WS 365: undeclared, they stay unread.
    """
    node = child(item.result.node, "interpretationCode") if item.result else None
    code = attribute(node, "code")
    if code in _HL7_MEANINGS and attribute(node, "codeSystem") == _HL7_FLAGS:
        return {"coding": [{"system": _INTERPRETATION, "code": code}]}
    code = attribute(item.flag.value, "code") if item.flag else None
    if item.flag and code is None:
        code = item.flag.said
    if not code:
        return None
    declared = (reading.origin.declared.get("abnormal-flag") or "").replace(" ", "").upper()
    meaning = next(
        (row for row in rows("abnormal_flags") if row["code"] == code and declared.startswith(row["table"])),
        None,
    )
    if meaning is None:
        reading.note(
            f"abnormal flag {code[:20]}: no table declared" if not declared else f"abnormal flag {code[:20]}"
        )
        return None
    coded = {"system": _INTERPRETATION, "code": meaning["interpretation"]}
    return {"coding": [coded], "text": meaning["name"]}


def _ranges(node: Node) -> list[Json]:
    found: list[Json] = []
    for one in children(node, "referenceRange/observationRange"):
        value = child(one, "value")
        said = {
            "low": quantity(child(value, "low")),
            "high": quantity(child(value, "high")),
            "text": text_of(child(one, "text")) or (text_of(value) if value is not None else None),
        }
        kept = {name: part for name, part in said.items() if part}
        if kept:
            found.append(kept)
    return found
