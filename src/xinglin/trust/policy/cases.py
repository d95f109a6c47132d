"""What is decided, and the answer."""

from dataclasses import dataclass, field
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.trust.policy.texts import Said

PUBLIC: Final = "public"
RESTRICTED: Final = "restricted"
SENSITIVE: Final = "sensitive"


@dataclass(frozen=True, slots=True)
class Case:
    """Something that somebody wants to do: what, with which group of records, and whose these are.

    `action`, `group` and `relation` are words of data/actions.csv, groups.csv and relations.csv; an empty
    `relation` is none at all. `labels` are codes of sensitive classes (data/labels.csv), `grade` is public,
    restricted or sensitive. An action or group that no table has is never allowed, an unknown label opens
    to nobody who isn't shown everything, and an unknown grade is taken for sensitive.
    """

    action: str
    group: str
    relation: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    grade: str = RESTRICTED


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a Case.

    `rules` are the ids of the rules that decided: those that permit, or those that forbid; empty where no
    rule permits. For the log, not for whoever asked: a forbidding rule may tell what a record is about.
    `masks` (data/masks.csv) say which fields are hidden in what may be seen; `limits` (data/limits.csv) which
    records it is limited to, each of which opens some; empty: not limited.
    `openers` are the ids of rules that could allow it, whatever the record holds, and `remedy` says what to
    do: both may be shown to whoever asked, as they are the same for every record of the group.
    """

    allowed: bool
    rules: tuple[str, ...] = ()
    masks: frozenset[str] = frozenset()
    limits: frozenset[str] = frozenset()
    openers: tuple[str, ...] = ()
    remedy: Phrase = field(default=Said("", ""), compare=False)
