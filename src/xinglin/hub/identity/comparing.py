"""Comparing two source Patients: the rules of the tables first, then the model."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any, Final, cast

import msgspec

from xinglin.core.exact_json import Json
from xinglin.hub.identity import tables
from xinglin.hub.identity.rows import Judged
from xinglin.hub.identity.scoring import Model, Scored
from xinglin.hub.identity.tables import LINK, LOCAL, Rule
from xinglin.hub.intake.order import stamp_of
from xinglin.standards.identifiers import Kind, find
from xinglin.standards.persons import COLUMNS, Features, blocking_keys, columns, features, levels
from xinglin.standards.persons.levels import COMPARISONS
from xinglin.standards.search.keys import digest

LARGEST: Final = 50
"""Numbers and links of one record that are looked at, at most."""

_NAMES: Final = frozenset(COLUMNS)
_LINKS: Final = frozenset({"replaced-by", "replaces", "refer", "seealso"})
_PERSONAL: Final = {"identity": 3, "document": 1, "insured": 1, "card": 1}
"""From which level on numbers that are a person's own agree."""
_IDENTITY: Final = ("identity", "identity_short", "identity_checked")


@dataclass(frozen=True, slots=True)
class Compared:
    """What of a source Patient is compared.

    `numbers` are those that one institution gives, `links` the Patients that its source links it to;
    `institution` is the namespace of its source, empty where no registered source sent it. `dated`: the
    source itself tells a birth date, it isn't just read off an identity number; `sexed`: likewise the sex.
    """

    id: str
    features: Features
    numbers: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    institution: str = ""
    dated: bool = False
    sexed: bool = False

    def pack(self) -> bytes:
        """Give it as bytes."""
        named = zip(COLUMNS, columns(self.features), strict=True)
        known = {name: value for name, value in named if value is not None}
        return msgspec.msgpack.encode(
            (self.id, known, self.numbers, self.links, self.institution, self.dated, self.sexed)
        )

    def keys(self) -> list[int]:
        """Give the keys that possible partners share."""
        texts = [*blocking_keys(self.features), *(key for _, key in self.rule_keys())]
        return sorted({digest(text) for text in texts})

    def rule_keys(self) -> Iterator[tuple[Rule, str]]:
        """Give the keys by which rules find partners."""
        for rule in tables.rules():
            for value in self.values(rule):
                yield rule, f"{rule.id}|{value}"

    def values(self, rule: Rule) -> Sequence[str]:
        """Give the values that a rule compares."""
        if rule.column == LOCAL:
            return self.numbers
        if rule.column == LINK:
            return (self.id, *self.links)
        value = getattr(self.features, rule.column)
        return () if value is None else (str(value),)


def compared(patient: Json, today: date, namespaces: Mapping[str, str] | None = None) -> Compared:
    """Read a source Patient; what can't be read is left out.

    `namespaces` tells by source whose numbers it bears; without it no institution is known.
    """
    return Compared(
        str(patient.get("id")),
        features(patient, today),
        tuple(_numbers(patient))[:LARGEST],
        tuple(_links(patient))[:LARGEST],
        namespaces.get(stamp_of(patient).source, "") if namespaces else "",
        isinstance(patient.get("birthDate"), str),
        patient.get("gender") in ("male", "female"),
    )


@lru_cache(maxsize=4_096)
def unpack(body: bytes) -> Compared:
    """Read what `pack` wrote, by this or by another version: columns that only one knows are left out."""
    id_, values, numbers, links, *more = msgspec.msgpack.decode(body)
    known = {name: value for name, value in values.items() if name in _NAMES}
    return Compared(id_, Features(**known), tuple(numbers), tuple(links), *more[:3])


def _entries(patient: Json, name: str) -> list[Json]:
    value = patient.get(name)
    found = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("Json", one) for one in found if isinstance(one, dict)]


def _numbers(patient: Json) -> Iterator[str]:
    """Give an institution's own numbers: those in a system of its own, for of others it isn't known whose."""
    for entry in _entries(patient, "identifier"):
        system, value = entry.get("system"), entry.get("value")
        if isinstance(system, str) and isinstance(value, str) and value.strip():
            known = find(system)
            if known is None or (known.kinds == (Kind.LOCAL,) and system.startswith("urn:xinglin:id:")):
                yield f"{system}|{value.strip()}"


def _links(patient: Json) -> Iterator[str]:
    for entry in _entries(patient, "link"):
        other = entry.get("other")
        reference = cast("Json", other).get("reference") if isinstance(other, dict) else None
        if entry.get("type") in _LINKS and isinstance(reference, str):
            kind, _, id_ = reference.partition("/")
            if kind == "Patient" and id_ and "/" not in id_:
                yield id_


def differences(one: Features, other: Features) -> frozenset[str]:
    """Give what differs evidently between two records, in the words of the tables."""
    given, surname = COMPARISONS["given"](one, other), COMPARISONS["surname"](one, other)
    found: set[str] = set()
    if given == 0 or (surname == 0 and given is not None and given <= 2):
        found.add("name")
    for name, field in (
        ("birth", "birth"),
        ("sex", "sex"),
        ("identity", "identity"),
        ("order", "birth_order"),
    ):
        if COMPARISONS[field](one, other) == 0:
            found.add(name)
    if _is_mother(one, other) or _is_mother(other, one):
        found.add("newborn")
    return frozenset(found)


def _is_mother(child: Features, mother: Features) -> bool:
    """Tell whether one record names the other as its mother: a newborn under its mother's number."""
    if child.mother is None or mother.given is None or mother.surname is None:
        return False
    return child.mother == mother.surname + mother.given


def apart(found: frozenset[str]) -> bool:
    """Tell whether differences evidently part two people."""
    return any(found >= together for together in tables.parting())


def evidently_apart(one: bytes, other: bytes) -> bool:
    """Tell whether two packed records evidently are two people's, whatever numbers they share."""
    left, right = unpack(one).features, unpack(other).features
    return apart(differences(left, right))


def judge(one: Compared, other: Compared, worn: Collection[int], model: Model) -> Judged:
    """Say what rules and model say of a pair.

    Numbers whose key is `worn` count only between records that are alike in all else: a true owner stays one.
    """
    left, right = trusted(one, worn), trusted(other, worn)
    found = differences(left.features, right.features)
    scored = model.score(left.features, right.features)
    for rule, key in left.rule_keys():
        if digest(key) not in worn and (said := _by_rule(rule, left, right, found)):
            return _judged(said, "rule", rule.id, scored, found)
    if worn and not found and (rule_id := _owner(one, other, worn)):
        return _judged("link", "rule", rule_id, scored, found)
    verdict = "none"
    if not apart(found):
        verdict = (
            "link" if scored.weight >= model.link else "review" if scored.weight >= model.review else "none"
        )
    if verdict == "link" and _doubted(left.features, right.features):
        verdict = "review"
    if verdict != "link" and (hint := _hint(left, right)):
        return _judged("review", "rule", hint, scored, found)
    return _judged(verdict, "model", None, scored, found)


def _doubted(one: Features, other: Features) -> bool:
    """Tell whether a pair without a common personal number may be twins or namesakes: a person must look."""
    by_field = dict(zip(COMPARISONS, levels(one, other), strict=True))
    if any((by_field[name] or 0) >= least for name, least in _PERSONAL.items()):
        return False
    one_house = one.street is not None and (one.street, one.house) == (other.street, other.house)
    return any(
        all(by_field[name] in those for name, those in doubt.levels.items())
        and not (doubt.frequent and (one_house or one.given not in tables.frequent_given()))
        for doubt in tables.doubts()
    )


def _owner(one: Compared, other: Compared, worn: Collection[int]) -> str | None:
    """Give the rule of a worn number that both bear who agree fully on name and on a birth date one tells."""
    left, right = one.features, other.features
    if left.given is None or (left.surname, left.given) != (right.surname, right.given):
        return None
    if left.birth is None or left.birth != right.birth or not (one.dated or other.dated):
        return None
    for rule, key in one.rule_keys():
        counts = digest(key) in worn and rule.column not in (LOCAL, LINK)
        if counts and _by_rule(rule, one, other, frozenset()) == "link":
            return rule.id
    return None


def _hint(one: Compared, other: Compared) -> str | None:
    """Give the rule by which one record names another whose institution it can't speak for: a hint only."""
    told = (rule.id for rule in tables.rules() if rule.column == LINK)
    return next(told, None) if _linked(one, other) else None


def _linked(one: Compared, other: Compared) -> bool:
    return other.id in one.links or one.id in other.links


def _judged(verdict: str, how: str, rule: str | None, scored: Scored, found: frozenset[str]) -> Judged:
    evidence = scored.evidence() | {"differences": sorted(found)}
    return Judged(verdict, how, rule, scored.weight, scored.probability, evidence)


def _by_rule(rule: Rule, one: Compared, other: Compared, found: frozenset[str]) -> str | None:
    """Say link or review where a rule speaks of a pair; None where it says nothing."""
    if not _equal(rule, one, other):
        return None
    if not (one.sexed and other.sexed):  # a sex that is read off the number speaks for the number alone
        found -= {"sex"}
    if apart(found) or any(found >= guard for guard in rule.guards):
        return "review"
    agreeing = _agreeing(one, other)
    if not agreeing >= rule.needs:
        return None
    return "link" if agreeing >= rule.wants else "review"


def _equal(rule: Rule, one: Compared, other: Compared) -> bool:
    if rule.column == LINK:
        return bool(one.institution) and one.institution == other.institution and _linked(one, other)
    return not set(one.values(rule)).isdisjoint(other.values(rule))


def _agreeing(left: Compared, right: Compared) -> frozenset[str]:
    one, other = left.features, right.features
    found: set[str] = set()
    by_field = dict(zip(COMPARISONS, levels(one, other), strict=True))
    if (by_field["given"] or 0) >= 3 and (by_field["surname"] or 0) >= 3:
        found.add("name")
    if by_field["birth"] == 8:
        found.add("birth")
    if one.identity_checked and other.identity_checked:
        found.add("checked")
    if "name" in found or ("birth" in found and left.dated and right.dated):
        found.add("person")
    return frozenset(found)


def trusted(one: Compared, worn: Collection[int]) -> Compared:
    """Give a record without the numbers that too many people bear."""
    if not worn:
        return one
    gone: dict[str, Any] = {}
    for rule, key in one.rule_keys():
        if digest(key) in worn and rule.column not in (LOCAL, LINK):
            names = _IDENTITY if rule.column in _IDENTITY else (rule.column,)
            gone |= dict.fromkeys(names)
    if "identity_checked" in gone:
        gone["identity_checked"] = 0
    return replace(one, features=replace(one.features, **gone)) if gone else one
