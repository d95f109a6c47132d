"""What may be seen (or changed) by one action for one purpose: sight, masks, and the rules behind them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import TypeVar

from xinglin.core.exact_json import Json, dumps
from xinglin.hub.hub import Hub
from xinglin.hub.lifelong.gaze import Gaze
from xinglin.hub.records import Record
from xinglin.hub.sight import Sight, View
from xinglin.hub.sight.seen import seen_by
from xinglin.trust.masking import Masks, mask

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Shade:
    """A view, and what is masked in what it shows."""

    view: View
    masks: Masks


@dataclass(frozen=True)
class Seeing:
    """What was decided: which records (`sight`), what is masked in them (`shades`), by what (`rules`).

    `consents` is the state of the consents that `sight` keeps to; None: consent plays no part. `types` are
    those that policies and scopes could open, to whoever is related so. `cut` names relations to more
    patients than are told here: of some patients it is looked at (`Deciding.widened`).
    """

    sight: Sight
    rules: tuple[str, ...] = ()
    shades: tuple[Shade, ...] = ()
    consents: int | None = None
    types: frozenset[str] = frozenset()
    cut: frozenset[str] = frozenset()
    widened: bool = False

    @cached_property
    def masks(self) -> bool:
        """Whether anything is masked."""
        return any(not one.masks.nothing for one in self.shades)

    def gaze(self, hub: Hub) -> Gaze:
        """Give it in the words of the lifelong record."""
        return Gaze(self.sight, self.concealing(hub) if self.masks else None)

    def concealing(self, hub: Hub) -> Callable[[Json], Json]:
        """Give what masks one record: what every view that shows it has masked."""
        different = {one.masks for one in self.shades}
        if len(different) == 1:
            (only,) = different
            return lambda content: mask(content, only)
        judged = [(one.masks, seen_by(hub.store, Sight((one.view,)))) for one in self.shades]

        def conceal(content: Json) -> Json:
            showing = [masks for masks, seen in judged if seen is None or seen.admits(content)]
            return mask(
                content, reduce(Masks.milder, showing) if showing else reduce(Masks.stricter, different)
            )

        return conceal

    def opens(self, kind: str | None) -> bool:
        """Tell whether records of a type (None: of any type) could be open, whether there are any or not."""
        return bool(self.types) if kind is None else kind in self.types

    def hides_nothing(self, kind: str) -> bool:
        """Tell whether every record of a type is open, so that unknown ones may be told as such."""
        return not self.sight.without and any(_whole(one, kind) for one in self.sight.views)

    def shown(self, hub: Hub, contents: Sequence[Json]) -> list[Json]:
        """Give what records say with what is masked taken out."""
        if not self.masks:
            return list(contents)
        return list(map(self.concealing(hub), contents))

    def masked(self, hub: Hub, records: Sequence[Record]) -> list[Record]:
        """Give records with what is masked taken out."""
        if not self.masks:
            return list(records)
        conceal = self.concealing(hub)
        return [one if one.body is None else _with(one, conceal(one.content)) for one in records]


def _with(record: Record, shown: Json) -> Record:
    return record if shown is record.content else replace(record, body=dumps(shown))


def _whole(view: View, kind: str) -> bool:
    return (
        (view.types is None or kind in view.types)
        and not view.without_labels
        and view.patients is None
        and view.origins is None
        and (view.also is None or kind not in view.also)
    )
