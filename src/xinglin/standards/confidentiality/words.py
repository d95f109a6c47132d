"""Words in texts: which rules a text meets. One expression over all words; what repeats is remembered."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

_ASCII: Final = frozenset("abcdefghijklmnopqrstuvwxyz")
_REMEMBERED: Final = 50_000
_SHORT: Final = 120
"""Texts of at most so many characters are remembered: names of codes, not what somebody wrote."""

Numbers = tuple[int, ...]


class Words:
    """Finds words in texts, without regard to case.

    A word in Latin letters is found as a whole word; with `*` at its end, also at the beginning of one. In
    Chinese, where words have no bounds, a rule's `exceptions` are longer words in which its own don't count.
    """

    def __init__(self, words: Mapping[str, Iterable[int]], exceptions: Mapping[str, Iterable[int]]) -> None:
        """Take words and exceptions, each with the numbers of their rules."""
        stems = {word.rstrip("*").casefold(): word.endswith("*") for word in words}
        self._stems = frozenset(word for word, is_stem in stems.items() if is_stem)
        self._rules = _prefixes_joined(_folded(words))
        self._exceptions = _folded(exceptions)
        every = sorted({*self._rules, *self._exceptions}, key=lambda word: (-len(word), word))
        self._search = re.compile(_trie(every)).search if every else None
        self._known: dict[str, Numbers] = {}

    def rules(self, text: str) -> Numbers:
        """Give the numbers of the rules whose words stand in `text`, sorted."""
        found = self._known.get(text)
        if found is None:
            found = self._look(text.casefold())
            if len(text) <= _SHORT:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[text] = found
        return found

    def _look(self, text: str) -> Numbers:
        if self._search is None:
            return ()
        match = self._search(text)
        if match is None:
            return ()
        found: set[int] = set()
        covered: list[tuple[int, int]] = []  # end of an exception, and its rule
        while match is not None:
            start, end = match.span()
            word = match[0]
            covered = [one for one in covered if one[0] > start]
            covered += [(end, rule) for rule in self._exceptions.get(word, ())]
            if self._is_word(text, word, start, end):
                hidden = {rule for until, rule in covered if until >= end}
                found.update(rule for rule in self._rules.get(word, ()) if rule not in hidden)
            match = self._search_from(text, start + 1)
        return tuple(sorted(found))

    def _search_from(self, text: str, place: int) -> re.Match[str] | None:
        return None if self._search is None else self._search(text, place)

    def _is_word(self, text: str, word: str, start: int, end: int) -> bool:
        if word[0] in _ASCII and start and text[start - 1] in _ASCII:
            return False
        if word in self._stems or word[-1] not in _ASCII:
            return True
        return end == len(text) or text[end] not in _ASCII


def _folded(words: Mapping[str, Iterable[int]]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for word, rules in words.items():
        found.setdefault(word.rstrip("*").casefold(), set()).update(rules)
    return found


def _prefixes_joined(words: Mapping[str, set[int]]) -> dict[str, set[int]]:
    """Give each word the rules of those that it begins with: of two at one place the longer is found."""
    return {
        word: rules.union(*(words[word[:n]] for n in range(1, len(word)) if word[:n] in words))
        for word, rules in words.items()
    }


def _trie(words: Sequence[str]) -> str:
    """Write words as one expression that tries each letter once."""
    heads: dict[str, list[str]] = {}
    for word in words:
        if word:
            heads.setdefault(word[0], []).append(word[1:])
    parts = [re.escape(head) + _trie(rest) for head, rest in heads.items()]
    if not parts:
        return ""
    joined = "(?:" + "|".join(parts) + ")" if len(parts) > 1 else f"(?:{parts[0]})"
    return joined + "?" if "" in words else joined
