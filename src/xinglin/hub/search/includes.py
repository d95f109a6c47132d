"""Records that come along: what the hits refer to, and what refers to them.

http://hl7.org/fhir/R4/search.html#include
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xinglin.hub.records import Key
from xinglin.hub.search.errors import TooManyIncluded
from xinglin.hub.search.page import Finder, Hit
from xinglin.hub.search.resolve import Prepared
from xinglin.hub.search.sql import Sql, keys, selves
from xinglin.standards.search import Lowering
from xinglin.standards.search.query import Include

ROUNDS = 20
"""How often `:iterate` goes on."""


@dataclass
class Includer:
    """Collects what comes along with a page, each record once."""

    finder: Finder
    lowering: Lowering
    most: int

    async def follow(self, hits: Sequence[Hit], includes: Sequence[Include]) -> list[Hit]:
        """Give what comes along with `hits`. Raises TooManyIncluded."""
        seen = {hit.record.key for hit in hits}
        found: list[Hit] = []
        fresh: Sequence[Hit] = hits
        for step in range(ROUNDS):
            asked = [one for one in includes if one.iterate or step == 0]
            if not asked or not fresh:
                break
            fresh = await self._once(fresh, asked, seen, self.most - len(found))
            found += fresh
        return found

    async def _once(
        self, hits: Sequence[Hit], includes: Sequence[Include], seen: set[Key], most: int
    ) -> list[Hit]:
        # Those seen already may be found again: so many more are asked for.
        limit = most + len(seen) + 1
        wanted: dict[str, set[int]] = {}
        for include in includes:
            if not include.reverse:
                wanted.setdefault(include.target, set()).update(self._targets(hits, include))
        found: list[Hit] = []
        for target, self_keys in wanted.items():
            if self_keys:
                found += await self._fetch(target or "Resource", selves(self_keys), limit)
        for include in includes:
            if include.reverse:
                for source, condition in self._referrers(hits, include):
                    found += await self._fetch(source, condition, limit)
        new: list[Hit] = []
        for hit in found:
            if hit.record.key not in seen:
                seen.add(hit.record.key)
                new.append(hit)
        if len(new) > most:
            raise TooManyIncluded(limit=self.most)
        return new

    def _targets(self, hits: Sequence[Hit], include: Include) -> Iterable[int]:
        """Give the self keys that hits refer to."""
        for hit in hits:
            kind = hit.record.key.type
            if include.source not in {"*", kind}:
                continue
            if include.code == "*":
                yield from hit.refs
                continue
            salts = self._salts(kind, include.code, include.target)
            own = set(hit.keys)
            yield from (ref for ref in hit.refs if any(ref ^ salt in own for salt in salts))

    def _salts(self, kind: str, code: str, target: str) -> tuple[int, ...]:
        parameter = self.lowering.extractor.registry.get(kind, code)
        return () if parameter is None else self.lowering.salts(kind, parameter, target or "Resource")

    def _referrers(self, hits: Sequence[Hit], include: Include) -> Iterable[tuple[str, Sql]]:
        """Give the type and condition of records that refer to hits."""
        registry = self.lowering.extractor.registry
        sources = sorted(registry.types) if include.source == "*" else [include.source]
        if include.source == "*":
            # From whatever place: the references themselves would tell, but no index has them.
            salts = {
                salt
                for source in sources
                for code, one in registry.for_type(source).items()
                if one.kind == "reference"
                for salt in self._salts(source, code, "")
            }
            yield "Resource", keys(hit.self_key ^ salt for hit in hits for salt in salts)
            return
        codes = (
            [code for code, one in registry.for_type(include.source).items() if one.kind == "reference"]
            if include.code == "*"
            else [include.code]
        )
        wanted = {
            hit.self_key ^ salt
            for hit in hits
            if include.target in {"", hit.record.key.type}
            for code in codes
            for salt in self._salts(include.source, code, hit.record.key.type)
        }
        if wanted:
            yield include.source, keys(wanted)

    async def _fetch(self, kind: str, condition: Sql, most: int) -> list[Hit]:
        wanted = [Prepared(kind, more=[condition])]
        mine = self.finder
        finder = Finder(mine.connection, mine.store, wanted, links=True, seen=mine.seen)
        return await finder.fetch(None, most)
