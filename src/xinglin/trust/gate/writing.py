"""What may be changed, and what a change may say: asked of every change before it is carried out.

A record that may not be seen can't be changed either, and the answer is the one that an unknown record gets.
So whoever may not see every record of a type can't store a first version under an id of their own choice.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.core.identifiers import new_id
from xinglin.hub.changes import Change, Create, Delete, Patch, Update
from xinglin.hub.hub import Hub
from xinglin.hub.identity.golden import PREFIX, TAG
from xinglin.hub.outline import admit
from xinglin.hub.records import Key, Record, same
from xinglin.hub.sight.seen import seen_by
from xinglin.trust.gate.errors import Kept, NotWritable, SeenMasked, Unseen
from xinglin.trust.gate.seeing import Seeing
from xinglin.trust.who import Who


@dataclass(frozen=True)
class Writing:
    """What somebody may see (`read`), store (`create`), change (`update`) and delete."""

    hub: Hub
    who: Who
    read: Seeing
    create: Seeing
    update: Seeing
    delete: Seeing

    @property
    def source(self) -> str:
        """What `meta.source` says of records that come this way."""
        return f"urn:xinglin:{self.who.id}"

    def action(self, change: Change) -> tuple[str, Seeing]:
        """Give the action that a change is, and what it is open for."""
        match change:
            case Delete():
                return "delete", self.delete
            case Create():
                return "write", self.create
            case _:
                return "write", self.update

    def shown(self, record: Record | None) -> Record | None:
        """Give what became of a record as it may be shown."""
        return record if record is None else self.read.masked(self.hub, [record])[0]

    def prepared(self, change: Change) -> Change:
        """Give a change with its source put in, and the id of a new record chosen. Raises Kept."""
        if change.key is not None:
            _refuse_golden_id(change.key.id)
        match change:
            case Create(content=content) if content is not None:
                key = Key(change.type, new_id()) if change.criteria is None else None
                return replace(change, key=key, content=self._stamped(content))
            case Update(content=content) if content is not None:
                _refuse_golden_id(str(content.get("id") or ""))
                return replace(change, content=self._stamped(content))
            case Patch(modify=modify):
                return replace(change, modify=self._then_stamped(change.type, modify))
            case _:
                return change

    def _then_stamped(self, kind: str, modify: Callable[[Json], Json]) -> Callable[[Json], Json]:
        def stamped(content: Json) -> Json:
            return self._stamped(admit(modify(content), kind))

        return stamped

    def _stamped(self, content: Json) -> Json:
        meta: Json = content.get("meta") or {}
        _refuse_golden_tag(meta)
        return {**content, "meta": {**meta, "source": self.source}}

    def guard(self, changes: Sequence[Change], current: Mapping[Key, Record]) -> Sequence[Change]:
        """Give the changes that may be carried out, in order. Raises Unseen, NotWritable or SeenMasked."""
        return [self._checked(one, current.get(one.key) if one.key else None) for one in changes]

    def _checked(self, change: Change, record: Record | None) -> Change:
        key = change.key
        if key is None or (isinstance(change, Create) and change.criteria is not None):
            return change  # nothing is found, or only what may be seen: the condition saw no more
        if isinstance(change, Create):
            self.refuse_content(self.create, change.content, key, change.place)
            return change
        present = record is not None and not record.deleted
        fresh = change.criteria is not None and record is None and not _chosen(change)
        hidden = record is None or not present or not self._admits(self.read, record.content)
        if hidden and not fresh and not self.read.hides_nothing(key.type):
            raise Unseen(key, change.place)
        if record is not None and present:
            _, seeing = self.action(change)
            if not self._admits(seeing, record.content):
                raise NotWritable(key, change.place)
            if not isinstance(change, Delete) and self.shown(record) is not record:
                raise SeenMasked(key=key)
        return self._with_content_checked(change, key, record if present else None)

    def _with_content_checked(self, change: Change, key: Key, record: Record | None) -> Change:
        seeing = self.create if record is None else self.update
        match change:
            case Update(content=content) if content is not None:
                content = _as_before(content, record)
                self.refuse_content(seeing, content, key, change.place)
                return replace(change, content=content)
            case Patch(modify=modify):

                def checked(old: Json) -> Json:
                    made = _as_before(modify(old), record)
                    self.refuse_content(seeing, made, key, change.place)
                    return made

                return replace(change, modify=checked)
            case _:
                return change

    def refuse_content(self, seeing: Seeing, content: Json | None, key: Key, place: str) -> None:
        """Raise NotWritable where a record that says this may not be stored."""
        if content is not None and not self._admits(seeing, {**content, "id": key.id}):
            raise NotWritable(key, place)

    def _admits(self, seeing: Seeing, content: Json) -> bool:
        seen = seen_by(self.hub.store, seeing.sight)
        return seen is None or seen.admits(content)


def _chosen(change: Change) -> bool:
    """Tell whether who asks has chosen the id of a record to be stored."""
    content = change.content if isinstance(change, Update) else None
    return content is not None and content.get("id") is not None


def _as_before(content: Json, record: Record | None) -> Json:
    """Give the content under the source it had, where nothing else changes: then nothing is written."""
    if record is None:
        return content
    source = record.content.get("meta", {}).get("source")
    meta = {name: value for name, value in content.get("meta", {}).items() if name != "source"}
    unchanged = {**content, "meta": meta if source is None else {**meta, "source": source}}
    return unchanged if same(unchanged, record) else content


def _refuse_golden_id(id_: str) -> None:
    if id_.startswith(PREFIX):
        raise Kept(what=Phrase("A golden Patient"))


def _refuse_golden_tag(meta: Json) -> None:
    tags: Any = meta.get("tag")
    for tag in cast("list[Any]", tags) if isinstance(tags, list) else []:
        if isinstance(tag, dict) and {**TAG}.items() <= cast("Json", tag).items():
            raise Kept(what=Phrase("The mark of golden Patients"))
