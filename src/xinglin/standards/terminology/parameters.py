"""Parameters in and out (http://hl7.org/fhir/R4/parameters.html)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from xinglin.core.exact_json import Json
from xinglin.standards.terminology.errors import BadParameterValue, MissingParameter, NotOffered
from xinglin.standards.terminology.model import Coded


@dataclass(frozen=True)
class Given:
    """What an operation was given: each parameter's values, texts, numbers, dicts, in order."""

    values: Mapping[str, Sequence[Any]] = field(default_factory=dict[str, Sequence[Any]])

    @classmethod
    def of_pairs(cls, pairs: Iterable[tuple[str, str]]) -> "Given":
        """Read them from an address."""
        found: dict[str, list[Any]] = {}
        for name, value in pairs:
            found.setdefault(name, []).append(value)
        return cls(found)

    @classmethod
    def of_resource(cls, content: Json) -> "Given":
        """Read them from a Parameters resource."""
        found: dict[str, list[Any]] = {}
        given: Any = content.get("parameter")
        for one in cast("list[Any]", given) if isinstance(given, list) else []:
            if not isinstance(one, dict):
                continue
            part = cast("Json", one)
            value = part.get("resource", part.get("part"))
            value = next((v for k, v in part.items() if k.startswith("value")), value)
            found.setdefault(str(part.get("name")), []).append(value)
        return cls(found)

    def joined(self, other: "Given") -> "Given":
        """Give these parameters, with those of `other` where there are none."""
        return Given({**other.values, **self.values})

    def text(self, name: str) -> str:
        """Give a parameter's text, empty where it is missing. Raises BadParameterValue."""
        value = self._one(name)
        if value is None or isinstance(value, str):
            return value or ""
        raise BadParameterValue(name=name, value=_shown(value))

    def texts(self, name: str) -> tuple[str, ...]:
        """Give the texts of a parameter that may repeat."""
        values = self.values.get(name, ())
        if not all(isinstance(one, str) for one in values):
            raise BadParameterValue(name=name, value=_shown(values[0]))
        return tuple(values)

    def flag(self, name: str) -> bool:
        """Give a yes or no; no where it is missing. Raises BadParameterValue."""
        value = self._one(name)
        if value is None or isinstance(value, bool):
            return bool(value)
        if value in ("true", "false"):
            return value == "true"
        raise BadParameterValue(name=name, value=_shown(value))

    def number(self, name: str) -> int | None:
        """Give a whole number from 0 on; None where it is missing. Raises BadParameterValue."""
        value = self._one(name)
        if value is None:
            return None
        text = str(value)
        if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 10):
            raise BadParameterValue(name=name, value=_shown(value))
        return int(text)

    def resource(self, name: str, kind: str) -> Json | None:
        """Give a resource sent along. Raises BadParameterValue."""
        found = self.element(name)
        if found is None or found.get("resourceType") == kind:
            return found
        raise BadParameterValue(name=name, value=str(found.get("resourceType")))

    def element(self, name: str) -> Json | None:
        """Give a Coding or CodeableConcept. Raises BadParameterValue."""
        value = self._one(name)
        if value is None or isinstance(value, dict):
            return cast("Json | None", value)
        raise BadParameterValue(name=name, value=_shown(value))

    def coding(self, name: str) -> Json | None:
        """Give a Coding, written `system|code` in an address."""
        value = self._one(name)
        if isinstance(value, str) and "|" in value:
            system, _, code = value.rpartition("|")
            return {"system": system, "code": code}
        return self.element(name)

    def refuse(self, *names: str) -> None:
        """Raise NotOffered where one of `names` was given."""
        for name in names:
            if name in self.values:
                raise NotOffered(name=name)

    def _one(self, name: str) -> Any:
        values = self.values.get(name, ())
        if len(values) > 1:
            raise BadParameterValue(name=name, value=_shown(values[1]))
        if values and isinstance(values[0], str) and "\0" in values[0]:
            raise BadParameterValue(name=name, value=_shown(values[0]))
        return values[0] if values else None


def _shown(value: object) -> str:
    return str(value)[:100].replace("\0", "")


def codings_of(given: Given, system: str = "") -> list[Json]:
    """Give what is to be judged: `code` with `system`, `coding` or `codeableConcept`.

    `system` stands for one that isn't said. Raises MissingParameter or BadParameterValue.
    """
    concept = given.element("codeableConcept")
    coding = given.coding("coding")
    code = given.text("code")
    if concept is not None:
        codings: Any = concept.get("coding")
        found = [cast("Json", one) for one in cast("list[Any]", codings or []) if isinstance(one, dict)]
    elif coding is not None:
        found = [coding]
    elif code:
        display = given.text("display")
        made = {"system": given.text("system") or system, "code": code}
        found: list[Json] = [{**made, "display": display} if display else made]
    else:
        raise MissingParameter(names="code, coding, codeableConcept")
    for one in found:
        if not all(isinstance(one.get(name, ""), str) for name in ("system", "code", "display", "version")):
            raise BadParameterValue(name="coding", value=_shown(one))
        if system and not one.get("system"):
            one["system"] = system
        if not one.get("system") or not one.get("code"):
            raise MissingParameter(names="system" if one.get("code") else "code")
    return found


def coded(coding: Json) -> Coded:
    """Give a Coding's system and code."""
    return Coded(coding.get("system", ""), coding.get("code", ""))


def parameters(*parts: Json | None) -> Json:
    """Make a Parameters resource; None is left out."""
    return {"resourceType": "Parameters", "parameter": [one for one in parts if one is not None]}


def part(name: str, kind: str, value: object) -> Json | None:
    """Make one parameter, such as `part("name", "valueString", …)`; None for an empty value."""
    return None if value is None or value == "" else {"name": name, kind: value}


def group(name: str, *parts: Json | None) -> Json:
    """Make a parameter of parts."""
    return {"name": name, "part": [one for one in parts if one is not None]}
