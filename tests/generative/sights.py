"""Sights and records to try them on, and a slow reference that judges them by FHIRPath alone."""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any
from urllib.parse import parse_qsl

from tests.generative.test_search_index import IDS, records

from xinglin.hub.sight import Sight, View, Without
from xinglin.hub.sight.membership import members
from xinglin.standards.search import Matcher, Registry, Surroundings, parse_search
from xinglin.standards.search.query import Within

Json = dict[str, Any]

LABELS = (("urn:a", "HIV"), ("urn:a", "psy"), ("urn:b", "HIV"), ("", "bare"))
ORIGINS = ("source:his", "source:lis", "client:app-7")
SOURCES = (
    "urn:xinglin:source:his:17#0.3",
    "urn:xinglin:source:lis:2#1",
    "urn:xinglin:client:app-7",
    "http://a.cn/s",
)
TYPES = (
    "Patient",
    "Observation",
    "Encounter",
    "Organization",
    "DocumentReference",
    "Group",
    "Device",
    "Task",
)
ALSO: Mapping[str, Sequence[str]] = {
    "Observation": (
        "status=final",
        "category=ABC",
        "code=http://loinc.org|8480-6&status:not=amended",
        "date=gt2012",
    ),
    "Patient": ("gender=female", "active=true", "_id=a,b,c"),
    "Encounter": ("class=abc", "subject=Patient/a"),
}


def some(rng: Random, options: Sequence[Any], most: int) -> frozenset[Any]:
    return frozenset(rng.sample(options, rng.randrange(min(most, len(options)) + 1)))


def make_records(rng: Random) -> list[Json]:
    made = records.make(rng)
    for one in ("d", "e", "f"):
        device: Json = {"resourceType": "Device", "id": one}
        task: Json = {"resourceType": "Task", "id": one, "status": "draft", "intent": "order"}
        if rng.random() < 0.7:
            device["patient"] = {"reference": f"Patient/{rng.choice(IDS)}"}
            task["for"] = {"reference": rng.choice(("Patient/a", "Patient/b", "Group/a"))}
        made += [device, task]
    return [labelled(rng, one) for one in made]


def labelled(rng: Random, record: Json) -> Json:
    meta = dict(record.get("meta", {}))
    if rng.random() < 0.5:
        chosen = rng.sample(LABELS, rng.choice((1, 2)))
        meta["security"] = [
            {"code": rng.choice((code, code.upper())), **({"system": system} if system else {})}
            for system, code in chosen
        ]
    if rng.random() < 0.7:
        meta["source"] = rng.choice(SOURCES)
    return {**record, **({"meta": meta} if meta else {})}


def make_view(rng: Random) -> View:
    types = some(rng, TYPES, 7) if rng.random() < 0.4 else None
    also = None
    if rng.random() < 0.3:
        kind = rng.choice(sorted(ALSO))
        also = {kind: tuple(rng.sample(ALSO[kind], rng.randrange(3)))}
    return View(
        types=types,
        without_labels=some(rng, LABELS, 3),
        patients=make_patients(rng) if rng.random() < 0.6 else None,
        origins=some(rng, ORIGINS, 2) if rng.random() < 0.3 else None,
        also=also,
    )


def make_patients(rng: Random) -> frozenset[str]:
    """Sometimes so many that they aren't looked for by the index."""
    others = [f"other-{number}" for number in range(300)] if rng.random() < 0.5 else []
    return frozenset([*some(rng, ("a", "b", "c", "d"), 3), *others])


def make_without(rng: Random) -> Without:
    return Without(
        patients=make_patients(rng) if rng.random() < 0.6 else None,
        labels=some(rng, LABELS, 2) if rng.random() < 0.5 else None,
        types=some(rng, TYPES, 3) if rng.random() < 0.4 else None,
        origins=some(rng, ORIGINS, 2) if rng.random() < 0.3 else None,
    )


def make_sight(rng: Random) -> Sight:
    views = [make_view(rng) for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3)))]
    if rng.random() < 0.2:
        views.append(View())
    return Sight(tuple(views), tuple(make_without(rng) for _ in range(rng.choice((0, 0, 1, 2)))))


class Plain:
    """Judges records one by one, knowing nothing of keys."""

    def __init__(self, registry: Registry, around: Surroundings) -> None:
        self._registry = registry
        self._around = around
        self._matcher = Matcher(registry, around)

    def sees(self, sight: Sight, record: Json) -> bool:
        return any(self._admits(one, record) for one in sight.views) and not any(
            self._hides(one, record) for one in sight.without
        )

    def _admits(self, view: View, record: Json) -> bool:
        kind = record["resourceType"]
        return (
            (view.types is None or kind in view.types)
            and not _labels(record) & _folded(view.without_labels)
            and (view.patients is None or self._is_of(view.patients, record) or self._is_nobodys(record))
            and (view.origins is None or _origin(record) in view.origins)
            and (view.also is None or kind not in view.also or self._passes(view.also[kind], record))
        )

    def _hides(self, one: Without, record: Json) -> bool:
        return (
            (one.types is None or record["resourceType"] in one.types)
            and (one.labels is None or bool(_labels(record) & _folded(one.labels)))
            and (one.patients is None or self._is_of(one.patients, record))
            and (one.origins is None or _origin(record) in one.origins)
        )

    def _is_of(self, patients: frozenset[str], record: Json) -> bool:
        kind = record["resourceType"]
        codes = members().get(kind, ("patient",))
        found = (self._registry.get(kind, code) for code in codes)
        parameters = tuple(one for one in found if one is not None)
        return any(
            self._matcher.within(Within("Patient", one, parameters), record) for one in sorted(patients)[:5]
        )

    def _is_nobodys(self, record: Json) -> bool:
        kind = record["resourceType"]
        parameter = self._registry.get(kind, "patient")
        if kind in members():
            return False
        return parameter is None or not any(
            one.startswith("Patient/") for one in self._matcher.targets(parameter, record)
        )

    def _passes(self, queries: Sequence[str], record: Json) -> bool:
        kind = record["resourceType"]
        return any(
            self._matcher.answers(parse_search(parse_qsl(one), self._registry, kind), record)
            for one in queries
        )


def _labels(record: Json) -> set[tuple[str, str]]:
    found = record.get("meta", {}).get("security", ())
    return {(one.get("system", ""), one.get("code", "").casefold()) for one in found}


def _folded(labels: frozenset[tuple[str, str]]) -> set[tuple[str, str]]:
    return {(system, code.casefold()) for system, code in labels}


def _origin(record: Json) -> str | None:
    parts = str(record.get("meta", {}).get("source", "")).split("#")[0].split(":")
    return ":".join(parts[2:4]) if parts[:2] == ["urn", "xinglin"] else None


Judge = Callable[[Sight, Json], bool]
