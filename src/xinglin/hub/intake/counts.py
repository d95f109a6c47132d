"""What became of what was sent, counted."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec


class Counts(msgspec.Struct, kw_only=True):
    """Counts of items (messages, rows, documents; of bundles the entries) and of the records they made.

    received = accepted + unchanged + refused. `by_type` counts versions stored by resource type, `by_reason`
    refused items by error code, `unknown` what was kept without being understood, in a few words each.
    """

    received: int = 0
    accepted: int = 0
    unchanged: int = 0
    refused: int = 0
    by_type: dict[str, int] = {}
    by_reason: dict[str, int] = {}
    unknown: dict[str, int] = {}

    def add(self, other: "Counts") -> None:
        """Add other counts to these."""
        self.received += other.received
        self.accepted += other.accepted
        self.unchanged += other.unchanged
        self.refused += other.refused
        for mine, more in (
            (self.by_type, other.by_type),
            (self.by_reason, other.by_reason),
            (self.unknown, other.unknown),
        ):
            _add(mine, more)

    def again(self) -> "Counts":
        """Give the counts of the same delivery sent once more: nothing changes but what is still refused."""
        taken = self.received - self.refused
        return Counts(
            received=self.received, unchanged=taken, refused=self.refused, by_reason=dict(self.by_reason)
        )

    def take(self, *, accepted: int, unchanged: int, unknown: Iterable[str]) -> None:
        """Count items that were taken, and what of them wasn't understood."""
        self.received += accepted + unchanged
        self.accepted += accepted
        self.unchanged += unchanged
        for what in unknown:
            _add(self.unknown, {what: 1})

    def store(self, kinds: Iterable[str]) -> None:
        """Count versions that were stored, by type."""
        for kind in kinds:
            _add(self.by_type, {kind: 1})

    def refuse(self, code: str, items: int) -> None:
        """Count items that were refused for one reason; a negative number takes them back."""
        self.received += items
        self.refused += items
        _add(self.by_reason, {code: items})


def _add(mine: dict[str, int], more: Mapping[str, int]) -> None:
    for name, count in more.items():
        mine[name] = mine.get(name, 0) + count


def total(parts: Iterable[Any]) -> Counts:
    """Add up counts as the database keeps them; reasons that no longer count anything are left out."""
    sum_ = Counts()
    for part in parts:
        sum_.add(msgspec.convert(part, Counts))
    sum_.by_reason = {code: items for code, items in sum_.by_reason.items() if items}
    return sum_
