"""The quick closures over plain dicts and the thorough ones over Nodes agree on all of R4's expressions."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

from xinglin.core.exact_json import loads
from xinglin.standards.definitions import search_parameters, structure, type_model
from xinglin.standards.fhirpath import Node, compile_expression
from xinglin.standards.fhirpath.values import children

BUNDLES = 6


def records(shared: Callable[[str], Path]) -> list[Any]:
    files = sorted(shared("data/synthea").glob("*.json.gz"))[:BUNDLES]
    bundles = [loads(gzip.decompress(file.read_bytes())) for file in files]
    return [entry["resource"] for bundle in bundles for entry in bundle["entry"]]


def test_search_parameters_find_the_same_values_both_ways(shared: Callable[[str], Path]) -> None:
    by_type: dict[str, list[str]] = {}
    for parameter in search_parameters():
        for base in parameter["base"]:
            # `deceased` computes a boolean, which is no Node.
            if parameter["code"] != "deceased":
                by_type.setdefault(base, []).append(parameter.get("expression", "{}"))
    compared = 0
    for record in records(shared):
        kind = record["resourceType"]
        for expression in by_type["Resource"] + by_type["DomainResource"] + by_type.get(kind, []):
            compiled = compile_expression(expression)
            quick = compiled.values(record)
            assert quick == [node.value for node in compiled.nodes(record)], (kind, expression)
            compared += len(quick)
    assert compared > 1_000


def constraints() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in type_model():
        definition = structure(name) if "." not in name else None
        for element in (definition or {}).get("snapshot", {}).get("element", ()):
            for one in element.get("constraint", ()):
                if "expression" in one and element["path"] in type_model():
                    found.setdefault(element["path"], []).append(one["expression"])
    return found


def test_invariants_hold_the_same_both_ways(shared: Callable[[str], Path]) -> None:
    rules = constraints()
    compared = 0
    for record in records(shared)[:300]:
        waiting = [Node(record, record["resourceType"])]
        while waiting:
            node = waiting.pop()
            waiting += children(node)
            if not isinstance(node.value, dict):
                continue
            for expression in rules.get(node.type, ()):
                quick = compile_expression(expression, type_name=node.type)
                thorough = compile_expression(f"({expression}) = true", type_name=node.type)
                slow = [one.value for one in thorough.evaluate(node.value, root=record, located=True)]
                assert quick.truth(node.value, resource=node.value, root=record) == (slow == [True]), (
                    expression
                )
                compared += 1
    assert compared > 1_000
