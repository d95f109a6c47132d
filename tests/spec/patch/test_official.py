"""The official patch cases (https://github.com/FHIR/fhir-test-cases, r4/patch)."""

import json
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from lxml import etree

from xinglin.core.errors import RequestError
from xinglin.core.exact_json import ExactDecimal
from xinglin.standards.definitions import type_model
from xinglin.standards.fhirpath.values import child_elements, is_primitive
from xinglin.standards.patch import fhirpath_patch, json_patch

FHIR = "{http://hl7.org/fhir}"
XHTML = "{http://www.w3.org/1999/xhtml}"


def as_json(element: Any, type_: str) -> Any:
    """Turn FHIR XML into FHIR JSON (http://hl7.org/fhir/R4/xml.html), enough for these cases."""
    if is_primitive(type_):
        return _primitive(element, type_)
    found: dict[str, Any] = {"resourceType": type_} if type_model()[type_].kind == "resource" else {}
    found.update(element.attrib)
    for child in element:
        if not isinstance(child.tag, str):
            continue
        if child.tag == XHTML + "div":
            found["div"] = etree.tostring(child, encoding="unicode", with_tail=False)
            continue
        name = child.tag.removeprefix(FHIR)
        definition, kind = child_elements(type_)[name]
        if kind == "Resource":
            found.setdefault(name, []).append(as_json(child[0], child[0].tag.removeprefix(FHIR)))
            continue
        value, extras = as_json(child, kind), None
        if is_primitive(kind):
            value, extras = value
        if definition.many:
            found.setdefault(name, []).append(value)
            if extras is not None:
                found.setdefault("_" + name, []).append(extras)
        else:
            if value is not None:
                found[name] = value
            if extras is not None:
                found["_" + name] = extras
    return found


def _primitive(element: Any, type_: str) -> tuple[Any, Any]:
    text = element.get("value")
    value: Any = text
    if text is not None:
        if type_ == "boolean":
            value = text == "true"
        elif type_ in {"integer", "positiveInt", "unsignedInt"}:
            value = int(text)
        elif type_ == "decimal":
            value = ExactDecimal(text)
    extensions = [as_json(one, "Extension") for one in element if one.tag == FHIR + "extension"]
    return value, {"extension": extensions} if extensions else None


@cache
def cases(path: Path) -> dict[str, Any]:
    parser = etree.XMLParser(remove_blank_text=False, resolve_entities=False)
    return {case.get("name"): case for case in etree.parse(str(path), parser).iter("case")}


def resource(case: Any, name: str) -> Any:
    child = next(one for one in case.find(name) if isinstance(one.tag, str))
    return as_json(child, child.tag.removeprefix(FHIR))


EXPECTED_CASES = 33


def test_every_fhirpath_patch_case(shared: Any) -> None:
    found = cases(shared("data/fhir-patch/fhir-patch-tests.xml"))
    assert len(found) == EXPECTED_CASES
    failures: list[str] = []
    for name, case in found.items():
        before, diff = resource(case, "input"), resource(case, "diff")
        kept = json.dumps(before, default=str)
        error = case.find("error")
        try:
            after = fhirpath_patch.apply(before, diff)
        except RequestError as problem:
            if error is None:
                failures.append(f"{name}: {problem}")
        else:
            if error is not None:
                failures.append(f"{name}: no error")
            elif after != resource(case, "output"):
                failures.append(f"{name}: {after}")
        assert json.dumps(before, default=str) == kept, name
    assert failures == []


def json_cases(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for case in json.loads(path.read_bytes(), parse_float=Decimal):
        yield case["comment"], case


def test_every_json_patch_case(shared: Any) -> None:
    failures: list[str] = []
    for name, case in json_cases(shared("data/fhir-patch/json-patch-tests.json")):
        kept = json.dumps(case["doc"])
        try:
            after = json_patch.apply(case["doc"], case["patch"])
        except RequestError as problem:
            if "error" not in case:
                failures.append(f"{name}: {problem}")
        else:
            if "error" in case or after != case["expected"]:
                failures.append(f"{name}: {after}")
        assert json.dumps(case["doc"]) == kept, name
    assert failures == []
