"""A registered program, and what must hold of its registration.

Kinds: `confidential` (an app with a server of its own: a secret or keys), `public` (an app in a browser or on
a phone: PKCE only) and `backend` (a service without a person: keys only, SMART Backend Services).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from xinglin.core.i18n import Phrase
from xinglin.core.identifiers import is_id
from xinglin.trust.tokens.errors import WrongRegistration, WrongScope
from xinglin.trust.tokens.keys import refuse_unusable_keys
from xinglin.trust.tokens.redirects import fault_of_redirect
from xinglin.trust.tokens.scopes import Scopes
from xinglin.trust.tokens.web import fault_of_keys_address

Kind = Literal["confidential", "backend", "public"]

_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_PURPOSE: Final = re.compile(r"[A-Z][A-Z0-9-]{1,31}")
_ROLE: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
MOST_REDIRECTS: Final = 20
MOST_TEXT: Final = 200


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A program as it is registered. `secret` tells whether it has one; the secret itself nobody knows."""

    id: str
    name: str
    kind: Kind
    secret: bool = False
    keys: Mapping[str, Any] | None = None
    keys_url: str | None = None
    redirects: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    institution: str | None = None
    purposes: tuple[str, ...] = ()
    introspects: bool = False
    contact: str = ""
    made: datetime | None = None
    disabled: datetime | None = None

    @property
    def allowed(self) -> Scopes:
        """The scopes it may ask for."""
        return Scopes.parse(self.scopes)


def checked(client: Client) -> Client:
    """Give the client with its scopes in one form. Raises WrongRegistration."""
    _refuse(client.id, "id", _ID, Phrase("small letters, digits and hyphens, at most 63"))
    for name, text in (("name", client.name), ("contact", client.contact)):
        if len(text) > MOST_TEXT or not text.isprintable() or (name == "name" and not text.strip()):
            detail = Phrase("it must be a text of at most {most} letters", most=MOST_TEXT)
            raise WrongRegistration(name=name, value=text[:MOST_TEXT], detail=detail)
    _check_proof(client)
    _check_redirects(client)
    _check_duties(client)
    return msgspec.structs.replace(client, scopes=tuple(_scopes(client)))


def _check_proof(client: Client) -> None:
    """Refuse a registration whose kind and means of proof don't go together."""
    keyed = client.keys is not None or client.keys_url is not None
    if client.kind == "public" and keyed:
        raise _wrong("keys", client.kind, Phrase("a public program can't keep a key"))
    if client.kind == "backend" and not keyed:
        raise _wrong("keys", client.kind, Phrase("a backend service proves who it is by keys"))
    if client.keys is not None and client.keys_url is not None:
        raise _wrong("keys", client.kind, Phrase("keys stand here or are fetched, not both"))
    if client.keys is not None:
        refuse_unusable_keys(client.keys)
    if client.keys_url is not None and (fault := fault_of_keys_address(client.keys_url)) is not None:
        raise _wrong("keys_url", client.keys_url, fault)


def _check_redirects(client: Client) -> None:
    if client.kind == "backend" and client.redirects:
        raise _wrong("redirects", client.redirects[0], Phrase("nobody logs in with a backend service"))
    if client.kind != "backend" and not client.redirects:
        raise _wrong("redirects", "-", Phrase("an app needs an address to return to"))
    if len(client.redirects) > MOST_REDIRECTS:
        detail = Phrase("at most {most} may be registered", most=MOST_REDIRECTS)
        raise _wrong("redirects", str(len(client.redirects)), detail)
    for one in client.redirects:
        if (fault := fault_of_redirect(one)) is not None:
            raise _wrong("redirects", one, fault)


def _check_duties(client: Client) -> None:
    """Refuse roles, purposes and institutions that can't be."""
    if client.kind != "backend" and client.roles:
        raise _wrong("roles", client.roles[0], Phrase("an app has the roles of the person who uses it"))
    if client.kind == "backend" and not client.roles:
        raise _wrong("roles", "-", Phrase("a backend service needs a role"))
    if not client.purposes:
        raise _wrong("purposes", "-", Phrase("a program needs a purpose that it may use data for"))
    for role in client.roles:
        _refuse(role, "roles", _ROLE, Phrase("the table of roles lists what there are"))
    for purpose in client.purposes:
        _refuse(purpose, "purposes", _PURPOSE, Phrase("the table of purposes lists what there are"))
    if client.institution is not None and not is_id(client.institution):
        raise _wrong("institution", client.institution, Phrase("it must be the id of an Organization here"))


def _scopes(client: Client) -> Scopes:
    try:
        found = Scopes.parse(client.scopes)
    except WrongScope as error:
        raise _wrong("scopes", str(error.params["scope"]), error.params["detail"]) from None
    levels = {one.level for one in found.clinical}
    if client.kind == "backend" and (levels - {"system"} or found.words):
        raise _wrong("scopes", str(found), Phrase("a backend service has scopes of the level system"))
    if client.kind != "backend" and "system" in levels:
        raise _wrong("scopes", str(found), Phrase("an app has scopes of the levels patient and user"))
    if client.kind == "backend" and not found and not client.introspects:
        raise _wrong("scopes", "-", Phrase("without scopes it may do nothing"))
    return found


def _refuse(value: str, name: str, form: re.Pattern[str], wanted: Phrase) -> None:
    if not form.fullmatch(value):
        raise _wrong(name, value, wanted)


def _wrong(name: str, value: str, detail: object) -> WrongRegistration:
    return WrongRegistration(name=name, value=value[:MOST_TEXT], detail=detail)


def listed(values: Sequence[str] | None) -> tuple[str, ...]:
    """Give the values of an option that may be given several times, or with spaces or commas between."""
    return tuple(one for value in values or () for one in value.replace(",", " ").split())
