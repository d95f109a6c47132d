"""What a person is told of the audit log: who used the own records, and nothing of anybody else's."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

import msgspec

from xinglin.trust.log.entry import Told
from xinglin.trust.log.find import Asked, Found

AUDIT: Final = "audit.read"
NOBODY: Final = ("",)
_SHOWN: Final = frozenset({"interaction", "reason", "words", "until"})


def only_own(asked: Asked, own: Collection[str]) -> Asked:
    """Give a question narrowed to entries about the person's own Patients."""
    named = tuple(one for one in asked.patients if one in own) if asked.patients else tuple(own)
    return replace(asked, patients=named or NOBODY)


def as_told_to(found: Found, own: Collection[str]) -> Found:
    """Give entries without what they say of other people: an entry may be about many."""
    return replace(found, entries=tuple(replace(one, told=_own(one.told, own)) for one in found.entries))


def _own(told: Told, own: Collection[str]) -> Told:
    agent = msgspec.structs.replace(told.who, address="", session=None)
    return msgspec.structs.replace(
        told,
        who=agent,
        what=tuple(f"Patient/{one}" for one in own if f"Patient/{one}" in told.what),
        patients=tuple(one for one in told.patients if one in own),
        query="",
        detail={name: value for name, value in told.detail.items() if name in _SHOWN},
    )
