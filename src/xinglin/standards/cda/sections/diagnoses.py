"""Diagnoses: Condition, and what each is to the visit."""

import re
from collections.abc import Sequence
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.cda.codes import GBT_15657, ICD_10, diagnosis_system, system_uri
from xinglin.standards.cda.reading import Reading
from xinglin.standards.cda.sections.entries import Entry, entries, of_role
from xinglin.standards.cda.tables import first_word
from xinglin.standards.cda.xml import Node, attribute, child

_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/condition-category"
_ROLES: Final = "http://terminology.hl7.org/CodeSystem/diagnosis-role"
_TABLES: Final = {"diagnosis-code": ICD_10, "tcm-code": GBT_15657}
_NOISE: Final = re.compile(r"[-—_\s]|名称|编码|代码|疾病|西医|章节|记录")


def read_diagnoses(reading: Reading, section: Node, title: str, visit: Json | None) -> list[Json]:
    """Keep a Condition for each diagnosis; adds them to the `visit`. Gives References.

    Without a `visit` they belong to none: a summary (C0001) lists diagnoses of several.
    """
    found = list(entries(reading, section))
    kept: list[Json] = []
    for codes, names in _families(found):
        for code, name in _paired(reading, codes, names):
            reference = _condition(reading, code, name, title, visit)
            if reference:
                kept.append(reference)
                stated = code or name
                _add_to_visit(visit, reference, f"{stated.words if stated else ''} {title}")
    return kept


def _families(found: Sequence[Entry]) -> list[tuple[list[Entry], list[Entry]]]:
    """Give codes and names that belong together: by what they are called, without 名称 and 代码."""
    groups: dict[str, tuple[list[Entry], list[Entry]]] = {}
    for one in of_role(found, "diagnosis-code", "tcm-code", "diagnosis-name", "tcm-name"):
        family = one.role.partition("-")[0] + _NOISE.sub("", one.words).replace("中药", "中医")
        groups.setdefault(family, ([], []))[one.role.endswith("name")].append(one)
    return list(groups.values())


def _paired(
    reading: Reading, codes: list[Entry], names: list[Entry]
) -> list[tuple[Entry | None, Entry | None]]:
    """Pair codes and names in their order; where the counts differ, which belong together isn't known."""
    if len(codes) == len(names):
        return list(zip(codes, names, strict=True))
    if codes and names:
        reading.note(f"{len(codes)} diagnosis codes, {len(names)} names: not paired")
        return [(code, None) for code in codes]
    return [*((code, None) for code in codes), *((None, name) for name in names)]


def _condition(
    reading: Reading, code: Entry | None, name: Entry | None, title: str, visit: Json | None
) -> Json | None:
    stated = code or name
    said = _code(reading, code, name)
    if stated is None or said is None:
        return None
    record: Json = {
        "resourceType": "Condition",
        "id": reading.id("Condition", title, stated.words, str(said)),
        "category": [{"coding": [{"system": _CATEGORY, "code": "encounter-diagnosis"}]}],
        "code": said,
        "subject": reading.subject,
        "encounter": reading.encounter if visit is not None else None,
    }
    day = reading.time(child(stated.node, "effectiveTime"))
    if day:
        record["recordedDate"] = day.text
    return reading.add({key: part for key, part in record.items() if part})


def _code(reading: Reading, code: Entry | None, name: Entry | None) -> Json | None:
    """Give the CodeableConcept; a code whose table is doubtful is the institution's own."""
    value = code.value if code else None
    digits, display = attribute(value, "code"), attribute(value, "displayName")
    if code and digits is None and value is not None:
        digits = "".join((value.text or "").split()) or None
    text = (name.said if name else None) or display
    parts: Json = {}
    if code and value is not None and digits:
        oid = diagnosis_system(value, _TABLES[code.role])
        if oid is None:
            reading.note(f"diagnosis code table {attribute(value, 'codeSystem') or '-'}")
        system = system_uri(oid) if oid else reading.origin.code_system("diagnosis")
        coded = {"system": system, "code": " ".join(digits.split()), "display": display}
        parts["coding"] = [{key: part for key, part in coded.items() if part}]
    if text:
        parts["text"] = text
    return parts or None


def _add_to_visit(visit: Json | None, reference: Json, words: str) -> None:
    if visit is None:
        return
    listed: list[Json] = visit.setdefault("diagnosis", [])
    found = first_word("diagnosis_uses", words)
    one: Json = {"condition": reference}
    if found and found["use"]:
        one["use"] = {"coding": [{"system": _ROLES, "code": found["use"], "display": found["display"]}]}
    listed.append(one)
