"""The golden Patient: a person's demographics, chosen element by element out of what the sources say.

Which value survives is said by `data/survivorship.csv`: `take` is the `best` value or `all` that differ, and
`order` what makes one value better than another, the first first: `trusted` (the source's rank), `recent`
(the source's time), `frequent` (how many sources say so), `known` (true, or a date, before false).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import blake2b
from typing import Any, Final, cast

from xinglin.core.exact_json import Json, dumps
from xinglin.hub.identity.errors import FaultyIdentityTable
from xinglin.hub.identity.tables import numbered_rows
from xinglin.standards.confidentiality import CONFIDENTIALITY, GRADE, SENSITIVE, RuleSet, classes_among
from xinglin.standards.persons import parts

TAG: Final[Json] = {
    "system": "http://hapifhir.io/fhir/NamingSystem/mdm-record-status",
    "code": "GOLDEN_RECORD",
}
"""As HAPI FHIR's MDM marks golden records (https://hapifhir.io/hapi-fhir/docs/server_jpa_mdm/mdm_details.html)."""

STRICTEST: Final[Json] = {"system": CONFIDENTIALITY, "code": "R"}
"""Demands the strictest grade of whoever shall see a record, whatever classes it is of."""

PREFIX: Final = "golden-"
"""How the ids of golden Patients begin."""

TRUST: Final = 50
"""The rank of a source that declares none; the option `trust` of a source is a number from 0 to 100."""

MOST: Final = 30
"""Values of one element that a golden Patient lists at most."""

_CHOICES: Final = {
    "deceased": ("deceasedDateTime", "deceasedBoolean"),
    "multipleBirth": ("multipleBirthInteger", "multipleBirthBoolean"),
}
_ORDERS: Final = frozenset({"trusted", "recent", "frequent", "known"})


@dataclass(frozen=True, slots=True)
class Spoken:
    """A source's Patient: what it says, how far its source is trusted, and when it was said."""

    id: str
    content: Json
    trust: int
    time: datetime


@dataclass(frozen=True, slots=True)
class Rule:
    """How an element of the golden Patient is chosen."""

    element: str
    all: bool
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Value:
    names: Mapping[str, Any]
    """JSON members: the value, and `_` companions."""
    said: bytes
    by: Spoken
    times: int


@cache
def rules() -> Sequence[Rule]:
    """Give the survivorship rules. Raises FaultyIdentityTable."""
    name = "survivorship.csv"
    found: list[Rule] = []
    for number, row in numbered_rows(name):
        order = tuple(row["order"].split())
        if row["take"] not in ("best", "all") or not order or not _ORDERS.issuperset(order):
            raise FaultyIdentityTable(file=name, row=number, detail=f"{row['take']} {row['order']}")
        found.append(Rule(row["element"], row["take"] == "all", order))
    return found


def golden_id(anchor: str) -> str:
    """Give the id of the golden Patient of a person whose first record is `anchor`; always the same."""
    return PREFIX + blake2b(f"golden\x1f{anchor}".encode(), digest_size=15).hexdigest()


def heard(sources: Sequence[Spoken], rules: RuleSet) -> tuple[Sequence[Spoken], list[Json]]:
    """Give the sources that the golden Patient repeats, and the labels that it has for it.

    What a sensitive source says (a psychiatric hospital's, say) would be open to all who see the golden
    Patient. So it isn't repeated where others know the person; where none does, the golden Patient is as
    sensitive as they are.
    """
    labels = {one.id: _labels(one.content) for one in sources}
    plain = [one for one in sources if not _is_sensitive(labels[one.id])]
    used = plain or sources
    classes = sorted({cls for one in used for cls in classes_among(rules, labels[one.id])})
    codings: list[Json] = [
        {"system": rules.classes[one].system, "code": one, "userSelected": True} for one in classes
    ]
    return used, codings if plain else [STRICTEST, *codings]


def _labels(content: Json) -> list[Json]:
    security: Any = content.get("meta", {}).get("security")
    entries = cast("list[Any]", security) if isinstance(security, list) else []
    return [cast("Json", one) for one in entries if isinstance(one, dict)]


def _is_sensitive(labels: Iterable[Json]) -> bool:
    return any(one.get("system") == GRADE and one.get("code") == SENSITIVE for one in labels)


def golden(id_: str, sources: Sequence[Spoken], labels: Sequence[Json] = ()) -> Json:
    """Make the golden Patient of what `sources` say, at least one, under `labels` (see `heard`)."""
    meta: Json = {"tag": [TAG]} | ({"security": list(labels)} if labels else {})
    made: Json = {"resourceType": "Patient", "id": id_, "meta": meta, "active": True}
    for rule in rules():
        made |= _chosen(rule, sources)
    if "name" in made:
        made["name"] = [_in_parts(one) for one in made["name"]]
    links = [{"other": {"reference": f"Patient/{one}"}, "type": "seealso"} for one in _ids(sources)]
    return made | {"link": links}


def _in_parts(name: Json) -> Json:
    """Give a name with surname and given name told apart, where its source told only the whole."""
    family, text = name.get("family"), name.get("text")
    if "given" in name or "_family" in name or not all(isinstance(one, str | None) for one in (family, text)):
        return name
    whole = text or family
    known = family if family != whole else None
    found = parts(whole, known) if whole else None
    if found is None or (known and known != found[0]):
        return name
    return name | {"text": whole, "family": found[0], "given": [found[1]]}


def replaced(id_: str, by: str) -> Json:
    """Make the golden Patient that another has replaced."""
    link = {"other": {"reference": f"Patient/{by}"}, "type": "replaced-by"}
    return {"resourceType": "Patient", "id": id_, "meta": {"tag": [TAG]}, "active": False, "link": [link]}


def is_golden(content: Json) -> bool:
    """Tell whether a Patient bears the mark of golden ones."""
    meta: Any = content.get("meta")
    tags = cast("Json", meta).get("tag") if isinstance(meta, dict) else None
    marked = {name: TAG[name] for name in ("system", "code")}
    return isinstance(tags, list) and any(
        isinstance(one, dict) and cast("Json", one).items() >= marked.items()
        for one in cast("list[Any]", tags)
    )


def _ids(sources: Iterable[Spoken]) -> list[str]:
    return sorted({one.id for one in sources})


def _chosen(rule: Rule, sources: Sequence[Spoken]) -> Json:
    """Give the members of the golden Patient for an element; none where no source has it."""
    values = _values(rule, sources)
    if not values:
        return {}
    ranked = sorted(values, key=lambda one: (*(_RANKS[name](one) for name in rule.order), one.said))
    if not rule.all:
        return dict(ranked[0].names)
    name = rule.element
    parts = [one.names[name][0] for one in ranked]
    if name == "extension":  # one of each kind, for most may stand once only
        parts = list({str(one.get("url")): one for one in reversed(parts)}.values())[::-1]
    return {name: parts[:MOST]}


_RANKS: Final[Mapping[str, Callable[[_Value], Any]]] = {
    "trusted": lambda one: -one.by.trust,
    "recent": lambda one: -one.by.time.timestamp(),
    "frequent": lambda one: -one.times,
    "known": lambda one: one.names.get("deceasedBoolean") is False,
}


def _values(rule: Rule, sources: Sequence[Spoken]) -> list[_Value]:
    """Give the different values of an element, each with the best that says so and how many do."""
    found: dict[bytes, list[tuple[Mapping[str, Any], Spoken]]] = {}
    for source in sources:
        for names in _parts(rule, source.content):
            found.setdefault(dumps(dict(names)), []).append((names, source))
    return [
        _Value(said[0][0], text, max((by for _, by in said), key=_standing), len({by.id for _, by in said}))
        for text, said in found.items()
    ]


def _standing(source: Spoken) -> tuple[int, datetime, str]:
    return source.trust, source.time, source.id


def _parts(rule: Rule, content: Json) -> list[Mapping[str, Any]]:
    """Give the values that a record has for an element; those of an array one by one where all are taken."""
    if rule.element in _CHOICES:
        return [{name: content[name]} for name in _CHOICES[rule.element] if name in content]
    value = content.get(rule.element)
    if value is None:
        return []
    if not rule.all:
        return [{rule.element: value}]
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return [{rule.element: [one]} for one in items if isinstance(one, dict)]
