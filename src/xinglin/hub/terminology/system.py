"""A stored code system, asked in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, cast

from psycopg import errors as pg

from xinglin.core.exact_json import loads
from xinglin.hub.database import Connection
from xinglin.hub.terminology.rows import (
    ANCESTOR,
    FOLDED,
    LONGEST_VALUE,
    PARENT,
    PROPERTY,
    concept_of,
    property_key,
    quoted,
)
from xinglin.standards.terminology.errors import BadFilter
from xinglin.standards.terminology.memory import compiled
from xinglin.standards.terminology.model import Concept, Filter, Head, Selected, Selection

_SELECT: LiteralString = "SELECT body::text FROM concept WHERE system = %s"
_KEYS: LiteralString = "keys @@ %s::tsquery"
_BY_CODE = f"{_SELECT} AND code = ANY(%s)"
_BY_KEY = f"{_SELECT} AND {_KEYS}"
_BY_PLACE = "SELECT body::text FROM concept WHERE id BETWEEN %s AND %s ORDER BY id"
_CHILDREN = f"SELECT code FROM concept WHERE id BETWEEN %s AND %s AND {_KEYS} ORDER BY id"
_BELOW = f"SELECT FROM concept WHERE system = %s AND code = %s AND {_KEYS}"
_ABOVE = """
SELECT substr(k, 2) FROM concept, unnest(tsvector_to_array(keys)) k
WHERE system = %s AND code = %s AND k LIKE %s
"""
_VALUES = """
EXISTS (SELECT FROM jsonb_array_elements(body->'property') p, jsonb_each_text(p) v
        WHERE p->>'code' = %s AND v.key LIKE 'value%%' AND v.value {test})
"""
INACTIVE = tuple(
    property_key(name, value)
    for name, value in (
        ("inactive", "true"),
        *(("status", one) for one in ("retired", "inactive", "entered-in-error")),
    )
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A part of WHERE with its values."""

    sql: LiteralString
    args: tuple[object, ...] = ()


class StoredSystem:
    """A code system in the table `concept`, on a connection that the caller holds."""

    def __init__(self, connection: Connection, number: int, head: Head, lines: int) -> None:
        self.head = head
        self._connection = connection
        self._number = number
        self._lines = lines

    async def find(self, codes: Sequence[str]) -> Mapping[str, Concept]:
        """Give the concepts of those `codes` that exist, by the code as asked."""
        if not codes:
            return {}
        if self.head.case_sensitive:
            return {one.code: one for one in await self._concepts(_BY_CODE, [self._number, list(codes)])}
        query = " | ".join(quoted(FOLDED + code.casefold()) for code in codes)
        found = await self._concepts(_BY_KEY, [self._number, query])
        by_folded = {one.code.casefold(): one for one in found}
        return {code: by_folded[code.casefold()] for code in codes if code.casefold() in by_folded}

    async def select(self, selection: Selection, offset: int, most: int) -> Selected:
        """Give concepts, in the system's order; by words, those with the shortest names first."""
        if selection == Selection():
            return await self._page(offset, most)
        conditions = [self._range(), *[await self._filter(one) for one in selection.filters]]
        if selection.words:
            conditions.append(Condition(_KEYS, (" & ".join(f"{quoted(one)}:*" for one in selection.words),)))
        if selection.active:
            conditions.append(Condition(f"NOT {_KEYS}", (" | ".join(map(quoted, INACTIVE)),)))
        if selection.codes is not None:
            found = await self.find(selection.codes)
            conditions.append(Condition("code = ANY(%s)", ([one.code for one in found.values()],)))
        where: LiteralString = " AND ".join(one.sql for one in conditions)
        args = [value for one in conditions for value in one.args]
        order: LiteralString = "length(body->>'display'), id" if selection.words else "id"
        query = f"SELECT body::text FROM concept WHERE {where} ORDER BY {order} LIMIT %s OFFSET %s"
        try:
            concepts = await self._concepts(query, [*args, most, offset])
            total = offset + len(concepts)
            if len(concepts) == most or (offset and not concepts):
                total = await self._count(where, args)
        except pg.InvalidRegularExpression:
            bad = next(one for one in selection.filters if one.op == "regex")
            raise BadFilter(**bad._asdict(), url=self.head.url) from None
        return Selected(total, concepts)

    async def _page(self, offset: int, most: int) -> Selected:
        """Give concepts by their places, which have no gaps."""
        first = (self._number << 32) + offset
        args = [first, first + min(most, self._lines) - 1]
        return Selected(self._lines, await self._concepts(_BY_PLACE, args))

    async def children(self, code: str, /) -> Sequence[str]:
        """Give the codes right below `code`."""
        args = [*self._range().args, quoted(PARENT + code[:LONGEST_VALUE])]
        rows = await (await self._connection.execute(_CHILDREN, args)).fetchall()
        return [str(code) for (code,) in rows]

    async def is_below(self, code: str, ancestor: str, /) -> bool:
        """Tell whether `code` is a descendant of `ancestor`."""
        args = [self._number, code, quoted(ANCESTOR + ancestor[:LONGEST_VALUE])]
        return await (await self._connection.execute(_BELOW, args)).fetchone() is not None

    async def _concepts(self, query: LiteralString, args: Sequence[object]) -> list[Concept]:
        cursor = await self._connection.execute(query, args, prepare=False)
        return [
            concept_of(loads(text.encode())) for (text,) in cast("list[tuple[str]]", await cursor.fetchall())
        ]

    async def _count(self, where: LiteralString, args: Sequence[object]) -> int:
        cursor = await self._connection.execute(
            f"SELECT count(*) FROM concept WHERE {where}", args, prepare=False
        )
        return cast("tuple[int]", await cursor.fetchone())[0]

    def _range(self) -> Condition:
        first = self._number << 32
        return Condition("id BETWEEN %s AND %s", (first, first | 0xFFFFFFFF))

    async def _filter(self, asked: Filter) -> Condition:
        """Translate a filter (see `MemorySystem`, which does the same). Raises BadFilter."""
        name, value = asked.property, asked.value
        below = Condition(f"(code = %s OR {_KEYS})", (value, quoted(ANCESTOR + value[:LONGEST_VALUE])))
        match asked.op:
            case "is-a":
                return below
            case "is-not-a":
                return Condition(f"NOT {below.sql}", below.args)
            case "descendent-of":
                return Condition(_KEYS, (quoted(ANCESTOR + value[:LONGEST_VALUE]),))
            case "generalizes":
                rows = await self._connection.execute(_ABOVE, [self._number, value, ANCESTOR + "%"])
                return Condition("code = ANY(%s)", ([value, *[one for (one,) in await rows.fetchall()]],))
            case "=":
                return await self._equal(name, value)
            case "in" | "not-in":
                parts = [await self._equal(name, one) for one in value.split(",")]
                any_of: LiteralString = " OR ".join(one.sql for one in parts)
                args = tuple(arg for one in parts for arg in one.args)
                return Condition(f"({any_of})" if asked.op == "in" else f"NOT ({any_of})", args)
            case "exists" if value in {"true", "false"}:
                has = await self._exists(name)
                return has if value == "true" else Condition(f"NOT ({has.sql})", has.args)
            case "regex":
                return self._regex(asked)
            case _:
                raise BadFilter(**asked._asdict(), url=self.head.url)

    async def _equal(self, name: str, value: str) -> Condition:
        match name:
            case "concept" | "code":
                return Condition("code = %s", (value,))
            case "display":
                return Condition("coalesce(body->>'display', '') = %s", (value,))
            case "parent":
                return Condition(_KEYS, (quoted(PARENT + value[:LONGEST_VALUE]),))
            case "child":
                found = (await self.find([value])).get(value)
                return Condition("code = ANY(%s)", (list(found.parents) if found else [],))
            case _:
                key = Condition(_KEYS, (quoted(property_key(name, value)),))
                if len(value) < LONGEST_VALUE:
                    return key
                exact = _VALUES.format(test="= %s")
                return Condition(f"({key.sql} AND {exact})", (*key.args, name, value))

    async def _exists(self, name: str) -> Condition:
        match name:
            case "concept" | "code":
                return Condition("true")
            case "display":
                return Condition("body ? 'display'")
            case "parent":
                return Condition(_KEYS, (f"{quoted(PARENT)}:*",))
            case "child":
                sql: LiteralString = (
                    "EXISTS (SELECT FROM concept below, jsonb_array_elements_text(below.body->'parents') p"
                    " WHERE below.system = concept.system AND p = concept.code)"
                )
                return Condition(sql)
            case _:
                return Condition(_KEYS, (f"{quoted(f'{PROPERTY}{name}=')}:*",))

    def _regex(self, asked: Filter) -> Condition:
        compiled(asked, self.head.url)
        pattern = f"^(?:{asked.value})$"
        match asked.property:
            case "concept" | "code":
                return Condition("code ~ %s", (pattern,))
            case "display":
                return Condition("coalesce(body->>'display', '') ~ %s", (pattern,))
            case "parent":
                sql: LiteralString = (
                    "EXISTS (SELECT FROM jsonb_array_elements_text(body->'parents') p WHERE p ~ %s)"
                )
                return Condition(sql, (pattern,))
            case _:
                return Condition(_VALUES.format(test="~ %s"), (asked.property, pattern))


def head_of(content: dict[str, Any], *, loaded: bool) -> Head:
    """Read a system's header; loaded concepts are all there are, though its record holds none."""
    return Head.of({**content, "content": "complete"} if loaded else content)
