"""Reading elements of records of any shape: a source may be registered without having its records checked."""

from typing import Any, cast

from xinglin.core.exact_json import Json


def objects(value: Any) -> list[Json]:
    """Give the objects of an array, or an object that stands alone."""
    if isinstance(value, dict):
        return [cast("Json", value)]
    if not isinstance(value, list):
        return []
    return [cast("Json", one) for one in cast("list[Any]", value) if isinstance(one, dict)]


def member(value: Any) -> Json:
    """Give an object; empty where something else stands there."""
    return cast("Json", value) if isinstance(value, dict) else {}


def name_of_concept(concept: Any) -> str:
    """Give a concept's words: its text, else the display of a coding; empty where it has only codes."""
    found = member(concept)
    if found.get("text"):
        return str(found["text"])
    return next((str(one["display"]) for one in objects(found.get("coding")) if one.get("display")), "")
