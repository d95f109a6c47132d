"""Page tokens: a place in the results that any process can read, also after a restart.

It holds the last record's sort values, type and id, the time of the first page (for `ap` prefixes), and a
short digest of the search it belongs to. Whatever it says only ever becomes parameters of a statement.
Sort values may be names, and tokens stand in addresses, which others log: so they are sealed.
"""

import base64
import binascii
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, cast

from xinglin.core.errors import RequestError
from xinglin.core.exact_json import dumps, loads
from xinglin.core.identifiers import is_id
from xinglin.hub.search.errors import BadPage
from xinglin.hub.search.order import Place, read_value, write_value
from xinglin.hub.vault.frames import Tampered
from xinglin.hub.vault.vault import Vault

_PAGE = "page"
"""What a sealed token belongs to."""

MOST = 8_000
"""Characters; sort values are at most some hundreds long."""


def write_token(vault: Vault, place: Place, moment: int, search: str) -> str:
    """Write a token for the search with this URL."""
    values = [write_value(one) for one in place.values]
    content = dumps([_digest(search), moment, values, place.type, place.id])
    return base64.urlsafe_b64encode(vault.seal_always(content, _PAGE)).decode().rstrip("=")


def read_token(vault: Vault, token: str, kinds: Sequence[str], search: str) -> tuple[Place, int]:
    """Read a token: the place, and the time of the first page. Raises BadPage, or UnknownKey."""
    try:
        if len(token) > MOST:
            raise ValueError(token)
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        found: Any = loads(vault.unseal(sealed, _PAGE))
        digest, moment, values, kind, id_ = cast("list[Any]", found)
        if digest != _digest(search) or type(moment) is not int or not 0 <= moment < 1 << 62:
            raise ValueError(token)
        if not isinstance(kind, str) or not isinstance(id_, str) or not is_id(id_):
            raise ValueError(token)
        places = tuple(read_value(kind, one) for kind, one in zip(kinds, values, strict=True))
    except (ValueError, TypeError, binascii.Error, RequestError, Tampered):
        raise BadPage from None
    return Place(places, kind, id_), moment


def _digest(search: str) -> str:
    return blake2b(search.encode(errors="replace"), digest_size=6).hexdigest()
