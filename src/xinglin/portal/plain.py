"""A page's values made plain: what a template shows and what its JSON twin says are the same."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from typing import Any, cast

import msgspec

from xinglin.core.i18n import Phrase


def plain(value: Any, language: str) -> Any:
    """Give dicts, lists and simple values; phrases become texts in `language`. Moments and dates stay."""
    match value:
        case Phrase():
            return value.text(language)
        case str() | bytes():
            return value
        case Mapping():
            given = cast("Mapping[Any, Any]", value)
            return {str(name): plain(one, language) for name, one in given.items()}
        case Set():
            return sorted(plain(one, language) for one in cast("Set[Any]", value))
        case Sequence():
            return [plain(one, language) for one in cast("Sequence[Any]", value)]
        case msgspec.Struct():
            return {name: plain(getattr(value, name), language) for name in value.__struct_fields__}
        case _ if is_dataclass(value):
            return {one.name: plain(getattr(value, one.name), language) for one in fields(value)}
        case _:
            return value
