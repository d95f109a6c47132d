"""Who a Patient is, in a few words: name, sex, birth."""

from dataclasses import dataclass
from typing import Any, cast

from xinglin.core.exact_json import Json
from xinglin.hub.lifelong.elements import objects


@dataclass(frozen=True, slots=True)
class Who:
    """A Patient in a few words; empty where nothing is known. `born` is a FHIR date, `sex` a FHIR code."""

    name: str
    sex: str
    born: str


def who(patient: Json) -> Who:
    """Say who a Patient is."""
    return Who(name_of(patient), str(patient.get("gender") or ""), str(patient.get("birthDate") or ""))


def name_of(patient: Json) -> str:
    """Give a Patient's first name as text."""
    return next((text for name in objects(patient.get("name")) if (text := _written(name))), "")


def _written(name: Json) -> str:
    """Write a name: as it stands, else its parts, without a space where they are Chinese."""
    if name.get("text"):
        return str(name["text"])
    family = str(name.get("family") or "")
    every = name.get("given")
    given = [str(one) for one in cast("list[Any]", every)] if isinstance(every, list) else []
    if family and ord(family[0]) > 0x2E00:
        return family + "".join(given)
    return " ".join([*given, family]).strip()
