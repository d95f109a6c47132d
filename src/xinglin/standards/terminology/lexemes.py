"""What a concept can be found by: words of its names, Chinese pairs, pinyin and pinyin initials, its code.

A search word finds every lexeme that begins with it; all words of a search must find one. Chinese runs are
cut into pairs of neighbouring characters, so 血压 finds 高血压; pinyin and initials begin at every syllable,
so `xueya` and `xy` find it too.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import TypeVar

from xinglin.core.i18n import Phrase
from xinglin.standards.search.text import fold, has_han, runs
from xinglin.standards.terminology.errors import BadResource
from xinglin.standards.terminology.model import Concept

LONGEST = 64
"""Characters of a lexeme that count."""

MOST = 400
"""Lexemes a concept has at most; names beyond are found by their beginning only."""

SYLLABLES = 12
"""So many syllables from each place on count for pinyin."""


ABOVE = 2_000
"""Concepts that may stand above one; SNOMED CT has a tenth of that."""

Collected = TypeVar("Collected", set[str], frozenset[str])


def lexemes(concept: Concept) -> frozenset[str]:
    """Give what `concept` is found by."""
    found = {concept.code.casefold()[:LONGEST]}
    for name in dict.fromkeys([concept.display, *(one.value for one in concept.designations)]):
        if len(found) > MOST:
            break
        found.update(_of_text(name))
    found.discard("")
    return frozenset(found)


def words_of(text: str) -> tuple[str, ...]:
    """Give the beginnings of lexemes that stand for a search text."""
    found: dict[str, None] = {}
    for part in text.split():
        # A code stays whole, with its points and hyphens: fold would take them away.
        if part.isascii() and part.isprintable() and not part.isalpha():
            found[part.casefold()[:LONGEST]] = None
            continue
        for run in runs(fold(part)):
            if has_han(run) and len(run) > 1:
                found.update((run[at : at + 2], None) for at in range(len(run) - 1))
            else:
                found[run[:LONGEST]] = None
    return tuple(found)


def matches(words: Iterable[str], known: Iterable[str]) -> bool:
    """Tell whether each of `words` begins one of the `known` lexemes."""
    texts = tuple(known)
    return all(any(one.startswith(word) for one in texts) for word in words)


@lru_cache(maxsize=1 << 12)
def _of_text(text: str) -> frozenset[str]:
    # Mixed words such as "2型" stay whole beside their parts, as do those with points and hyphens.
    found = {part[:LONGEST] for part in text.casefold().split() if part.isascii()}
    for run in runs(fold(text)):
        if has_han(run):
            found.update(run[at : at + 2] for at in range(len(run)))
            found.update(_pinyin(run))
        else:
            found.add(run[:LONGEST])
    return frozenset(found)


def _pinyin(han: str) -> Iterable[str]:
    import pypinyin

    syllables = pypinyin.lazy_pinyin(han)
    for at in range(len(syllables)):
        part = syllables[at : at + SYLLABLES]
        yield "".join(part)[:LONGEST]
        yield "".join(one[:1] for one in part)


def ancestors_of(parents: Mapping[str, Sequence[str]]) -> dict[str, frozenset[str]]:
    """Give each code's ancestors, itself left out. Raises BadResource where one has more than ABOVE."""
    done: dict[str, frozenset[str]] = {}
    for code in parents:
        if code not in done and not _climb(code, parents, done):
            # In a circle nobody's ancestors are complete before the others': each is walked alone.
            return {one: _reached(one, parents) for one in parents}
    return {code: done[code] for code in parents}


def _climb(start: str, parents: Mapping[str, Sequence[str]], done: dict[str, frozenset[str]]) -> bool:
    """Fill `done` for `start` and all above it; tell whether there is no circle.

    Without recursion: hierarchies can be deep.
    """
    stack, open_ = [start], {start}
    while stack:
        code = stack[-1]
        waiting = next((one for one in parents.get(code, ()) if one not in done), None)
        if waiting is None:
            mine = frozenset[str]().union(*({one} | done[one] for one in parents.get(code, ())))
            done[code] = _bounded(code, mine)
            open_.discard(stack.pop())
        elif waiting in open_:
            return False
        elif waiting in parents:
            stack.append(waiting)
            open_.add(waiting)
        else:
            done[waiting] = frozenset()
    return True


def _reached(code: str, parents: Mapping[str, Sequence[str]]) -> frozenset[str]:
    found: set[str] = set()
    waiting = list(parents[code])
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += parents.get(one, ())
        _bounded(code, found)
    return frozenset(found - {code})


def _bounded(code: str, found: Collected) -> Collected:
    if len(found) > ABOVE:
        detail = Phrase('more than {limit} concepts stand above "{value}"', limit=ABOVE, value=code)
        raise BadResource(kind="CodeSystem", detail=detail)
    return found


def prefix_parents(codes: Iterable[str]) -> dict[str, str]:
    """Give each code's parent in systems like ICD, where a code begins with its parent's.

    The parent is the longest code of the system that begins this one: I10.x00 stands below I10.
    """
    known = set(codes)
    found: dict[str, str] = {}
    for code in known:
        for shorter in reversed(list(accumulate(code[:-1]))):
            if shorter in known:
                found[code] = shorter
                break
    return found


def natural(version: str) -> list[tuple[int, int, str]]:
    """Give what versions are sorted by: 2.10 comes after 2.9."""
    parts = re.findall(r"[0-9]{1,18}|[^0-9]+", version)
    return [(1, int(one), "") if one.isdigit() else (0, 0, one) for one in parts]
