"""The tables as FHIR CodeSystem and ConceptMap resources, for the hub's terminology."""

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.datasets.tables.model import CodeTable, Concept, Target
from xinglin.standards.datasets.tables.read import LOCAL, catalogue, load

_COMMENTS: Final = {
    "narrower": "The international code covers only a part of what the national code does.",
    "inexact": "The two codes don't cover the same cases.",
}
"""FHIR asks for a comment beside these two (invariant cmd-1)."""


def resources() -> Iterator[Json]:
    """Give a CodeSystem for every table and edition, and a ConceptMap where international codes are known."""
    for name, edition in catalogue():
        table = load(name, edition)
        yield code_system(table)
        if table.targets:
            yield concept_map(table)


def code_system(table: CodeTable) -> Json:
    """Give a table as a CodeSystem (http://hl7.org/fhir/R4/codesystem.html)."""
    made: Json = {
        "resourceType": "CodeSystem",
        "id": _id(table),
        "language": "zh",
        "url": table.uri,
        "version": table.edition,
        "name": _name(table),
        "title": f"{table.title_zh} ({table.title_en})",
        "status": "active",
        "description": " ".join(filter(None, (f"{table.standard}; {table.source}.", table.note))),
        "caseSensitive": True,
        "content": _content(table),
        "count": len(table.concepts),
    }
    if table.concepts:
        made["property"] = [{"code": "confidence", "type": "string"}]
        made["concept"] = [_concept(one) for one in table.concepts.values()]
    return made


def concept_map(table: CodeTable) -> Json:
    """Give what a table's codes are internationally (http://hl7.org/fhir/R4/conceptmap.html)."""
    pairs = [(target, code) for code, targets in table.targets.items() for target in targets]
    pairs.sort(key=lambda pair: pair[0].system)
    return {
        "resourceType": "ConceptMap",
        "id": f"{_id(table)}-map",
        "language": "en",
        "url": f"{LOCAL}:map:{_id(table)}",
        "version": table.edition,
        "name": f"{_name(table)}_map",
        "title": f"{table.title_en}: international codes",
        "status": "active",
        "group": [
            _group(table, system, list(members))
            for system, members in groupby(pairs, key=lambda pair: pair[0].system)
        ],
    }


def _group(table: CodeTable, system: str, members: Sequence[tuple[Target, str]]) -> Json:
    return {
        "source": table.uri,
        "sourceVersion": table.edition,
        "target": system,
        "element": [{"code": code, "target": [_target(target)]} for target, code in members],
    }


def _target(target: Target) -> Json:
    made: Json = {"code": target.code, "equivalence": target.equivalence}
    comment = _COMMENTS.get(target.equivalence)
    return {**made, "comment": comment} if comment else made


def _concept(one: Concept) -> Json:
    made: Json = {"code": one.code, "display": one.zh}
    if one.en:
        made["designation"] = [{"language": "en", "value": one.en}]
    made["property"] = [{"code": "confidence", "valueString": one.confidence}]
    return made


def _content(table: CodeTable) -> str:
    if not table.concepts:
        return "not-present"
    return "complete" if table.complete else "fragment"


def _id(table: CodeTable) -> str:
    return "cn-" + re.sub(r"[^a-z0-9]+", "-", f"{table.id} {table.edition}".lower())


def _name(table: CodeTable) -> str:
    return "Cn_" + re.sub(r"[^A-Za-z0-9]+", "_", f"{table.id}_{table.edition}")
