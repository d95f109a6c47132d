"""Policy files: Cedar text, read into rules with what people are told about each."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from itertools import takewhile
from typing import Any, Final, cast

from xinglin.core.i18n import Phrase
from xinglin.trust.policy.cedar import parse
from xinglin.trust.policy.errors import FaultyPolicy
from xinglin.trust.policy.tables import Tables
from xinglin.trust.policy.texts import Said

KEPT: Final = "90-never.cedar"
"""The one file that a site can't replace: separated duties, the log, who isn't known."""

_TOLD: Final = ("id", "title_zh", "title_en", "source")
_ID: Final = re.compile(r'^@id\("([^"]*)"\)', re.MULTILINE)


@dataclass(frozen=True)
class Rule:
    """One rule as a person is told of it, and as Cedar has it (`tree`, Cedar's JSON form)."""

    id: str
    effect: str
    file: str
    title: Said
    source: str
    masks: frozenset[str]
    limit: str
    comment: str
    text: str
    tree: Mapping[str, Any]

    @property
    def permits(self) -> bool:
        """Whether it permits; else it forbids."""
        return self.effect == "permit"

    @cached_property
    def about_record(self) -> bool:
        """Whether it depends on what the record holds: on its labels or grade."""
        return any(attr in {"labels", "grade"} for attr in _attributes(self.tree))

    @cached_property
    def conditioned(self) -> frozenset[str]:
        """Give the actions and groups that its conditions name, beside those in its head."""
        found = _entities(self.tree["conditions"])
        return frozenset(word for kind, word in found if kind in {"Action", "Group"})

    @cached_property
    def labels(self) -> frozenset[str]:
        """Give the labels that it names."""
        return frozenset(word for what, word in literals(self.tree) if what in {"labels", "cleared"})

    @cached_property
    def entities(self) -> frozenset[tuple[str, str]]:
        """Give the entities that it names, as (type, id)."""
        return frozenset(_entities(self.tree))


def read(file: str, text: str) -> list[Rule]:
    """Read one policy file. Raises FaultyPolicy."""
    try:
        known = parse(text)
    except ValueError as error:
        raise FaultyPolicy(file=file, detail=Phrase("Cedar says: {words}", words=str(error))) from None
    if known["templates"]:
        raise FaultyPolicy(file=file, detail=Phrase("templates aren't used here"))
    trees = {_id(file, one): one for one in known["staticPolicies"].values()}
    if len(trees) < len(known["staticPolicies"]):
        raise FaultyPolicy(file=file, detail=Phrase("two rules have the same id"))
    pieces = _pieces(text)
    return [_rule(file, tree, *pieces.get(id_, ("", ""))) for id_, tree in trees.items()]


def _id(file: str, tree: Mapping[str, Any]) -> str:
    told = tree.get("annotations", {})
    for name in _TOLD:
        if not told.get(name):
            detail = Phrase("the rule {id} has no @{name}", id=told.get("id") or "-", name=name)
            raise FaultyPolicy(file=file, detail=detail)
    return told["id"]


def _rule(file: str, tree: Mapping[str, Any], comment: str, text: str) -> Rule:
    told = tree["annotations"]
    return Rule(
        id=told["id"],
        effect=tree["effect"],
        file=file,
        title=Said(told["title_en"], told["title_zh"]),
        source=told["source"],
        masks=frozenset((told.get("masks") or "").split()),
        limit=told.get("limit") or "",
        comment=comment,
        text=text,
        tree=tree,
    )


def _pieces(text: str) -> dict[str, tuple[str, str]]:
    """Give, by id, the comment above each rule, the file's own where it has none, and the rule's text."""
    starts = [(match.group(1), match.start()) for match in _ID.finditer(text)]
    found: dict[str, tuple[str, str]] = {}
    lines = takewhile(lambda line: line.startswith("//"), text.splitlines())
    head = " ".join(line.removeprefix("//").strip() for line in lines)
    for (id_, start), (_, end) in zip(starts, [*starts[1:], ("", len(text))], strict=True):
        above = text[:start].splitlines()
        comment: list[str] = []
        while above and above[-1].startswith("//"):
            comment.insert(0, above.pop().removeprefix("//").strip())
        own = [line for line in text[start:end].splitlines() if not line.startswith("//")]
        found[id_] = " ".join(comment) or head, "\n".join(own).strip()
    return found


def shipped() -> dict[str, str]:
    """Give the shipped policy files by name."""
    folder = files("xinglin.trust.policy") / "rules"
    return {
        one.name: one.read_text(encoding="utf-8")
        for one in sorted(folder.iterdir(), key=lambda one: one.name)
        if one.name.endswith(".cedar")
    }


def overlaid(site: Mapping[str, str]) -> dict[str, str]:
    """Give the policy files in force: a site's file replaces the shipped one of that name, or is added.

    Raises FaultyPolicy.
    """
    if KEPT in site:
        raise FaultyPolicy(file=KEPT, detail=Phrase("what stands in it holds at every site"))
    return dict(sorted({**shipped(), **site}.items()))


def schema(tables: Tables) -> str:
    """Give the Cedar schema: the shipped words and the actions of the table."""
    base = (files("xinglin.trust.policy") / "rules" / "schema.cedarschema").read_text(encoding="utf-8")
    lines = [base]
    for row in tables.rows("actions"):
        under = f' in ["{row["under"]}"]' if row["under"] else ""
        applies = "appliesTo { principal: [Asker], resource: [Group], context: Circumstances }"
        lines.append(f'action "{row["action"]}"{under} {applies};')
    return "\n".join(lines) + "\n"


def _walk(tree: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(tree, dict):
        one = cast("dict[str, Any]", tree)
        yield one
        for value in one.values():
            yield from _walk(value)
    elif isinstance(tree, list):
        for value in cast("list[Any]", tree):
            yield from _walk(value)


def _attributes(tree: object) -> Iterator[str]:
    return (str(node["attr"]) for node in _walk(tree) if "attr" in node)


def _entities(tree: object) -> Iterator[tuple[str, str]]:
    for node in _walk(tree):
        if set(node) == {"type", "id"}:
            yield str(node["type"]), str(node["id"])


def literals(tree: object) -> Iterator[tuple[str, str]]:
    """Give the words that conditions compare what is known with, as (attribute, word)."""
    for node in _walk(tree):
        for operator in ("==", "!=", "contains", "containsAny", "containsAll"):
            sides: object = node.get(operator)
            for attribute in set(_attributes(sides)):
                yield from ((attribute, word) for word in sorted(set(_texts(sides))))


def _texts(tree: object) -> Iterator[str]:
    return (node["Value"] for node in _walk(tree) if isinstance(node.get("Value"), str))
